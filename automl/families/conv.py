"""Layers over arrays of one, two and three dimensions: series, images and volumes.

Each is written once; how many axes of space there are is the only difference. Arrays are channels
first, ``(rows, channels, …)``. Layers that torch has are written to a model file by
`automl.families.blocks`, those that it lacks write themselves.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from typing_extensions import override

from automl.core.graph import Graph
from automl.core.hyperparameter import Params
from automl.families import blocks, series
from automl.families.blocks import Written
from automl.families.dropout import Dropout, RowDropout

CONVOLUTIONS: tuple[type[nn.Conv1d | nn.Conv2d | nn.Conv3d], ...] = (
    series.Convolution,
    nn.Conv2d,
    nn.Conv3d,
)
_BATCH_NORMS = (series.BatchNorm, nn.BatchNorm2d, nn.BatchNorm3d)
_MAX_POOLS = (series.MaxPool, nn.MaxPool2d, nn.MaxPool3d)
_MEAN_POOLS = (series.MeanPool, nn.AvgPool2d, nn.AvgPool3d)

_SERIES = 3
"""Axes of series, rows and channels among them."""

_VOLUME, _SHALLOW = 3, 2
"""Axes of space, and places along the first of them, where half precision is wrong."""


class RowNorm(Written):
    """Each row's numbers less their mean, by their deviation, over all channels and places."""

    def __init__(self, channels: int, dimensions: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, channels)
        self._shape = (channels, *(1 for _ in range(dimensions)))

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return what is of the shape of ``input``."""
        image = input.unsqueeze(2) if input.ndim == _SERIES else input  # it keeps its layout then
        return self.norm(image).view_as(input)  # type: ignore[no-any-return]

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same to ``graph``: the row as one channel, and back to its own shape."""
        one, none = graph.constant([1], np.float32), graph.constant([0], np.float32)
        row = graph.node("Reshape", x, graph.constant([0, 1, -1], np.int64))
        even = graph.node("InstanceNormalization", row, one, none, epsilon=self.norm.eps)
        even = graph.node("Reshape", even, graph.node("Shape", x))
        weight = blocks.constant(graph, self.norm.weight.view(self._shape))
        bias = blocks.constant(graph, self.norm.bias.view(self._shape))
        return graph.node("Add", graph.node("Mul", even, weight), bias)


class Pooled(Written):
    """The largest or the mean number of each channel: ``(rows, channels)``."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return ``(rows, channels)``."""
        x = input.flatten(2)
        # Not ``mean``: its gradient would be laid out with a channel's places next to each other.
        return x.amax(2) if self.how == "max" else x.sum(2) / x.shape[2]

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same to ``graph``."""
        op = "GlobalMaxPool" if self.how == "max" else "GlobalAveragePool"
        return graph.node("Flatten", graph.node(op, x), axis=1)


class Exact(Written):
    """A layer in full precision, whatever is around it.

    oneDNN's bfloat16 gradient of a kernel three deep over volumes two deep is memory never written
    (torch 2.13); every other depth, and the other axes, are right.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return what the layer makes of ``input``, float32."""
        with torch.autocast(input.device.type, enabled=False):
            return self.layer(input.float())  # type: ignore[no-any-return]

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the layer."""
        return blocks.emit(graph, x, [self.layer])


class VolumePool(Written):
    """The largest or the mean of neighbours in volumes, which lie behind it as they did before.

    Torch makes means in the other layout only, and autocast has the largest looked for in full
    precision on a CPU, for as many bytes again.
    """

    def __init__(self, layer: nn.MaxPool3d | nn.AvgPool3d) -> None:
        super().__init__()
        self.layer = layer

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return what the layer makes of ``input``."""
        if isinstance(self.layer, nn.AvgPool3d):
            return laid(self.layer(input))
        with torch.autocast("cpu", enabled=False):
            return laid(self.layer(input))

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the layer."""
        return blocks.emit(graph, x, [self.layer])


def laid(x: Tensor) -> Tensor:
    """Return ``(rows, channels, …)`` with each place's channels next to each other in memory.

    Layers keep that layout, in which convolutions are faster. Of a single channel torch's
    ``contiguous`` leaves strides that the layers then take for those of the other layout.
    """
    rows, channels, *space = x.shape
    placed = x.movedim(1, -1).reshape(-1).view(rows, *space, channels)
    return placed.movedim(-1, 1)


