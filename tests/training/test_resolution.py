"""Images small at first: when, how small, what it spares, and that nothing else depends on it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from automl import families
from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Params, Value, defaults, serving
from automl.core.learner import Examples, Fold, Layout, NetworkFamily
from automl.core.state import State
from automl.training.fit import fit
from automl.training.resolution import Resolution
from tests.training.folds import Watcher, classification, equal

IMAGES = Layout(32 * 32, shape=(1, 32, 32))
HALF = Resolution(0.5)


def network(name: FamilyName) -> NetworkFamily:
    found = families.model(name)
    assert families.is_network(found)
    return found


def params(name: FamilyName, **changes: Value) -> Params:
    space = serving(families.spec(name).space, TaskType.CLASSIFICATION, Modality.IMAGE)
    small: dict[str, Value] = {"width": 8, "batch_size": 32, "epochs": 5, "layers": 2}
    return {**defaults(space), **small, **changes}


def images(side: int = 32) -> Fold:
    """Return a fold of small images whose class is where they are bright."""
    fold = classification(128)
    draw = np.random.default_rng(3)

    def drawn(examples: Examples) -> Examples:
        x = draw.integers(0, 128, (len(examples.y), 1, side, side), np.uint8)
        for row, label in zip(x, examples.y, strict=True):
            row[0, 8 * label : 8 * (label + 1)] += 100
        return replace(examples, x=x)

    layout = Layout(side * side, shape=(1, side, side))
    return replace(fold, train=drawn(fold.train), valid=drawn(fold.valid), layout=layout)


def test_the_first_half_of_the_steps_sees_small_images_and_the_second_whole_ones() -> None:
    x = torch.randint(0, 256, (3, 2, 30, 25), dtype=torch.uint8)
    seen = [Resolution(0.75).seen(x, step, 7) for step in range(7)]
    assert [tuple(each.shape[2:]) for each in seen] == [(22, 19)] * 4 + [(30, 25)] * 3
    assert seen[-1] is x
    even = torch.full((1, 1, 32, 32), 7, dtype=torch.uint8)
    assert HALF.seen(even, 0, 2).sub(7).abs().max() < 1e-4


def test_what_is_left_of_a_plan_costs_less_while_images_are_small() -> None:
    assert Resolution().work(3, 10) == 7
    assert HALF.work(5, 10) == 5
    assert HALF.work(0, 10) < 0.8 * 10
    left = [HALF.work(step, 10) for step in range(11)]
    assert left == sorted(left, reverse=True)
    assert left[10] == 0
    assert Resolution(0.75).work(0, 10) > left[0]


@pytest.mark.parametrize(
    ("said", "shape", "part"),
    [
        ({"resolution": 0.5, "layers": 3}, (3, 32, 32), 0.5),
        ({"resolution": 0.5, "layers": 4}, (3, 32, 32), 0.5),
        ({"resolution": 0.5, "layers": 5}, (3, 32, 32), 1.0),
        ({"resolution": 0.5, "layers": 4, "stride": 2}, (3, 32, 32), 1.0),
        ({"resolution": 0.5, "layers": 3}, (1, 64, 28), 1.0),
        ({"resolution": 0.75, "layers": 3}, (1, 32, 32), 0.75),
        ({"layers": 3}, (3, 32, 32), 1.0),
        ({}, (), 1.0),
    ],
    ids=str,
)
def test_images_too_small_for_it_or_for_the_network_stay_whole(
    said: Params, shape: tuple[int, ...], part: float
) -> None:
    assert Resolution.read(said, Layout(1, shape=shape)).part == part


@pytest.mark.parametrize("layers", range(1, 6))
@pytest.mark.parametrize("name", [FamilyName.CNN, FamilyName.RESNET, FamilyName.DENSENET])
def test_networks_take_images_as_small_as_they_are_given(name: FamilyName, layers: int) -> None:
    for side in (32, 33, 40):
        layout = Layout(side * side, shape=(1, side, side))
        for stride in (1, 2):
            said = params(name, layers=layers)
            said = {**said, "stride": stride} if "stride" in said else said
            module = network(name).build(said, layout, 3)
            x = torch.zeros(2, 1, side, side, dtype=torch.uint8)
            assert module(Resolution.read(said, layout).seen(x, 0, 10)).shape == (2, 3)


def trained(said: Params, resume: State | None = None) -> tuple[State, Watcher]:
    watcher = Watcher()
    fitted = fit(network(FamilyName.RESNET), said, images(), watcher, resume)
    return fitted.state(), watcher


def test_a_training_resumed_among_small_images_ends_as_an_undisturbed_one() -> None:
    said = params(FamilyName.RESNET)
    whole, watcher = trained(said)
    for state in watcher.states[:3]:
        assert equal(trained(said, state)[0], whole)
    assert not equal(trained({**said, "resolution": 1.0})[0], whole)


@pytest.mark.parametrize("name", [FamilyName.CNN, FamilyName.RESNET, FamilyName.DENSENET])
def test_the_space_offers_what_the_training_reads(name: FamilyName) -> None:
    said = params(name, layers=3)
    families.validate(name, said, TaskType.CLASSIFICATION, Modality.IMAGE)
    assert Resolution.read(said, IMAGES) == Resolution(float(said["resolution"]))
    others = (Modality.SERIES, Modality.VOLUME)
    for modality in others:
        space = serving(families.spec(name).space, TaskType.CLASSIFICATION, modality)
        assert "resolution" not in {item.name for item in space}
