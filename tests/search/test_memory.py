"""A warm memory gives the proposals of a new one; running trials are lied about, then told."""

import random
from dataclasses import replace

import pytest

from automl import families
from automl.core.catalog import FamilyName, TrialState
from automl.core.hyperparameter import Space
from automl.core.trial import Candidate, Trial
from automl.search.memory import STARTUP_TRIALS, Memory

SPACE = families.spec(FamilyName.MLP).space


def _grow(count: int) -> list[Trial]:
    random.seed(3)
    memory, trials = Memory(), list[Trial]()
    for number in range(count):
        params = memory.propose(FamilyName.MLP, SPACE, trials, maximize=True, seed=number)
        candidate = Candidate(FamilyName.MLP, params)
        trials.append(Trial("s", number, TrialState.COMPLETE, candidate, value=random.random()))
    return trials


def _cold(trials: list[Trial], seed: int, space: Space = SPACE) -> dict[str, object]:
    return dict(Memory().propose(FamilyName.MLP, space, trials, maximize=True, seed=seed))


def test_warm_and_cold_agree_at_every_step() -> None:
    trials = _grow(25)
    for number in (0, 5, 6, 7, 15, 24):
        assert _cold(trials[:number], seed=number) == trials[number].candidate.params


def test_a_memory_that_knows_too_much_starts_over() -> None:
    trials = _grow(20)
    memory = Memory()
    memory.propose(FamilyName.MLP, SPACE, trials, maximize=True, seed=1)
    again = memory.propose(FamilyName.MLP, SPACE, trials[:10], maximize=True, seed=10)
    assert again == trials[10].candidate.params


def test_a_trial_seen_running_counts_by_its_value_once_it_ended() -> None:
    trials = _grow(20)
    running = [*trials[:19], replace(trials[19], state=TrialState.RUNNING, value=None)]
    memory = Memory()
    first = memory.propose(FamilyName.MLP, SPACE, running, maximize=True, seed=99)
    assert first == _cold(running, 99)
    told = memory.propose(FamilyName.MLP, SPACE, trials, maximize=True, seed=99)
    assert told == _cold(trials, 99)


@pytest.mark.parametrize("count", [STARTUP_TRIALS - 1, STARTUP_TRIALS])
def test_a_running_trial_that_fails_leaves_no_trace(count: int) -> None:
    trials = _grow(count)
    running = [*trials, replace(trials[0], number=count, state=TrialState.RUNNING, value=None)]
    failed = [*trials, replace(trials[0], number=count, state=TrialState.FAILED, value=None)]
    memory = Memory()
    memory.propose(FamilyName.MLP, SPACE, running, maximize=True, seed=5)
    warm = memory.propose(FamilyName.MLP, SPACE, failed, maximize=True, seed=5)
    assert warm == _cold(trials, 5)


def test_what_was_settled_for_one_proposal_is_forgotten_at_the_next() -> None:
    trials, memory = _grow(30), Memory()
    within = families.narrow(SPACE, {"optimizer": "adamw", "penalty": "none"})
    for seed in range(4):
        settled = memory.propose(
            FamilyName.MLP, SPACE, trials, maximize=True, seed=seed, within=within
        )
        assert settled["optimizer"] == "adamw"
        free = memory.propose(FamilyName.MLP, SPACE, trials, maximize=True, seed=seed)
        assert free == _cold(trials, seed)


def test_dimensions_with_one_choice_are_taken_as_they_are() -> None:
    fixed = families.narrow(SPACE, {"layers": 2, "optimizer": "sgd"})
    params = _cold([], 0, fixed)
    assert (params["layers"], params["optimizer"]) == (2, "sgd")
    assert "momentum" in params
