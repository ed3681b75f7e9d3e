"""From a row's states to one; steps behind the row's end are left out.

Shapes: ``(rows, steps, width)`` → ``(rows, width)``.
"""

import math

import torch
from torch import Tensor, nn
from typing_extensions import override

from automl.core.graph import ElementType, Graph
from automl.families import blocks

_FAR = -1e9


class Pooling(nn.Module):
    """What a learned look at each state picks, the last states, or their mean or maximum.

    The last state of what reads backwards is that at the first step.

    Reference for the look: Yang et al. (2016), "Hierarchical attention networks for document
    classification", section 2.2, without the layer before it.
    """

    def __init__(self, how: str, width: int, *, directions: int) -> None:
        super().__init__()
        self.how, self.width, self.directions = how, width, directions
        self.look = nn.Parameter(torch.randn(width, 1) / math.sqrt(width))

    @override
    def forward(self, input: Tensor, lengths: Tensor) -> Tensor:
        """Return ``(rows, width)``; ``lengths`` (rows,) are at least 1."""
        places = torch.arange(input.shape[1], device=input.device)
        inside = (places < lengths[:, None]).unsqueeze(2)  # (rows, steps, 1)
        match self.how:
            case "attention":
                scores = (torch.tanh(input) @ self.look).masked_fill(~inside, _FAR)
                return (input * scores.softmax(dim=1)).sum(dim=1)
            case "max":
                return input.masked_fill(~inside, _FAR).amax(dim=1)
            case "mean":
                return input.sum(dim=1) / lengths[:, None]
            case _:
                last = (places == lengths[:, None] - 1).unsqueeze(2)
                ends = (input * last).sum(dim=1)
                if self.directions == 1:
                    return ends
                half = self.width // 2
                return torch.cat([ends[:, :half], input[:, 0, half:]], dim=1)

    def emit(self, graph: Graph, x: str, lengths: str, places: str) -> str:
        """Write the same for ``lengths`` (n,) int32 and steps numbered from 1, float32."""
        ends = graph.node("Unsqueeze", lengths, graph.constant([1, 2], "int64"))
        whole = graph.node("Cast", places, to=ElementType.INT32)
        numbered = graph.node("Unsqueeze", whole, graph.constant([0, 2], "int64"))
        inside = graph.node("LessOrEqual", numbered, ends)  # n × steps × 1
        axis = graph.constant([1], "int64")
        match self.how:
            case "attention":
                seen = graph.node(
                    "MatMul", graph.node("Tanh", x), blocks.constant(graph, self.look)
                )
                scores = graph.node("Where", inside, seen, graph.constant(_FAR, "float32"))
                shares = graph.node("Softmax", scores, axis=1)
                return graph.node("ReduceSum", graph.node("Mul", x, shares), axis, keepdims=0)
            case "max":
                far = graph.node("Where", inside, x, graph.constant(_FAR, "float32"))
                return graph.node("ReduceMax", far, axis, keepdims=0)
            case "mean":
                total = graph.node("ReduceSum", x, axis, keepdims=0)
                counts = graph.node("Unsqueeze", lengths, axis)
                return graph.node("Div", total, graph.node("Cast", counts, to=ElementType.FLOAT))
            case _:
                return self._emit_last(graph, x, graph.node("Equal", numbered, ends))

    def _emit_last(self, graph: Graph, x: str, ended: str) -> str:
        axis = graph.constant([1], "int64")
        last = graph.node("Cast", ended, to=ElementType.FLOAT)
        forward = graph.node("ReduceSum", graph.node("Mul", x, last), axis, keepdims=0)
        if self.directions == 1:
            return forward
        first = graph.node("Gather", x, graph.constant(0, "int64"), axis=1)
        halves = graph.constant([self.width // 2] * 2, "int64")
        kept, _ = graph.nodes_out("Split", forward, halves, count=2, axis=1)
        _, back = graph.nodes_out("Split", first, halves, count=2, axis=1)
        return graph.node("Concat", kept, back, axis=1)
