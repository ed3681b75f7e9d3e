"""What a trial must reach on its way, and what becomes of one that does not."""

from dataclasses import replace

import pytest

from automl.core.catalog import FamilyName, MetricName, TrialState, ValidationStrategy
from automl.core.errors import TrialPruned
from automl.core.study import REPLAY_WINDOW
from automl.core.trial import Candidate, CurvePoint, Rungs, Trial
from automl.search.memory import Memory
from automl.search.portfolio import portfolio
from automl.search.rungs import NO_BARS, PEERS, Climb, bars, stages
from automl.search.spaces import space
from tests.search import test_ask
from tests.search.test_ask import REPLAY, TIMED

PLAN = replace(test_ask.PLAN, rows=5_000)
MLP = FamilyName.MLP
LATER = len(portfolio(REPLAY, PLAN)) + 20


def _trial(number: int, *rungs: float | None, state: TrialState = TrialState.COMPLETE) -> Trial:
    return Trial("s", number, state, Candidate(MLP), value=0.5, rungs=rungs)


def test_a_bar_is_what_the_best_third_reached_with_the_newcomer_counted() -> None:
    history = [_trial(n, 0.1 * n, 0.5 + 0.01 * n) for n in range(8)]
    third, fold, folds = bars(PLAN, TIMED, history, LATER, MLP)
    assert third == pytest.approx(0.5)
    assert fold == pytest.approx(0.55)
    assert folds is None
    lower = replace(PLAN, metric=MetricName.LOG_LOSS)
    assert bars(lower, TIMED, history, LATER, MLP)[1] == pytest.approx(0.52)


def test_only_ended_trials_of_the_family_count_and_few_ask_for_nothing() -> None:
    history = [_trial(n, 0.1) for n in range(PEERS - 1)]
    others = [
        replace(_trial(10, 0.1), candidate=Candidate(FamilyName.LIGHTGBM)),
        _trial(11, 0.1, state=TrialState.RUNNING),
        _trial(12, None, 0.2),
    ]
    assert bars(PLAN, TIMED, history + others, LATER, MLP) == (None, None, None)
    pruned = _trial(13, 0.1, state=TrialState.PRUNED)
    assert bars(PLAN, TIMED, [*history, *others, pruned], LATER, MLP)[0] == 0.1


def test_the_portfolio_is_never_pruned() -> None:
    history = [_trial(n, 0.9, 0.9, 0.9) for n in range(20)]
    assert bars(PLAN, TIMED, history, len(portfolio(TIMED, PLAN)) - 1, MLP) == NO_BARS
    assert bars(PLAN, TIMED, history, len(portfolio(TIMED, PLAN)), MLP) == (0.9, 0.9, 0.9)


def test_where_few_rows_are_judged_nothing_is_asked_for() -> None:
    history = [_trial(n, 0.9, 0.9, 0.9) for n in range(20)]
    assert bars(replace(PLAN, rows=1_000), TIMED, history, LATER, MLP) == (None, None, 0.9)
    assert bars(replace(PLAN, rows=500), TIMED, history, LATER, MLP) == (None, None, None)


def test_of_a_holdout_only_the_rows_that_judge_count() -> None:
    history = [_trial(n, 0.9, 0.9) for n in range(20)]
    held = replace(PLAN, folds=1, strategy=ValidationStrategy.HOLDOUT)
    assert bars(replace(held, rows=3_000), TIMED, history, LATER, MLP) == (None, None, None)
    assert bars(replace(held, rows=3_400), TIMED, history, LATER, MLP) == (0.9, 0.9, None)


def test_replay_order_looks_no_nearer_than_its_window() -> None:
    history = [_trial(n, 0.1, 0.1, 0.1) for n in range(30)]
    altered = [
        replace(t, rungs=(0.9,), state=TrialState.RUNNING) if t.number > 30 - REPLAY_WINDOW else t
        for t in history
    ]
    assert bars(PLAN, REPLAY, history, 30, MLP) == bars(PLAN, REPLAY, altered, 30, MLP)


