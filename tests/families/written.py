"""What a fitted fold predicts as a model file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from torch import nn

from automl.core.frame import Floats
from automl.core.graph import ElementType, Graph
from automl.core.learner import NetworkFamily
from automl.export.onnx import serialize


class Written(Protocol):
    """What writes itself into a model file."""

    def emit(self, graph: Graph, x: str) -> str:
        """Return the name of what it makes of the features ``x``."""


class Predicting(Written, Protocol):
    """What also predicts itself."""

    def predict(self, x: npt.NDArray[Any]) -> Floats:
        """Return the predictions for the features ``x``."""


@dataclass(frozen=True)
class Network:
    """A network that answers as it does once it is trained, written by the model of its family."""

    model: NetworkFamily
    network: nn.Module

    def emit(self, graph: Graph, x: str) -> str:
        return self.model.emit(graph, x, self.network)

    def predict(self, x: npt.NDArray[Any]) -> Floats:
        with torch.no_grad():
            found: Floats = self.network(torch.tensor(x)).numpy().astype(np.float64)
        return found


def run_as_file(fitted: Written, x: npt.NDArray[Any]) -> Floats:
    """Return the predictions of the fitted fold's ONNX file in ONNX Runtime."""
    graph = Graph()
    if x.ndim > 2:
        given = graph.input("x", "array", dtype=x.dtype, shape=x.shape[1:])
        graph.output("result", fitted.emit(graph, graph.node("Cast", given, to=ElementType.FLOAT)))
        return _run(graph, {"x": x})
    names = [f"x{column}" for column in range(x.shape[1])]
    element = ElementType.INT32 if x.dtype == np.int32 else ElementType.FLOAT
    columns = [graph.node("Cast", graph.input(name, "number"), to=element) for name in names]
    graph.output("result", fitted.emit(graph, graph.node("Concat", *columns, axis=1)))
    cells = {name: x[:, [column]].astype(np.float64) for column, name in enumerate(names)}
    return _run(graph, cells)


def _run(graph: Graph, cells: Mapping[str, npt.NDArray[Any]]) -> Floats:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    content = serialize(graph, metadata={})
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    result: Floats = session.run(None, dict(cells))[0].astype(np.float64)
    return result


def difference(one: Floats, other: Floats) -> float:
    """Return the largest difference, relative to the largest value where that exceeds one."""
    return float(np.abs(one - other).max() / max(1.0, np.abs(other).max()))


def parity(fitted: Predicting, x: npt.NDArray[Any]) -> float:
    """Return the largest difference between what the fitted fold and its file predict."""
    return difference(run_as_file(fitted, x), fitted.predict(x))
