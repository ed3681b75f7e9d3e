"""Rungs: where a trial's value so far is held against what others of its family had there.

Successive halving without waiting: a trial goes on while it is among the best third of all that
ended and had come as far. What it must reach is known before it starts, as plain numbers drawn from
the history that its ask looked at, so an evaluation stays a function of its arguments: in replay
order it is pruned at the same rung on any worker, after any crash.

Reference:
    Li et al.: A System for Massively Parallel Hyperparameter Tuning (ASHA), MLSys 2020.
"""

from collections.abc import Sequence
from typing import TypeAlias

from automl.core import metric
from automl.core.catalog import FamilyName, MetricName
from automl.core.errors import TrialPruned
from automl.core.study import REPLAY_WINDOW, Plan, StudySpec
from automl.core.trial import CurvePoint, Rungs, Trial
from automl.search.folds import judged
from automl.search.portfolio import portfolio

Bars: TypeAlias = tuple[float | None, ...]
"""The value to reach at each of `FOLDS`; None asks for nothing."""

FOLDS = (1 / 3, 1, 3)
"""How many folds are trained at each rung, each rung three times the one before. The first is a
third of the first fold's schedule, known of networks only; earlier a schedule says too little. A
part of the rows is none: it orders trees too badly for what it costs (docs/history/search.md)."""

REDUCTION = 3
"""One in so many goes on."""

PEERS = 4
"""With fewer trials of the family that came as far, every one goes on."""

ENOUGH_ROWS = 500
"""At rungs where fewer rows were judged every one goes on: their order there says little, and
trials on so few rows are cheap (german_credit has 94 rows a fold)."""

NO_BARS: Bars = ()


def bars(
    plan: Plan, spec: StudySpec, history: Sequence[Trial], number: int, family: FamilyName
) -> Bars:
    """Return what trial ``number`` of a family must reach; the portfolio's trials nothing.

    Args:
        plan: the study's plan.
        spec: its spec.
        history: trials by number; in replay order only those before the window count.
        number: the trial to be judged.
        family: its family.
    """
    if number < len(portfolio(spec, plan)):
        return NO_BARS
    if spec.budget.replay:
        history = [trial for trial in history if trial.number <= number - REPLAY_WINDOW]
    peers = [trial for trial in history if trial.state.ended and trial.candidate.family is family]
    a_fold = judged(plan)
    return tuple(
        _bar(plan.metric, [t.rungs[rung] for t in peers if len(t.rungs) > rung])
        if max(1, folds) * a_fold >= ENOUGH_ROWS
        else None
        for rung, folds in enumerate(FOLDS)
    )


def stages(bars: Bars, folds: int) -> list[int]:
    """Return the numbers of folds, rising, after which the trial may be pruned, and all of them."""
    asked = {max(1, int(at)) for at, bar in zip(FOLDS, bars, strict=False) if bar is not None}
    return [*sorted(count for count in asked if count < folds), folds]


def _bar(name: MetricName, reached: Sequence[float | None]) -> float | None:
    values = sorted((v for v in reached if v is not None), reverse=metric.maximize(name))
    if len(values) < PEERS:
        return None
    return values[-(-(len(values) + 1) // REDUCTION) - 1]


class Climb:
    """One trial's way up: what it had at each rung, against what it must reach.

    Args:
        name: the study's metric.
        fits: how many fits the whole evaluation has: its folds, and one more where all rows are
            learned from after them. The last one is no rung.
        bars: what must be reached.
        rungs: what an earlier attempt had, up to its checkpoint.
        best: of the first fold's epochs so far, in that attempt.
    """

    def __init__(
        self,
        name: MetricName,
        fits: int,
        bars: Bars,
        rungs: Rungs = (),
        best: float | None = None,
    ) -> None:
        self.rungs = rungs
        self.best = best
        self._name = name
        self._fits = fits
        self._bars = bars

    def epoch(self, point: CurvePoint) -> None:
        """Look at an epoch of the first fold. Raises `TrialPruned`."""
        value = point.value
        if value is not None and (self.best is None or metric.better(self._name, value, self.best)):
            self.best = value
        if point.fraction is not None and point.fraction >= FOLDS[0] and not self.rungs:
            self._reach(0, self.best)

    def fold(self, values: Sequence[float | None]) -> None:
        """Look at the folds done so far. Raises `TrialPruned`."""
        if len(values) in FOLDS and len(values) < self._fits:
            known = [value for value in values if value is not None]
            self._reach(FOLDS.index(len(values)), sum(known) / len(known) if known else None)

    def _reach(self, rung: int, value: float | None) -> None:
        if len(self.rungs) > rung:
            return  # an earlier attempt was here
        self.rungs = (*self.rungs, *([None] * (rung - len(self.rungs))), value)
        bar = self._bars[rung] if rung < len(self._bars) else None
        if bar is not None and (value is None or metric.better(self._name, bar, value)):
            raise TrialPruned(self.rungs)
