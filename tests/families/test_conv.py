"""Convolutions learn what they should where oneDNN's own gradients are wrong (torch 2.13)."""

import copy
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from automl.families import conv
from automl.training.device import autocast

ROWS, CHANNELS = 4, 16

SPACES = [
    (2, 2, 2), (2, 4, 4), (2, 3, 5), (4, 2, 2), (3, 3, 3), (1, 5, 4), (6, 5, 4), (8, 8, 8),
    (2, 6), (1, 4), (7, 5), (9,), (2,),
]  # fmt: skip


def gradients(layer: nn.Module, x: Tensor, *, mixed: bool) -> list[Tensor]:
    """Return the gradients of the weights and of what comes in, laid out as networks lay them."""
    kind = {4: torch.channels_last, 5: torch.channels_last_3d}.get(x.ndim, torch.contiguous_format)
    x = x.detach().contiguous(memory_format=kind).requires_grad_()
    with autocast("cpu", mixed=mixed):
        made = layer(x)
    weights = torch.linspace(-1.0, 1.0, made.numel()).view(made.shape)
    wanted = [x, *layer.parameters()]
    return list(torch.autograd.grad((made * weights.to(made.dtype)).sum(), wanted))


@pytest.mark.parametrize("mixed", [False, True], ids=["full", "half"])
@pytest.mark.parametrize("kernel", [3, 7])
@pytest.mark.parametrize("space", SPACES, ids=str)
def test_gradients_are_those_of_plain_arithmetic(
    space: tuple[int, ...], kernel: int, *, mixed: bool
) -> None:
    torch.manual_seed(1)
    for stride in (1, conv.halved(space)[0]):
        layer = conv.convolution(CHANNELS, CHANNELS, space=space, kernel=kernel, stride=stride)
        x = torch.randn(ROWS, CHANNELS, *space)
        found = gradients(layer, x, mixed=mixed)
        plain = copy.deepcopy(layer.layer if isinstance(layer, conv.Exact) else layer).double()
        right = gradients(plain, x.double(), mixed=False)  # oneDNN knows no float64
        for one, other in zip(found, right, strict=True):
            size = other.abs().max().clamp(min=1.0)
            assert (one - other).abs().max() <= (0.05 if mixed else 1e-4) * size


@pytest.mark.parametrize(
    ("space", "size"),
    [((6, 5, 4), (5, 5, 3)), ((2, 1, 9), (3, 1, 7)), ((2, 2), (3, 3)), ((24,), (7,))],
    ids=str,
)
def test_a_kernel_is_no_longer_than_its_axis(space: Sequence[int], size: Sequence[int]) -> None:
    made = conv.convolution(1, 4, space=space, kernel=7)
    layer = made.layer if isinstance(made, conv.Exact) else made
    assert isinstance(layer, conv.CONVOLUTIONS)
    assert layer.kernel_size == tuple(size)
    assert made(torch.zeros(2, 1, *space)).shape == (2, 4, *space)


def test_volumes_two_deep_alone_are_never_seen_in_half_precision() -> None:
    for space in SPACES:
        made = conv.convolution(1, 4, space=space, kernel=3)
        exact = len(space) == 3 and space[0] == 2
        assert isinstance(made, conv.Exact) is exact
        with torch.autocast("cpu", dtype=torch.bfloat16):
            kind = torch.float32 if exact else torch.bfloat16
            assert made(torch.zeros(1, 1, *space)).dtype is kind
