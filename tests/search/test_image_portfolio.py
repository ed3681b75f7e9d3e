"""Images and volumes: two short trainings say what long ones do with mirror images and turns."""

from dataclasses import replace
from itertools import pairwise

import pytest

from automl import families
from automl.core.catalog import FamilyName, Modality, TrialState
from automl.core.hyperparameter import Value
from automl.core.study import Budget, Plan, finish_reserve
from automl.core.trial import Candidate, Trial
from automl.search import cost
from automl.search.ask import ask
from automl.search.portfolio import portfolio
from automl.search.portfolios import image
from tests.search.test_ask import PLAN, REPLAY

CLOCKED = replace(REPLAY, budget=Budget(seconds=300.0))
OF_ARRAYS = (FamilyName.CNN, FamilyName.RESNET)
PLANS = {
    "digits": ((28, 28), Modality.IMAGE),
    "photographs": ((32, 32, 3), Modality.IMAGE),
    "small volumes": ((8, 8, 8), Modality.VOLUME),
    "volumes": ((16, 16, 16), Modality.VOLUME),
    "long volumes": ((40, 12, 10, 2), Modality.VOLUME),
}


def _candidates(name: str) -> tuple[Candidate, ...]:
    shape, modality = PLANS[name]
    plan = replace(
        PLAN, modality=modality, shape=shape, families=OF_ARRAYS, folds=1, rows=3000, test_rows=0
    )
    found = portfolio(CLOCKED, plan)
    for candidate in found:
        families.validate(candidate.family, candidate.params, plan.task, modality)
    return found


def _ended(number: int, candidate: Candidate, value: float) -> Trial:
    return Trial("s", number, TrialState.COMPLETE, candidate, value)


@pytest.mark.parametrize("name", PLANS)
def test_the_short_ones_differ_in_what_means_the_same_alone(name: str) -> None:
    first, second, long, *_ = _candidates(name)
    volumes = PLANS[name][1] is Modality.VOLUME
    differing = {key for key in first.params if first.params[key] != second.params[key]}
    assert differing == ({image.FLIP, image.TURN} if volumes else {image.FLIP})
    epochs = [candidate.params["epochs"] for candidate in (first, long)]
    assert epochs == sorted(epochs)


@pytest.mark.parametrize("name", ["digits", "photographs", "volumes"])
def test_a_short_and_a_long_training_fill_the_seconds_of_the_search(name: str) -> None:
    first, _, long, *_ = _candidates(name)
    shape, modality = PLANS[name]
    plan = replace(PLAN, modality=modality, shape=shape, folds=1, rows=3000, test_rows=0)

    def foreseen(candidate: Candidate) -> float:
        width = int(candidate.params["width"])
        return int(candidate.params["epochs"]) * cost.epoch(plan, candidate.family, width)

    seconds = 300.0 - finish_reserve(300.0, plan.outputs)
    assert 0.9 * image.SHORT * seconds < foreseen(first) <= image.SHORT * seconds
    room = image.ROOM * image.LONG * seconds
    assert long.params["epochs"] == image.MOST_EPOCHS or 0.9 * room < foreseen(long) <= room
    assert foreseen(first) + foreseen(long) > 0.9 * seconds


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("mirrored", [True, False])
def test_long_ones_take_what_helped_the_short_ones(name: str, *, mirrored: bool) -> None:
    found = _candidates(name)
    ended = [
        _ended(number, candidate, 0.6 if candidate.params[image.FLIP] is mirrored else 0.5)
        for number, candidate in enumerate(found[:2])
    ]
    better = next(trial for trial in ended if trial.value == 0.6).candidate.params
    for number in (2, 3):
        taken = image.settled(found[number], number, ended, PLAN).params
        assert taken[image.FLIP] is mirrored
        assert taken.get(image.TURN) == better.get(image.TURN)
        assert taken["epochs"] == found[number].params["epochs"]
        assert image.settled(found[number], number, ended[:1], PLAN) == found[number]


