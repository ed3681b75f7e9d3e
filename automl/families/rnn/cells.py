"""One layer of recurrent cells that reads rows of different lengths, in torch and in ONNX.

Shapes: ``(rows, steps, inputs)`` → ``(rows, steps, outputs)``, zeros behind a row's end.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils import rnn
from typing_extensions import override

from automl.core.graph import Attribute, ElementType, Graph
from automl.families import blocks

_KINDS: dict[str, type[nn.GRU | nn.LSTM]] = {"gru": nn.GRU, "lstm": nn.LSTM}
_GATES = {"gru": (1, 0, 2), "lstm": (0, 3, 1, 2)}
"""Where ONNX's gates stand in torch: update, reset, new; input, output, forget, cell."""


class Cells(nn.Module):
    """GRU or LSTM cells, that read each row up to its end and, with two directions, back."""

    def __init__(self, kind: str, inputs: int, width: int, *, directions: int) -> None:
        super().__init__()
        self.kind, self.width, self.directions = kind, width, directions
        self.outputs = width * directions
        self.cells = _KINDS[kind](inputs, width, batch_first=True, bidirectional=directions == 2)
        for name, parameter in self.cells.named_parameters():
            if name.startswith("weight_hh"):
                for gate in parameter.detach().chunk(len(_GATES[kind])):
                    nn.init.orthogonal_(gate)

    @override
    def forward(self, input: Tensor, lengths: Tensor) -> Tensor:
        """Return the cells' states after each step; ``lengths`` (rows,) are at least 1."""
        if not len(input):
            return input.new_zeros((0, input.shape[1], self.outputs))
        packed = rnn.pack_padded_sequence(
            input, lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        states, _ = self.cells(packed)
        result: Tensor
        result, _ = rnn.pad_packed_sequence(states, batch_first=True, total_length=input.shape[1])
        return result

    def emit(self, graph: Graph, x: str, lengths: str) -> str:
        """Write the same; ``lengths`` are int32."""
        ends = ["", "_reverse"][: self.directions]
        weights = [self._stacked("weight_ih_l0", ends), self._stacked("weight_hh_l0", ends)]
        biases = [self._stacked("bias_ih_l0", ends), self._stacked("bias_hh_l0", ends)]
        names = [blocks.constant(graph, part) for part in (*weights, torch.cat(biases, dim=1))]
        # Torch's GRU resets what comes of the last state, not the state itself.
        more: dict[str, Attribute] = {"linear_before_reset": 1} if self.kind == "gru" else {}
        states = graph.node(
            self.kind.upper(),
            graph.node("Transpose", x, perm=[1, 0, 2]),
            *names,
            lengths,
            hidden_size=self.width,
            direction="bidirectional" if self.directions == 2 else "forward",
            **more,  # type: ignore[arg-type]  # not the domain
        )  # steps × directions × n × width
        rows = graph.node("Transpose", states, perm=[2, 0, 1, 3])
        return graph.node("Reshape", rows, graph.constant([0, 0, self.outputs], "int64"))

    def _stacked(self, name: str, ends: list[str]) -> Tensor:
        """Return that part of each direction's weights, gates in ONNX's order."""
        found = []
        for end in ends:
            gates = getattr(self.cells, name + end).detach().chunk(len(_GATES[self.kind]))
            found.append(torch.cat([gates[place] for place in _GATES[self.kind]]))
        return torch.stack(found)


def lengths(there: Tensor) -> Tensor:
    """Return how many steps each row has up to its last, at least 1, of ``there`` (rows, steps)."""
    places = torch.arange(1, there.shape[1] + 1, device=there.device)
    found: Tensor = (there * places).amax(dim=1).clamp(min=1).long()
    return found


def emit_places(graph: Graph, there: str, most: int) -> str:
    """Write 1, 2, 3 …, as many float32 as ``there`` has columns, at most that many."""
    every = graph.constant(list(range(1, most + 1)), "float32")
    first = graph.constant([0], "int64")
    return graph.node("Slice", every, first, graph.node("Shape", there, start=1, end=2))


def emit_lengths(graph: Graph, there: str, places: str) -> str:
    """Write `lengths` of n × steps float32, whose places are numbered from 1: (n,) int32."""
    reached = graph.node("Mul", there, places)
    last = graph.node("ReduceMax", reached, graph.constant([1], "int64"), keepdims=0)
    least = graph.node("Max", last, graph.constant(1.0, "float32"))
    return graph.node("Cast", least, to=ElementType.INT32)
