"""How the entries are put together, and what becomes of that: chosen out of fold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core import metric
from automl.core.catalog import Modality, TaskType
from automl.core.decision import PLAIN, Decision
from automl.core.frame import Floats
from automl.core.kin import Kin
from automl.core.mixture import Mixture
from automl.core.model import ModelCard
from automl.core.study import Objective
from automl.ensembling.blend import Blend, Charges, blend, refit
from automl.ensembling.crossfit import Rows, deal, spread
from automl.ensembling.decide import decide as decision_of
from automl.ensembling.greedy import ROUNDS, select
from automl.ensembling.temperature import temperature
from automl.finish.entries import Entry, OutOfFold
from automl.finish.prices import Price, most, prices, tax
from automl.search.prepare import Prepared

JUDGED_ROWS = 10_000
"""Weights are chosen on about so many rows, evenly spread: the metric is the finish's cost."""

JUDGED_CELLS = 100_000
"""And of these rows so many probabilities tell how sure they are: that is one number to choose."""

BLENDED_CELLS = 50_000
"""About so many probabilities of each candidate say how it is blended: all are in memory then.
Where some rows of every class are four times as many the greedy weights stay."""

LEAST_BLENDED = 500
"""With fewer rows a blend is hardly ever kept, and when it is by chance."""

CROSSED_ROWS = JUDGED_ROWS // 2
"""Fewer than for the weights themselves where they are chosen once a part."""


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """How the entries of a pool are put together, and how that was found."""

    mixture: Mixture
    blend: Blend | None = None
    """None where the weights are greedy ones."""


def choose(
    prepared: Prepared,
    pool: Sequence[Entry],
    predictions: Sequence[OutOfFold],
    previous: ModelCard | None = None,
) -> Chosen:
    """Return the best mixture of the entries found out of fold, or the previous if as good."""
    if not prepared.spec.ensemble:
        return Chosen(Mixture((1.0, *([0.0] * (len(pool) - 1)))))
    paid = prices(prepared, pool)
    start = weigh(prepared, predictions, every(prepared), paid)
    found = _blend(prepared, predictions, start, paid)
    chosen = Chosen(_mixture(prepared, start, found), found)
    old = {member.trial: member.weight for member in previous.members} if previous else {}
    before = tuple(old.get(entry.trial.number, 0.0) for entry in pool)
    if previous is None or np.count_nonzero(before) < len(old):
        return chosen  # of another study's past, or so far behind that its arrays are gone
    then = Mixture(before, previous.geometric)
    truth = prepared.y[prepared.judged]
    now, past = (_error(prepared, truth, m.of(predictions)) for m in (chosen.mixture, then))
    return chosen if now < past else Chosen(then, found)


def choose_again(
    prepared: Prepared,
    predictions: Sequence[OutOfFold],
    rows: Rows,
    paid: Sequence[Price],
    found: Blend | None,
) -> Mixture:
    """Return the mixture that those ``rows`` alone would have led to, found the same way."""
    start = weigh(prepared, predictions, rows, paid, count=CROSSED_ROWS)
    if found is None:
        return Mixture(start)
    some, truth = _some(prepared, rows, _blended_rows(prepared))
    learned = [prediction[some].astype(np.float64) for prediction in predictions]
    again = replace(found, weights=refit(truth, learned, start, found.kept, found.ridge))
    return _mixture(prepared, start, again)


def _mixture(prepared: Prepared, start: tuple[float, ...], found: Blend | None) -> Mixture:
    if found is None:
        return Mixture(start)
    return Mixture(found.weights, geometric=prepared.plan.task is TaskType.CLASSIFICATION)


def _blend(
    prepared: Prepared,
    predictions: Sequence[OutOfFold],
    start: tuple[float, ...],
    paid: Sequence[Price],
) -> Blend | None:
    """Return weights better than the greedy ones, where rows are enough to tell."""
    plan = prepared.plan
    bounded = prepared.spec.objective != Objective()  # what is too large goes member by member
    if plan.modality is not Modality.TABLE or bounded or len(prepared.judged) < LEAST_BLENDED:
        return None
    rows, truth = _some(prepared, every(prepared), _blended_rows(prepared))
    if len(rows) * plan.outputs > 4 * BLENDED_CELLS:
        return None
    return blend(
        truth,
        [prediction[rows].astype(np.float64) for prediction in predictions],
        start,
        lambda mean: _error(prepared, truth, mean),
        charges=Charges(
            taxes=np.array([tax(plan, price) for price in paid]),
            prices=np.array([price.seconds for price in paid]),
            most=most(prepared),
        ),
        parts=deal(truth, kin=_kin(prepared, rows)),
    )


def _blended_rows(prepared: Prepared) -> int:
    return min(JUDGED_ROWS, BLENDED_CELLS // prepared.plan.outputs)


def _error(prepared: Prepared, truth: npt.NDArray[Any], mean: Floats) -> float:
    """Return how wrong a mixture is as it will be handed out: as sure as it may be."""
    if prepared.plan.task is TaskType.CLASSIFICATION:
        shares = mean / mean.sum(axis=1, keepdims=True)
        mean = Decision(temperature(truth, shares)).probabilities(shares)
    return metric.error(prepared.plan.metric, prepared.score(truth, mean))


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
    kin = _kin(prepared, rows)
    return decision_of(plan.metric, truth, mean[rows], positive=plan.positive, kin=kin)


def every(prepared: Prepared) -> Rows:
    """Return all of the judged rows."""
    return np.arange(len(prepared.judged))


def _some(prepared: Prepared, rows: Rows, count: int) -> tuple[Rows, npt.NDArray[Any]]:
    """Return about ``count`` of the rows, and their targets."""
    truth = prepared.y[prepared.judged]
    some = rows[spread(truth[rows], count)]
    return some, truth[some]


def _kin(prepared: Prepared, rows: Rows) -> Kin | None:
    return prepared.kin.take(prepared.judged[rows]) if prepared.kin else None
