"""What trains beside a candidate: of its shape, never it again, and found as ever."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from automl import families
from automl.core.catalog import FamilyName, TrialState
from automl.core.hyperparameter import Value, defaults
from automl.core.trial import Candidate, Trial
from automl.search import group
from automl.search.ask import ask
from automl.search.memory import Memory
from automl.search.spaces import planned
from tests.search.test_ask import PLAN, TIMED

MLP = replace(PLAN, families=(FamilyName.MLP,))
FREE = frozenset({"learning_rate", "dropout", "schedule", "warmup"})


@pytest.fixture(autouse=True)
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "free", lambda _: FREE)


def history(count: int) -> list[Trial]:
    """Return complete trials, the higher the learning rate the better."""
    trials: list[Trial] = []
    for number in range(count):
        candidate = ask(MLP, TIMED, trials, number, seconds_left=50.0)
        assert candidate is not None
        value = 0.5 + float(candidate.params["learning_rate"])
        trials.append(complete(number, candidate, value))
    return trials


def complete(number: int, candidate: Candidate, value: float) -> Trial:
    return Trial("s", number, TrialState.COMPLETE, candidate, value=value, seconds=1.0)


def company(trials: list[Trial], most: int, *, seed: int = 0) -> list[Candidate]:
    """Return the next candidate and those that train beside it, all running."""
    spec = replace(TIMED, seed=seed)
    first = ask(MLP, spec, trials, len(trials), seconds_left=50.0)
    assert first is not None
    found = [first]
    while len(found) < most:
        running = [
            Trial("s", len(trials) + place, TrialState.RUNNING, each)
            for place, each in enumerate(found)
        ]
        now = [*trials, *running]
        other = ask(MLP, spec, now, len(now), seconds_left=50.0, beside=first)
        assert other is not None
        found.append(other)
    return found


def shape(candidate: Candidate) -> Mapping[str, Value]:
    return {name: value for name, value in candidate.params.items() if name not in FREE}


@pytest.mark.parametrize("count", [3, 40])
def test_members_share_a_shape_differ_and_are_valid(count: int) -> None:
    trials = history(count)
    found = company(trials, 8)
    assert all(shape(each) == shape(found[0]) for each in found)
    every = [*(trial.candidate for trial in trials), *found]
    assert all(one != other for place, one in enumerate(every) for other in every[:place])
    for each in found:
        families.validate(each.family, each.params, MLP.task)


def test_the_same_arguments_ask_for_the_same_and_a_warm_memory_changes_nothing() -> None:
    trials = history(40)
    first = ask(MLP, TIMED, trials, 40, seconds_left=50.0)
    assert first is not None
    memory = Memory()
    ask(MLP, TIMED, trials[:30], 30, seconds_left=50.0, memory=memory)
    cold, warm = (
        ask(MLP, TIMED, trials, 41, seconds_left=9.0, memory=each, beside=first)
        for each in (None, memory)
    )
    assert cold == warm != first
    assert cold != ask(MLP, TIMED, trials, 42, seconds_left=9.0, beside=first)


def test_the_free_hyperparameters_are_those_that_do_well() -> None:
    usual = defaults(planned(TIMED, MLP, FamilyName.MLP))
    rates = [1e-4 * 10 ** (3 * place / 39) for place in range(40)]
    trials = [
        complete(number, Candidate(FamilyName.MLP, {**usual, "learning_rate": rate}), rate)
        for number, rate in enumerate(rates)
    ]
    found = [each for seed in range(8) for each in company(trials, 8, seed=seed)[1:]]
    asked = sorted(float(each.params["learning_rate"]) for each in found)
    assert asked[len(asked) // 2] > rates[23]  # at random: of the middle, rates[20]


def test_where_nothing_may_differ_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = history(3)
    first = trials[-1].candidate
    monkeypatch.setattr(group, "free", lambda _: frozenset())
    assert ask(MLP, TIMED, trials, 3, seconds_left=50.0, beside=first) is None


def test_nobody_joins_who_could_not_end_in_time() -> None:
    trials = history(3)
    first = trials[-1].candidate
    assert ask(MLP, TIMED, trials, 3, seconds_left=5.0, beside=first) is not None
    assert ask(MLP, TIMED, trials, 3, seconds_left=0.1, beside=first) is None
