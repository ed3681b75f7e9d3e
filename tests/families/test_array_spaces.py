"""What is searched of convolutional networks is the same over one, two and three axes."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
import torch
from torch import nn

from automl import families
from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.graph import Graph
from automl.core.hyperparameter import Space, Value, defaults, serving
from automl.core.learner import Layout, NetworkFamily
from automl.export.onnx import serialize
from automl.families.densenet.model import Joined
from automl.training import work
from tests.families.written import difference

SHAPES = {Modality.SERIES: (2, 21), Modality.IMAGE: (3, 9, 8), Modality.VOLUME: (1, 7, 6, 5)}
SHORTCUTS = (FamilyName.RESNET, FamilyName.DENSENET)
FAMILIES = (FamilyName.CNN, *SHORTCUTS)
LATER = ("stride", "residual_dropout", "resolution")
"""Dimensions that candidates of some earlier version of the densely connected network lack."""

every_network = pytest.mark.parametrize(
    ("name", "modality"), list(product(FAMILIES, SHAPES)), ids=str
)
with_shortcuts = pytest.mark.parametrize(
    ("name", "modality"), list(product(SHORTCUTS, SHAPES)), ids=str
)


def space(name: FamilyName, modality: Modality) -> Space:
    return serving(families.spec(name).space, TaskType.CLASSIFICATION, modality)


def model(name: FamilyName) -> NetworkFamily:
    found = families.model(name)
    assert families.is_network(found)
    return found


def plain(name: FamilyName, modality: Modality) -> dict[str, Value]:
    return {**defaults(space(name, modality)), "layers": 2, "width": 8}


def build(name: FamilyName, params: dict[str, Value], modality: Modality) -> nn.Module:
    """Return a network that has seen rows, with statistics and weights as after training."""
    torch.manual_seed(0)
    shape = SHAPES[modality]
    made = model(name).build(params, Layout(int(np.prod(shape)), shape=shape), 3)
    x = torch.from_numpy(rows(modality, 12))
    made.observe(x, torch.zeros(len(x)))  # type: ignore[operator]
    with torch.no_grad():
        made.train()(x)
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made.eval()


def rows(modality: Modality, count: int) -> npt.NDArray[np.float32]:
    random = np.random.default_rng(count)
    x = random.normal(size=(count, *SHAPES[modality])).astype(np.float32)
    if modality is Modality.SERIES:
        ends = random.integers(0, x.shape[-1] + 1, count)
        x[np.broadcast_to(np.arange(x.shape[-1]) >= ends[:, None, None], x.shape)] = np.nan
    return x


def variations(name: FamilyName, modality: Modality) -> Iterator[dict[str, Value]]:
    """Yield candidates in which each choice of each of the network's dimensions comes once."""
    own = {"kernel", "normalization", "activation", "pooling", "downsampling", "stride"}
    known = plain(name, modality)
    choices = {item.name: item.choices or () for item in space(name, modality) if item.name in own}
    for at in range(max(map(len, choices.values()))):
        yield known | {key: among[at % len(among)] for key, among in choices.items()}


@every_network
def test_depth_width_kernel_stride_normalization_and_dropout_are_searched(
    name: FamilyName, modality: Modality
) -> None:
    found = {item.name for item in space(name, modality)}
    depth = {"layers", "residual_dropout"} if name in SHORTCUTS else {"layers", "convolutions"}
    fewer = {"stride"} if name in SHORTCUTS else {"downsampling"}
    rest = {"width", "kernel", "normalization", "activation", "pooling", "dropout"}
    assert depth | fewer | rest <= found


@every_network
def test_the_file_says_what_the_network_does_whatever_was_chosen(
    name: FamilyName, modality: Modality
) -> None:
    for params in variations(name, modality):
        made = build(name, params, modality)
        graph = Graph()
        given = graph.input("X", "array", dtype=np.float32, shape=SHAPES[modality])
        graph.output("y", model(name).emit(graph, given, made))
        session = onnxruntime.InferenceSession(serialize(graph, metadata={}))
        for count in (17, 1):
            x = rows(modality, count)
            with torch.inference_mode():
                right = made(torch.from_numpy(x)).numpy()
            assert difference(session.run(None, {"X": x})[0], right) <= 1e-5, params


@with_shortcuts
def test_candidates_of_earlier_versions_make_the_network_that_they_made(
    name: FamilyName, modality: Modality
) -> None:
    params = plain(name, modality)
    earlier = {key: value for key, value in params.items() if key not in LATER or key == _old(name)}
    one, other = (build(name, each, modality) for each in (params, earlier))
    x = torch.from_numpy(rows(modality, 5))
    for training in (True, False):
        assert one.train(training)(x).equal(other.train(training)(x))


def _old(name: FamilyName) -> str:
    """Return which dimension the family has had for ever."""
    return "residual_dropout" if name is FamilyName.RESNET else ""


@with_shortcuts
def test_every_second_place_is_less_work(name: FamilyName, modality: Modality) -> None:
    shape = tuple(2 * side for side in SHAPES[modality])
    layout = Layout(int(np.prod(shape)), shape=shape)
    params = plain(name, modality)
    near, afar = (
        work.multiplications(model(name), {**params, "stride": stride}, layout, 3)
        for stride in (1, 2)
    )
    assert afar < near * 0.6


def test_a_convolution_adds_nothing_to_some_rows_while_training() -> None:
    params = {**plain(FamilyName.DENSENET, Modality.IMAGE), "residual_dropout": 0.2}
    made = build(FamilyName.DENSENET, params, Modality.IMAGE)
    joined = [layer for layer in made.modules() if isinstance(layer, Joined)]
    assert len(joined) == int(params["layers"]) * int(params["convolutions"])
    block = joined[0]
    block.layers.eval()  # its normalization; the last of them is told otherwise
    x = torch.rand(400, 16, 9, 8)
    whole = block(x)[:, 16:]
    block.layers[-1].train()
    added: Any = block(x)
    assert added[:, :16].equal(x)
    kept = added[:, 16:].abs().amax(dim=(1, 2, 3)) > 0
    assert 0.7 < kept.float().mean() < 0.9
    assert torch.allclose(added[kept, 16:], whole[kept] / 0.8)
