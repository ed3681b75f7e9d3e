"""Layers over arrays of one, two and three dimensions: series, images and volumes.

Each is written once; how many axes of space there are is the only difference. Arrays are channels
first, ``(rows, channels, …)``. Layers that torch has are written to a model file by
`automl.families.blocks`, those that it lacks write themselves.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from typing_extensions import override

from automl.core.graph import ElementType, Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Layout
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

_OBSERVED = 1 << 22
"""Numbers that are looked at together."""


class Standardized(Written):
    """Numbers of one size: each channel's less its mean, by its deviation. What is missing is 0.

    Series have a channel more, which is 1 where there is a step and 0 where it is missing.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        channels, *space = layout.shape
        self.masked = len(space) == 1
        self.outputs = channels + self.masked
        shape = (1, channels, *(1 for _ in space))
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("scale", torch.ones(shape))

    def observe(self, x: Tensor, y: Tensor) -> None:
        """Take mean and deviation of each channel's numbers."""
        del y
        axes = (0, *range(2, x.ndim))
        count = torch.zeros(x.shape[1], dtype=torch.float64, device=x.device)
        total, squares = torch.zeros_like(count), torch.zeros_like(count)
        middle = torch.nan_to_num(x[:1].double().nanmean(axes, keepdim=True))
        for part in x.tensor_split(min(len(x), -(-x.numel() // _OBSERVED))):
            numbers = part.double() - middle  # near zero, so that squares cancel nothing
            count += (~numbers.isnan()).sum(axes)
            total += numbers.nansum(axes)
            squares += numbers.square().nansum(axes)
        count.clamp_(min=1.0)
        mean = total / count
        deviation = (squares / count - mean.square()).clamp(min=0.0).sqrt()
        shape = self.mean.shape
        self.mean.copy_(mean.view(shape) + middle)
        self.scale.copy_(torch.where(deviation > 0, 1.0 / deviation, 1.0).view(shape))

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return ``(rows, outputs, …)`` float32."""
        x = (input.float() - self.mean) * self.scale
        if not input.is_floating_point() and not self.masked:
            return x
        missing = x.isnan()
        x = x.masked_fill(missing, 0.0)
        if not self.masked:
            return x
        there = (~missing).any(dim=1, keepdim=True)
        return torch.cat([x, there.to(x.dtype)], dim=1)

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same to ``graph``."""
        centred = graph.node("Sub", x, blocks.constant(graph, self.mean))
        scaled = graph.node("Mul", centred, blocks.constant(graph, self.scale))
        missing = graph.node("IsNaN", scaled)
        filled = graph.node("Where", missing, graph.constant(0.0, np.float32), scaled)
        if not self.masked:
            return filled
        there = graph.node("Cast", graph.node("Not", missing), to=ElementType.FLOAT)
        some = graph.node("ReduceMax", there, graph.constant([1], np.int64), keepdims=1)
        return graph.node("Concat", filled, some, axis=1)


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


class Network(Written):
    """Layers that see arrays standardized.

    What they make of an array outside training is the mean of what they make of it and of its image
    ``mirrored`` along each of these axes, counted from the last: for networks trained on them.
    """

    def __init__(
        self,
        layout: Layout,
        layers: Callable[[int], Sequence[nn.Module]],
        *,
        mirrored: Sequence[int] = (),
    ) -> None:
        super().__init__()
        self.entry = Standardized(layout)
        self.body = nn.Sequential(*layers(self.entry.outputs))
        self.mirrored = tuple(mirrored)

    def observe(self, x: Tensor, y: Tensor) -> None:
        """Take the size of the arrays' numbers."""
        self.entry.observe(x, y)

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return ``(rows, outputs)`` of ``(rows, channels, …)``."""
        x = laid(self.entry(input))
        if self.training or not self.mirrored:
            return self.body(x)  # type: ignore[no-any-return]
        total: Tensor = sum((self.body(x.flip(axis)) for axis in self.mirrored), self.body(x))
        return total / (1 + len(self.mirrored))

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write what the network makes of ``x`` outside training."""
        x = self.entry.emit(graph, x)
        total = blocks.emit(graph, x, [self.body])
        if not self.mirrored:
            return total
        back, end = graph.constant([-1], np.int64), graph.constant([-(2**63)], np.int64)
        for axis in self.mirrored:
            along = graph.constant([axis], np.int64)
            mirror = graph.node("Slice", x, back, end, along, back)
            total = graph.node("Add", total, blocks.emit(graph, mirror, [self.body]))
        return graph.node("Div", total, graph.constant(1 + len(self.mirrored), np.float32))


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


def mirrors(params: Params, layout: Layout) -> tuple[int, ...]:
    """Return along which axes, counted from the last, a candidate was trained on mirror images."""
    if params.get("turn"):
        return tuple(range(-1, -1 - axes(layout), -1))
    return (-1,) if params.get("flip") else ()


def axes(layout: Layout) -> int:
    """Return how many axes of space rows have."""
    return len(layout.shape) - 1


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
