"""How much each entry counts in the ensemble: chosen out of fold."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from automl.core import metric
from automl.core.frame import Floats
from automl.core.model import Member
from automl.ensembling.greedy import select
from automl.finish.entries import Entry
from automl.finish.prices import most, prices
from automl.search.prepare import Prepared

JUDGED_ROWS = 10_000
"""Weights are chosen on at most so many rows, evenly spread: the metric is the finish's cost."""


def choose_weights(
    prepared: Prepared,
    pool: Sequence[Entry],
    predictions: Sequence[Floats],
    previous: Sequence[Member] = (),
) -> tuple[float, ...]:
    """Return a weight for each entry: the best found out of fold, or the previous if as good."""
    chosen = weigh(prepared, predictions, np.arange(len(prepared.judged)), prices(pool))
    old = {member.trial: member.weight for member in previous}
    before = tuple(old.get(entry.trial.number, 0.0) for entry in pool)
    if not old or np.count_nonzero(before) < len(old):
        return chosen  # of another study's past, or so far behind that its arrays are gone
    truth = prepared.y[prepared.judged]
    now, then = (prepared.score(truth, mix(predictions, weights)) for weights in (chosen, before))
    return chosen if metric.better(prepared.plan.metric, now, then) else before


def weigh(
    prepared: Prepared,
    predictions: Sequence[Floats],
    rows: npt.NDArray[np.intp],
    paid: Sequence[float] | None = None,
) -> tuple[float, ...]:
    """Return ensemble weights judged on ``rows`` of the judged rows (all of ``predictions``)."""
    if not prepared.spec.ensemble:
        return (1.0, *([0.0] * (len(predictions) - 1)))
    step = max(1, -(-len(rows) // JUDGED_ROWS))
    truth = prepared.y[prepared.judged][rows][::step]
    return select(
        [prediction[::step] for prediction in predictions],
        lambda mean: prepared.score(truth, mean),
        maximize=metric.maximize(prepared.plan.metric),
        prices=paid,
        most=most(prepared.spec, prepared.plan.outputs),
    )


def mix(predictions: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """Return the weighted sum of the predictions."""
    mean = np.zeros_like(predictions[0])
    for prediction, weight in zip(predictions, weights, strict=True):
        if weight > 0:
            mean += weight * prediction
    return mean
