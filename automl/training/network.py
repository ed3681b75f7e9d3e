"""A trained network as a fitted fold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor, nn

from automl.core.catalog import TaskType
from automl.core.frame import Floats
from automl.core.graph import ElementType, Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Layout, Matrix, NetworkFamily
from automl.core.state import State
from automl.core.trail import Trail
from automl.training import losses, stream
from automl.training.device import session
from automl.training.stream import Rows, Stream

_CELLS = 1 << 20
"""Numbers of ``x`` that a network sees at once outside training: 4 MiB, which the cache holds."""

_A_TOKEN = 64
"""Numbers that a token becomes, about."""


@dataclass(frozen=True, slots=True, eq=False)
class NetworkFitted:
    """A trained network with what is needed to rebuild and export it."""

    family: NetworkFamily
    params: Params
    task: TaskType
    layout: Layout
    outputs: int
    epochs: int
    network: nn.Module
    trail: Trail | None = None

    @property
    def parameters(self) -> int:
        """Trained numbers."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    def predict(self, x: Matrix) -> Floats:
        """Return class probabilities or values: ``(rows, outputs)``.

        Always with one thread: more would change the last bits of what is stored.
        """
        device = next(self.network.parameters()).device
        with session(str(device), threads=1):
            raw = outputs(self.network, stream.rows(x, str(device)))
            return losses.predictions(self.task, raw).cpu().numpy()

    def state(self) -> State:
        """Return the weights and what built the network."""
        header = {
            "params": dict(self.params),
            "task": self.task.value,
            "inputs": self.layout.width,
            "codes": self.layout.codes,
            "numbers": self.layout.numbers,
            "columns": self.layout.columns,
            "shape": self.layout.shape,
            "vocabulary": self.layout.vocabulary,
            "outputs": self.outputs,
            "epochs": self.epochs,
        }
        return State(header, arrays(self.network.state_dict()))

    def emit(self, graph: Graph, x: str) -> str:
        """Write ``predict`` to ``graph``: the value is float64, as softmax is there."""
        raw = self.family.emit(graph, x, self.network)
        values = graph.node("Cast", raw, to=ElementType.DOUBLE)
        if self.task is TaskType.CLASSIFICATION:
            return graph.node("Softmax", values, axis=1)
        return values


def load(family: NetworkFamily, state: State) -> NetworkFitted:
    """Return what ``NetworkFitted.state`` wrote down, on the CPU."""
    header = state.header
    codes = header.get("codes", ())  # absent from files written before networks knew any
    numbers = tuple(header.get("numbers", ()))  # and so are these
    columns = tuple(header.get("columns", ()))
    layout = Layout(
        header["inputs"],
        tuple((position, size) for position, size in codes),
        numbers,
        columns,
        shape=tuple(header.get("shape", ())),
        vocabulary=header.get("vocabulary", 0),
    )
    with session("cpu", threads=1):
        network = family.build(header["params"], layout, header["outputs"])
        network.load_state_dict(tensors(state.arrays))
    return NetworkFitted(
        family=family,
        params=header["params"],
        task=TaskType(header["task"]),
        layout=layout,
        outputs=header["outputs"],
        epochs=header["epochs"],
        network=network.eval(),
    )


def outputs(network: nn.Module, x: Rows) -> Tensor:
    """Return what ``network`` makes of ``x`` outside training: float32 ``(rows, outputs)``."""
    network.eval()
    with torch.inference_mode():
        return torch.cat([network(part).float() for part in _parts(x)])


def _parts(x: Rows) -> Iterable[Tensor]:
    if isinstance(x, Stream):
        return x.parts(_CELLS)
    cells = x.numel() * (_A_TOKEN if x.dtype is torch.int32 else 1)
    return x.tensor_split(cells // _CELLS + 1)


def arrays(values: Mapping[str, Tensor]) -> dict[str, npt.NDArray[Any]]:
    """Return copies as numpy arrays."""
    return {name: value.detach().cpu().numpy().copy() for name, value in values.items()}


def tensors(values: Mapping[str, npt.NDArray[Any]]) -> dict[str, Tensor]:
    """Return copies as tensors on the CPU."""
    return {name: torch.tensor(value) for name, value in values.items()}
