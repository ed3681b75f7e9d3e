"""The layers of RealMLP, each with its own speed of learning.

Reference: Holzmüller, Grinsztajn and Steinwart (2024), "Better by Default: strong pre-tuned MLPs
and boosted trees on tabular data", section 3 and appendix A.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional
from typing_extensions import override

from automl.core.graph import Graph
from automl.core.learner import Leaf, Program
from automl.families.blocks import (
    ACTIVATIONS,
    Written,
    constant,
    emit,
    parameter,
    stacked_dense,
)

_SLOW = 0.1
"""How fast biases and activations move, and how fast the front scale does."""
_FRONT = 6.0
_SHOWN = 1_000
"""Rows that first weights are fitted to."""
_CORNERS = 6
"""Rows between which a unit first bends."""


class Front(Written):
    """A learned factor for each column: what is of no use is faded out early."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.factor = parameter(torch.ones(width), rate=_FRONT)

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return every column times its factor."""
        return input * self.factor

    @staticmethod
    def stacked(layers: Sequence["Front"], leaf: Leaf) -> Program:
        """Return what the layers do side by side."""
        factor = leaf(layers[0].factor)
        return lambda x: x * factor.unsqueeze(1)

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same."""
        return graph.node("Mul", x, constant(graph, self.factor))


class Dense(Written):
    """A dense layer in the neural tangent parametrization: with more inputs each moves less.

    Before the first step each unit is given outputs of deviation one, and a bend in the midst of
    training rows.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        size = 1.0 / math.sqrt(inputs)
        self.weight = parameter(torch.randn(outputs, inputs) * size, rate=size)
        self.bias = parameter(torch.zeros(outputs), rate=_SLOW)

    def observe(self, x: Tensor, y: Tensor) -> None:  # noqa: ARG002 -- the protocol's signature
        """Fit the first weights to a draw of the training rows."""
        shown = x[torch.randperm(len(x))[:_SHOWN]]
        deviation = (shown @ self.weight.t()).std(dim=0, correction=0)
        self.weight.div_(torch.where(deviation > 1e-6, deviation, 1.0).unsqueeze(1))
        units = len(self.weight)
        parts = torch.empty(units, _CORNERS).exponential_()
        parts = (parts / parts.sum(dim=1, keepdim=True)).to(x.device)  # drawn alike on any device
        corners = shown[torch.randint(len(shown), (units, _CORNERS))]  # (units, corners, inputs)
        middles = (corners * parts.unsqueeze(2)).sum(dim=1)
        self.bias.copy_(-(middles * self.weight).sum(dim=1))

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return ``(rows, outputs)``."""
        return functional.linear(input, self.weight, self.bias)

    stacked = staticmethod(stacked_dense)

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same."""
        weight, bias = constant(graph, self.weight), constant(graph, self.bias)
        return graph.node("Gemm", x, weight, bias, transB=1)


class Bend(Written):
    """An activation that each unit learns to mix with none, or to overdo."""

    def __init__(self, width: int, activation: str) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[activation]()
        self.share = parameter(torch.ones(width), rate=_SLOW)

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return what lies between the input and its activation, or beyond it."""
        return torch.lerp(input, self.activation(input), self.share)

    @staticmethod
    def stacked(layers: Sequence["Bend"], leaf: Leaf) -> Program:
        """Return what the layers do side by side."""
        activation, share = layers[0].activation, leaf(layers[0].share)
        return lambda x: torch.lerp(x, activation(x), share.unsqueeze(1))

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same."""
        bent = graph.node("Sub", emit(graph, x, [self.activation]), x)
        return graph.node("Add", x, graph.node("Mul", bent, constant(graph, self.share)))


class Bounds(Written):
    """Values kept between the least and the greatest target of the training rows."""

    low: Tensor
    high: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("low", torch.tensor(-math.inf))
        self.register_buffer("high", torch.tensor(math.inf))

    def observe(self, x: Tensor, y: Tensor) -> None:  # noqa: ARG002 -- the protocol's signature
        """Look at the targets."""
        self.low.copy_(y.min())
        self.high.copy_(y.max())

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return the values; cut only outside training, where a cut value would learn nothing."""
        return input if self.training else torch.clamp(input, self.low, self.high)

    @staticmethod
    def stacked(layers: Sequence["Bounds"], _: Leaf) -> Program:
        """Return what the layers do side by side; in training that is nothing."""
        low, high = (
            torch.stack([getattr(layer, name) for layer in layers]).view(-1, 1, 1)
            for name in ("low", "high")
        )
        return lambda x: x if layers[0].training else torch.clamp(x, low, high)

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same."""
        return graph.node("Clip", x, constant(graph, self.low), constant(graph, self.high))
