"""What a network does for a row: its multiplications, counted while it looks at an empty one."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from automl.core.hyperparameter import Params
from automl.core.learner import Layout, NetworkFamily
from automl.training.device import session


def multiplications(family: NetworkFamily, params: Params, layout: Layout, outputs: int) -> int:
    """Return how often a candidate's network multiplies by a weight for one row.

    A weight of a dense layer or a convolution counts once for every place that it is applied to,
    all others count once, and those of a recurrent layer once for every step.
    """
    with session("cpu", threads=1), torch.inference_mode():
        network = family.build(params, layout, outputs).eval()
        counted = [0]

        def count(module: nn.Module, given: tuple[Any, ...], made: Any) -> None:
            counted[0] += _times(module, given, made) * _weights(module)

        for module in network.modules():
            if _weights(module):
                module.register_forward_hook(count)
        network(_row(layout))
    return counted[0]


def activations(
    family: NetworkFamily, params: Params, layout: Layout, outputs: int
) -> tuple[int, int]:
    """Return how many numbers a candidate's layers make of one row, and how many they learn."""
    with session("cpu", threads=1), torch.inference_mode():
        network = family.build(params, layout, outputs).eval()
        counted = [0]

        def count(_: nn.Module, __: tuple[Any, ...], made: Any) -> None:
            counted[0] += made.numel() if isinstance(made, Tensor) else 0

        for module in network.modules():
            module.register_forward_hook(count)
        network(_row(layout))
    return counted[0], sum(each.numel() for each in network.parameters())


def _row(layout: Layout) -> Tensor:
    if layout.vocabulary:
        return torch.ones((1, layout.width), dtype=torch.int32)
    return torch.zeros((1, *(layout.shape or (layout.width,))))


def _weights(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters(recurse=False))


def _times(module: nn.Module, given: tuple[Any, ...], made: Any) -> int:
    """Return how many places a layer's weights are applied to."""
    match module:
        case nn.RNNBase():
            steps = given[0]
            return len(steps.batch_sizes) if isinstance(steps, PackedSequence) else steps.shape[1]
        case nn.Embedding():
            return 0
        case _:
            weight = getattr(module, "weight", None)
            if not isinstance(weight, Tensor) or weight.ndim < 2 or not isinstance(made, Tensor):
                return 1
            return made.numel() // weight.shape[0]
