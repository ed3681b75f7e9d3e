"""Temperature and levels of an ensemble: each kept only where rows not chosen on are judged better.

What is chosen on out-of-fold rows would look good on them; so each step is first cross-fitted, and
only if that pays is it chosen on all rows.
"""

from dataclasses import replace

import numpy as np

from automl.core import metric
from automl.core.catalog import MetricName
from automl.core.decision import PLAIN, Decision
from automl.core.frame import Floats, Ints
from automl.core.kin import Kin
from automl.ensembling.crossfit import Rows, crossfit, deal
from automl.ensembling.levels import LEVELLED, levels
from automl.ensembling.odds import odds
from automl.ensembling.temperature import temperature

PAYS = 0.98
"""A line is kept where it spares so much of the log loss that a temperature leaves."""

KEPT = {
    True: frozenset({MetricName.ROC_AUC, MetricName.AVERAGE_PRECISION}),
    False: frozenset[MetricName](),
}
"""The metrics that none of this changes: of two classes those of order."""


def decide(
    name: MetricName, truth: Ints, mean: Floats, *, positive: int | None, kin: Kin | None = None
) -> Decision:
    """Return what becomes of the members' mean.

    Args:
        name: the study's metric.
        truth: ``(rows,)`` class indices.
        mean: the members' weighted mean out of fold, ``(rows, classes)``.
        positive: see `metric.score`.
        kin: which of the rows are one side's, None for none.
    """
    mean = mean / mean.sum(axis=1, keepdims=True)
    parts = deal(truth, kin=kin)
    if len(parts) < 2:
        return PLAIN  # there are no other rows
    found = _sureness(name, truth, mean, parts, positive)
    if name not in LEVELLED:
        return found
    probabilities = found.probabilities(mean)
    return replace(found, levels=_levels(name, truth, probabilities, parts, positive))


def _sureness(
    name: MetricName, truth: Ints, mean: Floats, parts: list[Rows], positive: int | None
) -> Decision:
    """Return a temperature, or of two classes a line through the log odds where that says more."""

    def score(by: MetricName, probabilities: Floats) -> float:
        return metric.score(by, truth, probabilities, positive=positive)

    def tempered(rows: Rows) -> Decision:
        return Decision(temperature(truth[rows], mean[rows]))

    def lined(rows: Rows) -> Decision:
        return odds(truth[rows], mean[rows])

    best, chosen = mean, PLAIN
    for choose in (tempered, lined) if mean.shape[1] == 2 else (tempered,):
        judged = np.empty_like(mean)
        for part, found in crossfit(parts, choose):
            judged[part] = found.probabilities(mean[part])
        least = score(MetricName.LOG_LOSS, best) * (PAYS if choose is lined else 1.0)
        pays = metric.better(MetricName.LOG_LOSS, score(MetricName.LOG_LOSS, judged), least)
        # No line changes the order of two classes' rows; what is more probable it may change.
        harms = name not in KEPT[mean.shape[1] == 2] and metric.better(
            name, score(name, mean), score(name, judged)
        )
        if pays and not harms:
            best, chosen = judged, choose(np.arange(len(truth)))
    return chosen


def _levels(
    name: MetricName, truth: Ints, probabilities: Floats, parts: list[Rows], positive: int | None
) -> tuple[float, ...]:
    def choose(rows: Rows) -> tuple[float, ...]:
        return levels(name, truth[rows], probabilities[rows], positive=positive)

    labels = PLAIN.labels(probabilities)
    plain = metric.score(name, truth, probabilities, positive=positive, labels=labels)
    for part, found in crossfit(parts, choose):
        labels[part] = Decision(levels=found).labels(probabilities[part])
    levelled = metric.score(name, truth, probabilities, positive=positive, labels=labels)
    return choose(np.arange(len(truth))) if metric.better(name, levelled, plain) else PLAIN.levels
