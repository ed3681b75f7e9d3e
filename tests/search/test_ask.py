"""Asking is a pure function: of the window in replay order, of everything otherwise."""

from dataclasses import replace

import pytest

from automl import families
from automl.core.catalog import (
    FamilyName,
    MetricName,
    TaskType,
    TrialState,
    ValidationStrategy,
)
from automl.core.study import REPLAY_WINDOW, Budget, Plan, StudySpec, TaskSpec
from automl.core.trial import Candidate, Trial
from automl.search.ask import HOPELESS, ask
from automl.search.portfolio import portfolio
from automl.search.spaces import planned

PLAN = Plan(
    task=TaskType.CLASSIFICATION,
    target="y",
    metric=MetricName.ROC_AUC,
    positive=1,
    classes=("a", "b"),
    features=("x",),
    families=tuple(FamilyName),
    strategy=ValidationStrategy.KFOLD,
    folds=5,
    rows=1000,
    test_rows=0,
    dropped_rows=0,
    baseline=0.5,
)
REPLAY = StudySpec("ds_1", TaskSpec(TaskType.CLASSIFICATION, "y"), Budget(trials=50))
TIMED = replace(REPLAY, budget=Budget(seconds=60.0))


def _history(count: int, spec: StudySpec = REPLAY) -> list[Trial]:
    """Return complete trials, each asked from those before it."""
    trials: list[Trial] = []
    for number in range(count):
        candidate = ask(PLAN, spec, trials, number)
        assert candidate is not None
        trials.append(_complete(number, candidate, 0.8 + 0.01 * (number % 7)))
    return trials


def _complete(number: int, candidate: Candidate, value: float, seconds: float = 1.0) -> Trial:
    return Trial("s", number, TrialState.COMPLETE, candidate, value=value, seconds=seconds)


def test_the_portfolio_comes_first_and_the_linear_model_before_all() -> None:
    head = portfolio(REPLAY, PLAN)
    assert head[0].family is FamilyName.LINEAR
    assert [ask(PLAN, REPLAY, [], number) for number in range(len(head))] == list(head)
    assert all(one != other for n, one in enumerate(head) for other in head[:n])


@pytest.mark.parametrize("number", [9, 15, 24])
def test_replay_order_ignores_everything_inside_the_window(number: int) -> None:
    full = _history(number)
    window = full[: number - REPLAY_WINDOW + 1]
    altered = window + [
        replace(trial, value=0.999, candidate=full[0].candidate, state=TrialState.COMPLETE)
        for trial in full[len(window) :]
    ]
    assert ask(PLAN, REPLAY, window, number) == ask(PLAN, REPLAY, altered, number)


def test_replay_order_looks_at_what_lies_before_the_window() -> None:
    one = _history(30)
    other = [replace(t, value=1.6 - (t.value or 0)) for t in one]
    asked = [ask(PLAN, REPLAY, one, n) != ask(PLAN, REPLAY, other, n) for n in range(24, 30)]
    assert any(asked)


@pytest.mark.parametrize(("spec", "behind"), [(TIMED, 0), (REPLAY, REPLAY_WINDOW - 1)])
def test_a_search_whose_trials_all_failed_is_given_up(spec: StudySpec, behind: int) -> None:
    failed = [
        Trial("s", number, TrialState.FAILED, Candidate(FamilyName.LINEAR))
        for number in range(HOPELESS + behind)
    ]

    def asked(history: list[Trial], since: int = 0) -> Candidate | None:
        return ask(PLAN, spec, history, len(history), seconds_left=50.0, since=since)

    assert len(portfolio(spec, PLAN)) < HOPELESS
    assert asked(failed[:-1]) is not None
    assert asked(failed) is None
    assert asked(failed, since=1) is not None  # it was resumed since
    one = _complete(0, failed[0].candidate, 0.8)
    assert asked([one, *failed[1:], replace(failed[0], number=len(failed))]) is not None


def test_measured_seconds_play_no_part_in_replay_order() -> None:
    quick = _history(20)
    slow = [replace(trial, seconds=1000.0, started_at=5.0) for trial in quick]
    assert ask(PLAN, REPLAY, quick, 20) == ask(PLAN, REPLAY, slow, 20)


def test_another_seed_asks_for_something_else() -> None:
    other = replace(REPLAY, seed=1)
    first = len(portfolio(REPLAY, PLAN))
    asked = [ask(PLAN, REPLAY, [], n) != ask(PLAN, other, [], n) for n in range(first, first + 2)]
    assert any(asked)


