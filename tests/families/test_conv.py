"""Convolutions learn what they should where oneDNN's own gradients are wrong (torch 2.13).

And arrays lie in memory as they are fast, from the first layer to the last.
"""

import copy
import itertools
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from automl import families
from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Value, defaults, serving
from automl.core.learner import Layout
from automl.families import conv, series
from automl.training.device import autocast

ROWS, CHANNELS = 4, 16

SPACES = [
    (2, 2, 2), (2, 4, 4), (2, 3, 5), (4, 2, 2), (3, 3, 3), (1, 5, 4), (6, 5, 4), (8, 8, 8),
    (2, 6), (1, 4), (7, 5), (9,), (2,),
]  # fmt: skip


def gradients(layer: nn.Module, x: Tensor, *, mixed: bool) -> list[Tensor]:
    """Return the gradients of the weights and of what comes in, laid out as networks lay them."""
    x = conv.laid(x.detach()).requires_grad_()
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
    strides: list[int | Sequence[int]] = [1, conv.halved(space)[0]]
    for stride, inputs in itertools.product(strides, (1, CHANNELS)):
        layer = conv.convolution(inputs, CHANNELS, space=space, kernel=kernel, stride=stride)
        x = torch.randn(ROWS, inputs, *space)
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


MODALITIES = {1: Modality.SERIES, 2: Modality.IMAGE, 3: Modality.VOLUME}
SHAPES = [(1, 40), (2, 16, 12), (1, 16, 12), (1, 9, 8, 8)]
NETWORKS = [
    *itertools.product([FamilyName.CNN, FamilyName.RESNET], SHAPES),
    # Of volumes torch makes means in the other layout, and so their gradients.
    *((FamilyName.DENSENET, shape) for shape in SHAPES[:3]),
    (FamilyName.INCEPTION, (2, 40)),
]


def network(name: FamilyName, shape: tuple[int, ...], **changes: Value) -> nn.Module:
    model = families.model(name)
    assert families.is_network(model)
    space = families.spec(name).space
    params = defaults(serving(space, TaskType.CLASSIFICATION, MODALITIES[len(shape) - 1]))
    said = {**params, "width": 8, "layers": 2, **changes}
    return model.build(said, Layout(1, shape=shape), 2)


def passed(made: nn.Module, x: Tensor, *, mixed: bool) -> list[Tensor]:
    """Return what layers hand on while training, and the gradients that come back to them."""
    found: list[Tensor] = []

    def see(_: nn.Module, __: object, output: Tensor) -> None:
        if output.ndim > 2:
            found.append(output)
            if output.requires_grad:
                output.register_hook(found.append)  # type: ignore[no-untyped-call]

    for layer in made.get_submodule("body").modules():
        if not list(layer.children()):
            layer.register_forward_hook(see)
    with autocast("cpu", mixed=mixed):
        made.train()(x).float().square().sum().backward()
    return found


@pytest.mark.parametrize("mixed", [False, True], ids=["full", "half"])
@pytest.mark.parametrize("normalization", ["batch", "layer"])
@pytest.mark.parametrize(("name", "shape"), NETWORKS, ids=str)
def test_channels_lie_next_to_each_other_all_the_way_and_back(
    name: FamilyName, shape: tuple[int, ...], normalization: str, *, mixed: bool
) -> None:
    made = network(name, shape, normalization=normalization)
    found = passed(made, torch.rand(ROWS, *shape), mixed=mixed)
    assert len(found) > 20
    assert {each.stride(1) for each in found} == {1}


@pytest.mark.parametrize("name", [FamilyName.RESNET, FamilyName.DENSENET])
@pytest.mark.parametrize("shape", SHAPES[:3], ids=str)
def test_so_they_do_behind_strides_and_where_rows_are_left_out(
    name: FamilyName, shape: tuple[int, ...]
) -> None:
    made = network(name, shape, stride=2, residual_dropout=0.2)
    found = passed(made, torch.rand(ROWS, *shape), mixed=False)
    assert len(found) > 20
    assert {each.stride(1) for each in found} == {1}


def test_one_channel_is_laid_as_many_are_without_a_copy() -> None:
    for shape in SHAPES:
        x = torch.rand(ROWS, *shape)
        placed = conv.laid(x)
        assert placed.equal(x)
        assert placed.stride(1) == 1
        assert placed.stride(-1) == shape[0]
        assert (placed.data_ptr() == x.data_ptr()) is (shape[0] == 1)
        assert conv.laid(placed).data_ptr() == placed.data_ptr()


def test_layers_over_series_are_torchs_own() -> None:
    torch.manual_seed(2)
    x = conv.laid(torch.randn(ROWS, CHANNELS, 21))
    layer = series.Convolution(CHANNELS, 4, (5,), stride=(2,), padding=(2,))
    right = functional.conv1d(x, layer.weight, layer.bias, stride=2, padding=2)
    assert (layer(x) - right).abs().max() < 1e-5
    norm = nn.BatchNorm1d(CHANNELS)
    own = series.BatchNorm(CHANNELS)
    assert (own(x) - norm(x)).abs().max() < 1e-5
    assert torch.allclose(own.running_var, norm.running_var)  # type: ignore[arg-type]
    assert series.MaxPool(3, stride=1, padding=1)(x).equal(functional.max_pool1d(x, 3, 1, 1))
    mean = series.MeanPool((2,))(x)
    assert (mean - functional.avg_pool1d(x, 2)).abs().max() < 1e-6


def test_the_largest_of_a_volume_stay_in_the_precision_they_are_in() -> None:
    (pool,), _ = conv.pool("max", (4, 4, 4))
    x = torch.randn(1, 2, 4, 4, 4, dtype=torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert pool(x).dtype is torch.bfloat16
