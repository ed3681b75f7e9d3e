"""Networks over arrays: standardized where these enter, mirrored where the network may be.

Arrays are channels first, ``(rows, channels, …)``, of one, two or three axes of space: series,
images or volumes.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from typing_extensions import override

from automl.core.graph import ElementType, Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Layout
from automl.families import blocks
from automl.families.blocks import Written
from automl.families.conv import laid

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


def mirrors(params: Params, layout: Layout) -> tuple[int, ...]:
    """Return along which axes, counted from the last, a candidate was trained on mirror images."""
    if params.get("turn"):
        return tuple(range(-1, -len(layout.shape), -1))
    return (-1,) if params.get("flip") else ()