def test_large_volumes_are_looked_at_from_afar_and_therefore_cost_less() -> None:
    strides = {name: _candidates(name)[0].params["stride"] for name in PLANS}
    assert strides == {
        "digits": 1, "photographs": 1, "small volumes": 1, "volumes": 2, "long volumes": 2,
    }  # fmt: skip
    large = replace(PLAN, modality=Modality.VOLUME, shape=(16, 16, 16))
    dense, afar = (cost.epoch(large, name, 16) for name in (FamilyName.CNN, FamilyName.RESNET))
    assert afar < dense / 2


def _of_images(rows: int, side: int) -> Plan:
    return replace(
        PLAN,
        modality=Modality.IMAGE,
        shape=(side, side, 3),
        families=OF_ARRAYS,
        folds=1,
        rows=rows,
        test_rows=0,
    )


def test_seconds_that_bear_few_epochs_are_not_divided() -> None:
    few = portfolio(CLOCKED, _of_images(30_000, 32))
    first, second, *_ = few
    assert first.params["epochs"] == second.params["epochs"]
    fitting = int(first.params["epochs"]) / image.ROOM
    assert image.FEWEST_EPOCHS < fitting < image.DIVIDED_EPOCHS
    assert first.params["flip"] is not second.params["flip"]
    assert first.params["stride"] == 1
    many = portfolio(CLOCKED, _of_images(3_000, 32))
    assert int(many[0].params["epochs"]) < int(many[2].params["epochs"])


@pytest.mark.parametrize(("side", "part"), [(28, 1.0), (32, 0.5)])
def test_large_images_alone_are_seen_small_at_first(side: int, part: float) -> None:
    plan = _of_images(3_000, side)
    assert {candidate.params["resolution"] for candidate in portfolio(CLOCKED, plan)} == {part}
    less = cost.epoch(plan, FamilyName.CNN) / side**2
    assert (less < 0.8 * cost.epoch(_of_images(3_000, 28), FamilyName.CNN) / 28**2) == (part < 1)


def test_images_too_many_for_their_epochs_are_looked_at_from_afar() -> None:
    plan = _of_images(25_000, 64)
    first = portfolio(CLOCKED, plan)[0]
    assert first.params["stride"] == image.AFAR
    families.validate(first.family, first.params, plan.task, plan.modality)
    near = cost.epoch(plan, first.family, 16)
    assert cost.epoch(plan, first.family, 16, every=image.AFAR) < near / 3


@pytest.mark.parametrize("names", [OF_ARRAYS, (FamilyName.TRANSFORMER,)])
def test_no_worker_is_idle_beside_images_too_large_for_an_epoch(
    names: tuple[FamilyName, ...],
) -> None:
    plan = replace(_of_images(60_000, 128), families=names)
    assert cost.epoch(plan, FamilyName.RESNET, 16, every=2) > 100.0
    begun: list[Trial] = []
    for number in range(4):
        candidate = ask(plan, CLOCKED, begun, number, seconds_left=270.0 - number)
        assert candidate is not None
        begun.append(Trial("s", number, TrialState.RUNNING, candidate))
    assert all(one.candidate != two.candidate for one, two in pairwise(begun))
    took = [replace(each, state=TrialState.COMPLETE, value=0.8, seconds=250.0) for each in begun]
    assert ask(plan, CLOCKED, took, 4, seconds_left=10.0) is None


def test_late_nothing_is_begun_that_was_never_timed() -> None:
    plan = _of_images(60_000, 128)
    assert ask(plan, CLOCKED, [], 1, seconds_left=30.0) is None


@pytest.mark.parametrize(
    ("rows", "side", "batch"),
    [(6_000, 28, 64), (1_000, 28, "auto"), (30_000, 28, "auto"), (6_000, 128, "auto")],
)
def test_few_small_images_come_in_small_batches(rows: int, side: int, batch: Value) -> None:
    first, second, *_ = portfolio(CLOCKED, _of_images(rows, side))
    assert [first.params["batch_size"], second.params["batch_size"]] == [batch, batch]
