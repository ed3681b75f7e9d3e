"""Numbers that become several: what networks learn of a column before columns meet.

A dense layer bends a number only where many others are added to it; trees cut each by itself. A few
learned functions of each number give networks that ability.

Shapes: ``(rows, numbers)`` → ``(rows, numbers, outputs)``.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import override

from automl.core.graph import Graph
from automl.core.learner import Layout, Leaf, Program
from automl.families.blocks import Written, constant, parameter

_FINEST = 2.0**-10
"""What edges of bins are whole multiples of: between nearer ones a difference in the last bit of a
number would show."""


class Functions(Written):
    """What stands for each number: ``outputs`` functions of it."""

    outputs: int

    def observe(self, numbers: Tensor) -> None:
        """Look at the training rows' numbers; most functions need not."""

    @staticmethod
    def stacked(layers: Sequence[Any], leaf: Leaf) -> Program:
        """Return what the functions of several networks do side by side in training."""
        raise NotImplementedError


class Periodic(Functions):
    """The number itself and lines through cosines of it, whose frequencies are learned (PBLD).

    Reference: Holzmüller et al. 2024, "Better by Default", section 3, after Gorishniy et al. 2022,
    "On embeddings for numerical features".
    """

    def __init__(
        self, numbers: int, *, sigma: float, hidden: int = 16, outputs: int = 4, rate: float = 0.1
    ) -> None:
        super().__init__()
        self.outputs = outputs
        self._numbers = numbers
        bound = 1.0 / math.sqrt(hidden)
        frequency = torch.randn(numbers * hidden) * (2.0 * math.pi * sigma)
        # Vectors but for the lines: weight decay is for matrices alone.
        self.frequency = parameter(frequency, rate=2.0 * math.pi * rate)
        self.phase = parameter(_even(numbers * hidden) * math.pi, rate=rate)
        self.lines = parameter(_even(numbers, hidden, outputs - 1) * bound, rate=rate)
        self.start = parameter(_even(numbers * (outputs - 1)) * bound, rate=rate)

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return each number, then its lines."""
        deep = input.t().contiguous().unsqueeze(2)  # (numbers, rows, 1)
        frequency, phase, start = self._deep()
        waves = torch.cos(torch.addcmul(phase, deep, frequency))
        found = torch.baddbmm(start, waves, self.lines).transpose(0, 1)
        return torch.cat([input.unsqueeze(2), found], dim=2)

    @staticmethod
    @override
    def stacked(layers: Sequence["Periodic"], leaf: Leaf) -> Program:
        """Return what the functions do side by side, as if all lanes' numbers were one's."""
        first = layers[0]
        vectors = [leaf(each) for each in (first.frequency, first.phase, first.start)]
        lines = leaf(first.lines)  # (lanes, numbers, waves, lines)
        numbers = lines.shape[0] * lines.shape[1]

        def forward(x: Tensor) -> Tensor:
            frequency, phase, start = (each.reshape(numbers, 1, -1) for each in vectors)
            waves = torch.cos(torch.addcmul(phase, _deep(x), frequency))
            found = torch.baddbmm(start, waves, lines.flatten(0, 1))
            return torch.cat([x.unsqueeze(3), _shallow(found, x)], dim=3)

        return forward

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same steps."""
        frequency, phase, _ = (constant(graph, part) for part in self._deep())
        axis = graph.constant([2], "int64")
        deep = graph.node("Unsqueeze", graph.node("Transpose", x, perm=[1, 0]), axis)
        angles = graph.node("Add", graph.node("Mul", deep, frequency), phase)
        found = graph.node("MatMul", graph.node("Cos", angles), constant(graph, self.lines))
        moved = _emit_moved(graph, found, self.start.view(self._numbers, -1))
        return graph.node("Concat", graph.node("Unsqueeze", x, axis), moved, axis=2)

    def _deep(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return frequencies, phases and starts as ``(numbers, 1, …)``."""
        return (
            self.frequency.view(self._numbers, 1, -1),
            self.phase.view(self._numbers, 1, -1),
            self.start.view(self._numbers, 1, -1),
        )


def _even(*shape: int) -> Tensor:
    return torch.rand(*shape) * 2.0 - 1.0


class PiecewiseLinear(Functions):
    """Lines that bend at the edges of bins, each bin with equally many training rows.

    Of a bin, ``(x − left) / width`` between 0 and 1; of these, and of the number itself, sums with
    learned weights, which start at zero but for the number's own.

    Reference: Gorishniy et al. 2022, "On embeddings for numerical features", section 3.1, in the
    form that TabM takes ("version B" of their library).
    """

    left: Tensor
    steepness: Tensor

    def __init__(self, numbers: int, *, bins: int, outputs: int) -> None:
        super().__init__()
        self.outputs = outputs
        self.register_buffer("left", torch.zeros(numbers, 1, bins))
        self.register_buffer("steepness", torch.zeros(numbers, 1, bins))
        bound = 1.0 / math.sqrt(outputs)
        self.slope = nn.Parameter(_even(numbers, 1, outputs) * bound)
        self.start = nn.Parameter(_even(numbers, 1, outputs) * bound)
        self.lines = nn.Parameter(torch.zeros(numbers, bins, outputs))

    @override
    def observe(self, numbers: Tensor) -> None:
        """Cut each column into bins; one of few different values gets fewer."""
        shares = torch.linspace(0.0, 1.0, self.left.shape[2] + 1, device=numbers.device)
        for column, values in enumerate(numbers.t()):
            edges = (torch.quantile(values, shares) / _FINEST).round() * _FINEST
            edges = edges[edges.diff(prepend=edges[:1] - 1.0) > 0.0]  # they rise
            bins = len(edges) - 1
            self.left[column, 0, :bins] = edges[:-1]
            self.steepness[column, 0, :bins] = 1.0 / edges.diff()

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return every number's sums."""
        deep = input.t().contiguous().unsqueeze(2)  # (numbers, rows, 1)
        parts = torch.clamp((deep - self.left) * self.steepness, 0.0, 1.0)
        sums = torch.baddbmm(torch.addcmul(self.start, deep, self.slope), parts, self.lines)
        return sums.transpose(0, 1)

    @staticmethod
    @override
    def stacked(layers: Sequence["PiecewiseLinear"], leaf: Leaf) -> Program:
        """Return what the functions do side by side, as if all lanes' numbers were one's."""
        first = layers[0]
        left, steepness = (
            torch.cat([getattr(layer, name) for layer in layers]) for name in ("left", "steepness")
        )
        slope, start, lines = (leaf(each) for each in (first.slope, first.start, first.lines))

        def forward(x: Tensor) -> Tensor:
            deep = _deep(x)
            parts = torch.clamp((deep - left) * steepness, 0.0, 1.0)
            straight = torch.addcmul(start.flatten(0, 1), deep, slope.flatten(0, 1))
            return _shallow(torch.baddbmm(straight, parts, lines.flatten(0, 1)), x)

        return forward

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same steps."""
        deep = graph.node(
            "Unsqueeze", graph.node("Transpose", x, perm=[1, 0]), graph.constant([2], "int64")
        )
        away = graph.node("Sub", deep, constant(graph, self.left))
        scaled = graph.node("Mul", away, constant(graph, self.steepness))
        parts = graph.node("Clip", scaled, *(graph.constant(end, "float32") for end in (0, 1)))
        bent = graph.node("MatMul", parts, constant(graph, self.lines))
        straight = graph.node("MatMul", deep, constant(graph, self.slope))
        return _emit_moved(graph, graph.node("Add", bent, straight), self.start.squeeze(1))


class Numbered(Written):
    """Rows of which some columns are numbers: their functions first, then the other columns."""

    positions: Tensor
    rest: Tensor

    def __init__(self, positions: list[int], width: int, functions: Functions) -> None:
        super().__init__()
        others = sorted(set(range(width)) - set(positions))
        self.outputs = functions.outputs * len(positions) + len(others)
        self.functions = functions
        for name, values in (("positions", positions), ("rest", others)):
            self.register_buffer(name, torch.tensor(values, dtype=torch.int64), persistent=False)

    def observe(self, x: Tensor, y: Tensor) -> None:  # noqa: ARG002 -- the protocol's signature
        """Show the numbers to their functions."""
        self.functions.observe(x.index_select(1, self.positions))

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return ``(rows, outputs)``."""
        found = self.functions(input.index_select(1, self.positions)).flatten(1)
        return torch.cat([found, input.index_select(1, self.rest)], dim=1)

    @staticmethod
    def stacked(layers: Sequence["Numbered"], leaf: Leaf) -> Program:
        """Return what the layers do side by side."""
        first = layers[0]
        functions = first.functions.stacked([layer.functions for layer in layers], leaf)

        def forward(x: Tensor) -> Tensor:
            found = functions(x.index_select(2, first.positions)).flatten(2)
            return torch.cat([found, x.index_select(2, first.rest)], dim=2)

        return forward

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same steps."""
        numbers, rest = (
            graph.node("Gather", x, graph.constant(places.cpu().numpy()), axis=1)
            for places in (self.positions, self.rest)
        )
        found = self.functions.emit(graph, numbers)
        width = self.outputs - len(self.rest)
        flat = graph.node("Reshape", found, graph.constant([0, width], "int64"))
        return graph.node("Concat", flat, rest, axis=1)


def _deep(x: Tensor) -> Tensor:
    """Return ``(lanes · numbers, rows, 1)`` of numbers ``(lanes, rows, numbers)``."""
    return x.transpose(1, 2).flatten(0, 1).unsqueeze(2)


def _shallow(found: Tensor, x: Tensor) -> Tensor:
    """Return functions ``(lanes · numbers, rows, outputs)`` as ``(*x.shape, outputs)``."""
    lanes, rows, numbers = x.shape
    return found.view(lanes, numbers, rows, -1).transpose(1, 2)


def _emit_moved(graph: Graph, found: str, start: Tensor) -> str:
    """Write functions, numbers × n × outputs, as n × numbers × outputs, with ``start`` added.

    It is added last: to whole rows, not to a few outputs at a time, which takes far longer.
    """
    moved = graph.node("Transpose", found, perm=[1, 0, 2])
    return graph.node("Add", moved, constant(graph, start))


def after_codes(layout: Layout) -> list[int]:
    """Return where numbers stand once `automl.families.blocks.entry` has moved codes to the end."""
    coded = {position for position, _ in layout.codes}
    plain = [position for position in range(layout.width) if position not in coded]
    return [plain.index(position) for position in layout.numbers]