def test_a_third_of_the_first_schedule_is_a_rung_by_its_best_epoch() -> None:
    climb = Climb(MetricName.ROC_AUC, 5, (0.7, None, None))
    climb.epoch(CurvePoint(1, value=0.8, fraction=0.2))
    climb.epoch(CurvePoint(2, value=0.6, fraction=0.4))
    climb.epoch(CurvePoint(3, value=0.1, fraction=0.6))
    assert climb.rungs == (0.8,)
    climb = Climb(MetricName.ROC_AUC, 5, (0.81, None, None))
    climb.epoch(CurvePoint(1, value=0.8, fraction=0.3))
    with pytest.raises(TrialPruned) as pruned:
        climb.epoch(CurvePoint(2, value=0.79, fraction=0.34))
    assert pruned.value.rungs == (0.8,)


def test_one_and_three_folds_are_rungs_by_their_mean_but_the_last_is_not() -> None:
    climb = Climb(MetricName.RMSE, 5, (None, 2.0, 2.0))
    climb.fold([1.0])
    climb.fold([1.0, 9.0])
    with pytest.raises(TrialPruned) as pruned:
        climb.fold([1.0, 9.0, 2.0])
    assert pruned.value.rungs == (None, 1.0, 4.0)
    climb = Climb(MetricName.RMSE, 3, (None, 2.0, 2.0))
    climb.fold([1.0])
    climb.fold([1.0, 9.0, 2.0])
    assert climb.rungs == (None, 1.0)


def test_the_last_fold_is_a_rung_where_all_rows_are_learned_from_after_it() -> None:
    climb = Climb(MetricName.RMSE, 2, (None, 2.0))
    with pytest.raises(TrialPruned) as pruned:
        climb.fold([3.0])
    assert pruned.value.rungs == (None, 3.0)
    climb = Climb(MetricName.RMSE, 1, (None, 2.0))
    climb.fold([3.0])
    assert climb.rungs == ()


def test_folds_between_bars_are_trained_in_one_go() -> None:
    assert stages(NO_BARS, 8) == [8]
    assert stages((0.1, None, None), 8) == stages((None, 0.1, None), 8) == [1, 8]
    assert stages((0.1, 0.2, 0.3), 8) == [1, 3, 8]
    assert stages((None, None, 0.3), 3) == [3]


def test_a_later_attempt_is_not_judged_twice_at_a_rung() -> None:
    reached: Rungs = (0.9, 0.9)
    climb = Climb(MetricName.ROC_AUC, 5, (0.95, 0.95, None), reached, 0.9)
    climb.epoch(CurvePoint(1, value=0.8, fraction=0.4))
    climb.fold([0.1])
    assert climb.rungs == reached


def test_proposals_learn_from_pruned_trials_and_not_from_the_order_of_news() -> None:
    dimensions = space(REPLAY, MLP)
    memory = Memory()
    trials: list[Trial] = []
    for number in range(14):
        params = memory.propose(MLP, dimensions, trials, maximize=True, seed=number)
        ended = replace(_trial(number, 0.1 * number), candidate=Candidate(MLP, params))
        trials.append(replace(ended, state=TrialState.RUNNING))
        memory.propose(MLP, dimensions, trials, maximize=True, seed=99)
        pruned = number % 2
        trials[-1] = replace(
            ended,
            state=TrialState.PRUNED if pruned else TrialState.COMPLETE,
            value=None if pruned else 0.5 + 0.01 * number,
        )
    warm = memory.propose(MLP, dimensions, trials, maximize=True, seed=5)
    assert warm == Memory().propose(MLP, dimensions, trials, maximize=True, seed=5)
    unpruned = [t for t in trials if t.state is TrialState.COMPLETE]
    assert warm != Memory().propose(MLP, dimensions, unpruned, maximize=True, seed=5)
