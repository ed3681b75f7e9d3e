"""Networks of one shape as one program: what each layer does for several networks at once.

Written by hand for each layer, as its ONNX form is: on small networks ``torch.func.vmap`` took as
long as one network after the other, and it can neither move running statistics nor draw for each
lane what the lane alone would draw. As the layers themselves they do one thing in training, and
another outside it.

Shapes: ``(lanes, rows, features)``.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional

from automl.core.learner import Leaf, Program
from automl.families import blocks
from automl.families.blocks import ACTIVATIONS, Embedded, Residual
from automl.families.stack import Stack

_Layers: TypeAlias = Sequence[Any]
"""The same layer of each network."""


@runtime_checkable
class Stackable(Protocol):
    """A layer that knows its own stacked form."""

    @staticmethod
    def stacked(layers: Any, leaf: Leaf) -> Program:
        """Return what ``layers``, the same one of each network, do side by side in training."""


def stackable(network: nn.Module) -> bool:
    """Return whether every layer of the network has a stacked form."""
    if isinstance(network, nn.Sequential):
        return type(network) in _FORMS and all(map(stackable, network))
    return type(network) in _FORMS or isinstance(network, Stackable)


def stack(networks: Sequence[nn.Module], leaf: Leaf) -> Program:
    """Return what all the networks, `stackable` and of one shape, compute together.

    Running statistics become parts of stacked ones, and stay where they already are.
    """
    first = networks[0]
    form = first.stacked if isinstance(first, Stackable) else _FORMS[type(first)]
    return form(networks, leaf)


def _sequence(layers: _Layers, leaf: Leaf) -> Program:
    steps = [stack(each, leaf) for each in zip(*layers, strict=True)]

    def forward(x: Tensor) -> Tensor:
        for step in steps:
            x = step(x)
        return x

    return forward


def _residual(layers: _Layers, leaf: Leaf) -> Program:
    inner = _sequence(layers, leaf)
    return lambda x: x + inner(x)


def _layer_norm(layers: _Layers, leaf: Leaf) -> Program:
    shape, epsilon = layers[0].normalized_shape, layers[0].eps
    weight, bias = leaf(layers[0].weight), leaf(layers[0].bias)

    def forward(x: Tensor) -> Tensor:
        normal = functional.layer_norm(x, shape, eps=epsilon)
        return torch.addcmul(bias.unsqueeze(1), normal, weight.unsqueeze(1))

    return forward


def _batch_norm(layers: _Layers, leaf: Leaf) -> Program:
    """Return one batch normalization whose columns are those of all lanes."""
    weight, bias = leaf(layers[0].weight), leaf(layers[0].bias)
    mean, variance = (_joined(layers, name) for name in ("running_mean", "running_var"))
    seen = _joined(layers, "num_batches_tracked")
    first = layers[0]

    def forward(x: Tensor) -> Tensor:
        if first.training:
            seen.add_(1)
        wide = x.transpose(0, 1).flatten(1)  # (rows, lanes · features)
        normal = functional.batch_norm(
            wide,
            mean,
            variance,
            weight.flatten(),
            bias.flatten(),
            training=first.training,
            momentum=first.momentum,
            eps=first.eps,
        )
        return normal.view(x.shape[1], x.shape[0], x.shape[2]).transpose(0, 1)

    return forward


def _joined(layers: _Layers, name: str) -> Tensor:
    """Return the layers' buffers of that name in one vector, of which they become parts.

    They may be so already, side by side: of the vector of these and more layers.
    """
    parts: list[Tensor] = [getattr(layer, name) for layer in layers]
    first, size = parts[0], parts[0].numel()
    starts = [(part.untyped_storage().data_ptr(), part.storage_offset()) for part in parts]
    where, at = starts[0]
    if starts == [(where, at + size * lane) for lane in range(len(parts))]:
        return first.as_strided((size * len(parts),), (1,), at)
    joined = torch.stack(parts)
    for layer, part in zip(layers, joined, strict=True):
        setattr(layer, name, part)
    return joined.flatten()


def _embedded(layers: _Layers, leaf: Leaf) -> Program:
    first = layers[0]
    table = leaf(first.table.weight)  # (lanes, codes, width)
    lanes = torch.arange(len(layers), device=table.device).view(-1, 1, 1)
    starts = lanes * table.shape[1] + first.offsets

    def forward(x: Tensor) -> Tensor:
        codes = x.index_select(2, first.positions).long() + starts
        vectors = functional.embedding(codes, table.flatten(0, 1)).flatten(2)
        return torch.cat([x.index_select(2, first.numbers), vectors], dim=2)

    return forward


def _alike(layers: _Layers, _: Leaf) -> Program:
    """Return what a layer without numbers of its own does to each."""
    return partial(_call, layers[0])


def _call(layer: nn.Module, x: Tensor) -> Tensor:
    given: Tensor = layer(x)
    return given


_FORMS: dict[type[nn.Module], Callable[[_Layers, Leaf], Program]] = {
    nn.Sequential: _sequence,
    Stack: _sequence,
    Residual: _residual,
    nn.Linear: blocks.stacked_dense,
    nn.LayerNorm: _layer_norm,
    nn.BatchNorm1d: _batch_norm,
    Embedded: _embedded,
    **{type(activation()): _alike for activation in ACTIVATIONS.values()},
}