def joined(parts: Sequence[Tensor]) -> Tensor:
    """Return the channels of all ``parts``, laid out as these are."""
    if parts[0].ndim == _SERIES:
        return torch.cat([part.unsqueeze(2) for part in parts], dim=1).squeeze(2)
    return torch.cat(list(parts), dim=1)


def convolution(
    inputs: int,
    outputs: int,
    *,
    space: Sequence[int],
    kernel: int,
    stride: Sequence[int] | int = 1,
) -> nn.Module:
    """Return a convolution over that space, of as many places as its input where the stride is 1.

    Along a short axis the kernel is no longer than the axis: beyond there is padding only, and
    oneDNN's gradients of such kernels with strides in volumes are wrong (torch 2.13, 7³ over 6×5×4
    channels last). Weights are drawn for a ReLU (He et al. 2015).
    """
    size = tuple(_fitting(kernel, length) for length in space)
    made = CONVOLUTIONS[len(space) - 1](
        inputs,
        outputs,
        size,  # type: ignore[arg-type]
        stride=stride,  # type: ignore[arg-type]
        padding=tuple(part // 2 for part in size),  # type: ignore[arg-type]
    )
    nn.init.kaiming_normal_(made.weight, mode="fan_out", nonlinearity="relu")
    return Exact(made) if len(space) == _VOLUME and space[0] == _SHALLOW else made


def _fitting(kernel: int, length: int) -> int:
    """Return the largest odd kernel up to that one for an axis; of two places 3 look at both."""
    return min(kernel, 3 if length == 2 else length - 1 + length % 2)


def normalization(name: str, channels: int, *, dimensions: int) -> list[nn.Module]:
    """Return what keeps channels of one size: ``batch``, ``layer`` (of a row) or ``none``."""
    match name:
        case "batch":
            return [_BATCH_NORMS[dimensions - 1](channels)]
        case "layer":
            return [RowNorm(channels, dimensions)]
        case _:
            return []


def halved(space: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the strides that halve every axis longer than 1, and what a convolution leaves."""
    strides = tuple(2 if length > 1 else 1 for length in space)
    left = (-(-length // stride) for length, stride in zip(space, strides, strict=True))
    return strides, tuple(left)


def strides(params: Params, space: Sequence[int]) -> tuple[tuple[int, ...] | int, tuple[int, ...]]:
    """Return the strides of a candidate's first convolution, and what it leaves of the space."""
    return halved(space) if params.get("stride") == 2 else (1, tuple(space))


def stochastic_depth(params: Params) -> list[nn.Module]:
    """Return what leaves out some of what a block adds; candidates may lack its dimension."""
    part = float(params.get("residual_dropout", 0.0))
    return [RowDropout(part)] if part else []


def pool(how: str, space: Sequence[int]) -> tuple[list[nn.Module], tuple[int, ...]]:
    """Return what halves every axis longer than 1, by ``max`` or ``mean``, and what is left."""
    size, _ = halved(space)
    left = tuple(length // part for length, part in zip(space, size, strict=True))
    if max(size) == 1:
        return [], left
    kinds = _MAX_POOLS if how == "max" else _MEAN_POOLS
    made = kinds[len(size) - 1](size)  # type: ignore[arg-type]
    if isinstance(made, (nn.MaxPool3d, nn.AvgPool3d)):
        return [VolumePool(made)], left
    return [made], left


def unit(
    inputs: int,
    outputs: int,
    *,
    space: Sequence[int],
    kernel: int,
    norm: str,
    activation: str,
    stride: Sequence[int] | int = 1,
) -> list[nn.Module]:
    """Return a convolution, its normalization and its activation."""
    return [
        convolution(inputs, outputs, space=space, kernel=kernel, stride=stride),
        *normalization(norm, outputs, dimensions=len(space)),
        blocks.ACTIVATIONS[activation](),
    ]


def head(inputs: int, outputs: int, *, pooling: str, dropout: float) -> list[nn.Module]:
    """Return what makes outputs of the last arrays; the first ones are small, hence nearly even."""
    last = blocks.dense(inputs, outputs, initialization="xavier", activation="relu")
    with torch.no_grad():
        last.weight.mul_(0.1)
    return [Pooled(pooling), Dropout(dropout), last]
