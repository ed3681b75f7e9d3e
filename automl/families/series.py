"""Layers over series whose channels lie next to each other in memory: images one place high.

Torch has no such layers over one axis (2.13): its own would lay a series out anew, every channel's
steps in a row, which is slower by a third. What comes in and goes out is ``(rows, channels,
steps)`` all the same, and weights are those of torch's layers, as which each is written to a model
file.
"""

from typing import TypeAlias

from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from automl.core.graph import Graph
from automl.families import blocks
from automl.families.blocks import Written

_Sides: TypeAlias = tuple[int, int]


class Convolution(nn.Conv1d, Written):
    """A convolution along the steps."""

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return what the kernels make of ``input``."""
        image, weight = input.unsqueeze(2), self.weight.unsqueeze(2)
        stride, around = (1, *self.stride), (0, *(int(part) for part in self.padding))
        return functional.conv2d(image, weight, self.bias, stride, around).squeeze(2)

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write a convolution."""
        return blocks.emit_as(nn.Conv1d, graph, x, self)


class BatchNorm(nn.BatchNorm1d, Written):
    """Each channel's numbers of one size."""

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return what is of the shape of ``input``."""
        return super().forward(input.unsqueeze(2)).squeeze(2)

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write a batch normalization."""
        return blocks.emit_as(nn.BatchNorm1d, graph, x, self)

    @override
    def _check_input_dim(self, input: Tensor) -> None:
        """Allow images, which series are here."""


class MaxPool(nn.MaxPool1d, Written):
    """The largest of neighbouring steps."""

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return fewer steps."""
        size, stride, around = _sides(self)
        return functional.max_pool2d(input.unsqueeze(2), size, stride, around).squeeze(2)

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write a pooling."""
        return blocks.emit_as(nn.MaxPool1d, graph, x, self)


class MeanPool(nn.AvgPool1d, Written):
    """The mean of neighbouring steps."""

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return fewer steps."""
        size, stride, around = _sides(self)
        return functional.avg_pool2d(input.unsqueeze(2), size, stride, around).squeeze(2)

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write a pooling."""
        return blocks.emit_as(nn.AvgPool1d, graph, x, self)


def _sides(pool: nn.MaxPool1d | nn.AvgPool1d) -> tuple[_Sides, _Sides, _Sides]:
    """Return size, stride and padding of images."""
    sides = (pool.kernel_size, pool.stride, pool.padding)
    size, stride, around = (side if isinstance(side, int) else side[0] for side in sides)
    return (1, size), (1, stride), (0, around)
