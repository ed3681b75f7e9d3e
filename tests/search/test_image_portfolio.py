"""Images and volumes: two short trainings say what long ones do with mirror images and turns."""

from dataclasses import replace

import pytest

from automl import families
from automl.core.catalog import FamilyName, Modality, TrialState
from automl.core.study import Budget, finish_reserve
from automl.core.trial import Candidate, Trial
from automl.search import cost
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
    assert 0.9 * seconds < foreseen(first) + foreseen(long) <= seconds


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
    strides = {name: _candidates(name)[0].params.get("stride") for name in PLANS}
    assert strides == {
        "digits": None, "photographs": None, "small volumes": 1, "volumes": 2, "long volumes": 2,
    }  # fmt: skip
    large = replace(PLAN, modality=Modality.VOLUME, shape=(16, 16, 16))
    dense, afar = (cost.epoch(large, name, 16) for name in (FamilyName.CNN, FamilyName.RESNET))
    assert afar < dense / 2
