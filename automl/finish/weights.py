"""How much each entry counts, and what becomes of their mean: chosen out of fold."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core import metric
from automl.core.catalog import TaskType
from automl.core.decision import PLAIN, Decision
from automl.core.frame import Floats
from automl.core.model import Member
from automl.ensembling.crossfit import Rows, spread
from automl.ensembling.decide import decide as decision_of
from automl.ensembling.greedy import ROUNDS, select
from automl.finish.entries import Entry, OutOfFold
from automl.finish.prices import Price, most, prices, tax
from automl.search.prepare import Prepared

JUDGED_ROWS = 10_000
"""Weights are chosen on about so many rows, evenly spread: the metric is the finish's cost."""

JUDGED_CELLS = 100_000
"""And of these rows so many probabilities tell how sure they are: that is one number to choose."""


def choose_weights(
    prepared: Prepared,
    pool: Sequence[Entry],
    predictions: Sequence[OutOfFold],
    previous: Sequence[Member] = (),
) -> tuple[float, ...]:
    """Return a weight for each entry: the best found out of fold, or the previous if as good."""
    if not prepared.spec.ensemble:
        return (1.0, *([0.0] * (len(pool) - 1)))
    chosen = weigh(prepared, predictions, every(prepared), prices(prepared, pool))
    old = {member.trial: member.weight for member in previous}
    before = tuple(old.get(entry.trial.number, 0.0) for entry in pool)
    if not old or np.count_nonzero(before) < len(old):
        return chosen  # of another study's past, or so far behind that its arrays are gone
    truth = prepared.y[prepared.judged]
    now, then = (prepared.score(truth, mix(predictions, weights)) for weights in (chosen, before))
    return chosen if metric.better(prepared.plan.metric, now, then) else before


def weigh(
    prepared: Prepared,
    predictions: Sequence[OutOfFold],
    rows: Rows,
    paid: Sequence[Price] | None = None,
    *,
    count: int = JUDGED_ROWS,
) -> tuple[float, ...]:
    """Return weights judged on about ``count`` of the ``rows``; a single 1 where that was asked."""
    rows, truth = _some(prepared, rows, count)
    return select(
        [prediction[rows].astype(np.float64) for prediction in predictions],
        lambda mean: prepared.score(truth, mean),
        maximize=metric.maximize(prepared.plan.metric),
        rounds=ROUNDS if prepared.spec.ensemble else 1,
        prices=[price.seconds for price in paid or ()],
        taxes=[tax(prepared.plan, price) for price in paid or ()],
        most=most(prepared),
    )


def decide(prepared: Prepared, mean: Floats, rows: Rows) -> Decision:
    """Return what becomes of the members' ``mean`` (of all judged rows), judged on ``rows``."""
    plan = prepared.plan
    if plan.task is not TaskType.CLASSIFICATION:
        return PLAIN
    rows, truth = _some(prepared, rows, min(JUDGED_ROWS, JUDGED_CELLS // plan.outputs))
    kin = prepared.kin.take(prepared.judged[rows]) if prepared.kin else None
    return decision_of(plan.metric, truth, mean[rows], positive=plan.positive, kin=kin)


def mix(predictions: Sequence[OutOfFold], weights: Sequence[float]) -> Floats:
    """Return the weighted sum of the predictions."""
    mean = np.zeros(predictions[0].shape)
    for prediction, weight in zip(predictions, weights, strict=True):
        if weight > 0:
            mean += weight * prediction.astype(np.float64)
    return mean


def every(prepared: Prepared) -> Rows:
    """Return all of the judged rows."""
    return np.arange(len(prepared.judged))


def _some(prepared: Prepared, rows: Rows, count: int) -> tuple[Rows, npt.NDArray[Any]]:
    """Return about ``count`` of the rows, and their targets."""
    truth = prepared.y[prepared.judged]
    some = rows[spread(truth[rows], count)]
    return some, truth[some]