def test_every_proposal_is_valid_and_serves_the_chosen_families() -> None:
    plan = replace(PLAN, families=(FamilyName.MLP, FamilyName.LIGHTGBM))
    trials: list[Trial] = []
    for number in range(25):
        candidate = ask(plan, REPLAY, trials, number)
        assert candidate is not None
        assert candidate.family in plan.families
        families.validate(candidate.family, candidate.params, plan.task)
        trials.append(_complete(number, candidate, 0.7 + 0.001 * number))


@pytest.mark.parametrize("name", [FamilyName.EXTRA_TREES, FamilyName.RANDOM_FOREST])
def test_what_was_tried_is_not_tried_again(name: FamilyName) -> None:
    """The same candidate has the same seeds: its trial would be for nothing."""
    plan, spec = replace(PLAN, families=(name,)), replace(TIMED, seed=2)
    trials: list[Trial] = []
    for number in range(40):
        candidate = ask(plan, spec, trials, number)
        assert candidate is not None
        assert candidate not in [trial.candidate for trial in trials]
        trials.append(_complete(number, candidate, 0.8 - 0.001 * number))


def test_of_a_space_that_was_tried_whole_something_is_tried_again() -> None:
    plan = replace(PLAN, families=(FamilyName.MLP,))
    spec = replace(REPLAY, families=plan.families)
    only = {item.name: [item.default] for item in planned(spec, plan, FamilyName.MLP)}
    spec = replace(spec, search_space={"mlp": only})
    trials = [_complete(0, ask(plan, spec, [], 0) or Candidate(FamilyName.MLP), 0.8)]
    assert ask(plan, spec, trials, 20) == trials[0].candidate


def test_a_candidate_that_cannot_finish_in_time_is_not_started() -> None:
    head = portfolio(REPLAY, PLAN)
    trials = [
        _complete(n, c, 0.8, seconds=0.5 if c.family is FamilyName.LINEAR else 31.0)
        for n, c in enumerate(head)
    ]
    asked = ask(PLAN, TIMED, trials, len(head), seconds_left=10.0)
    assert asked is not None
    assert asked.family is FamilyName.LINEAR
    assert ask(PLAN, TIMED, trials, len(head), seconds_left=0.2) is None


def test_the_better_family_gets_more_trials_but_not_all() -> None:
    head = portfolio(REPLAY, PLAN)
    values = {FamilyName.LINEAR: 0.75, FamilyName.LIGHTGBM: 0.95, FamilyName.MLP: 0.80}
    first = [*head, *(Candidate(name) for name in FamilyName)]  # not all are in the portfolio
    trials = [_complete(n, c, values.get(c.family, 0.7)) for n, c in enumerate(first)]
    drawn = [ask(PLAN, TIMED, trials, n, seconds_left=50.0) for n in range(len(head), 100)]
    counts = {name: sum(c.family is name for c in drawn if c) for name in FamilyName}
    assert counts[FamilyName.LIGHTGBM] > 40
    assert counts[FamilyName.MLP] >= 1


def test_a_family_foreseen_to_take_far_too_long_is_left_out_in_seconds_only() -> None:
    huge = replace(PLAN, rows=50_000_000)
    trials = [_complete(0, portfolio(TIMED, huge)[0], 0.8, seconds=20.0)]
    asked = ask(huge, TIMED, trials, 1, seconds_left=40.0)
    assert asked is not None
    assert asked.family in (FamilyName.LINEAR, FamilyName.DECISION_TREE)
    replayed = ask(huge, REPLAY, trials, 1)
    assert replayed == portfolio(REPLAY, huge)[1]


def test_of_equal_families_the_cheaper_is_asked_more_often_in_seconds_only() -> None:
    head = portfolio(REPLAY, PLAN)
    dear = [
        _complete(n, c, 0.9, seconds=1.0 if c.family is FamilyName.LIGHTGBM else 16.0)
        for n, c in enumerate(head)
    ]
    same = [replace(trial, seconds=1.0) for trial in dear]
    numbers = range(len(head) + REPLAY_WINDOW, 90)

    def share(spec: StudySpec, trials: list[Trial]) -> int:
        drawn = [ask(PLAN, spec, trials, n, seconds_left=50.0) for n in numbers]
        return sum(c.family is FamilyName.LIGHTGBM for c in drawn if c)

    assert share(TIMED, dear) > 1.3 * share(TIMED, same)
    assert share(REPLAY, dear) == share(REPLAY, same)
