"""Temperature and levels of an ensemble: each kept only where rows not chosen on are judged better.

What is chosen on out-of-fold rows would look good on them; so each step is first cross-fitted, and
only if that pays is it chosen on all rows.
"""

import numpy as np

from automl.core import metric
from automl.core.catalog import MetricName
from automl.core.decision import PLAIN, Decision
from automl.core.frame import Floats, Ints
from automl.ensembling.crossfit import Rows, crossfit, deal
from automl.ensembling.levels import LEVELLED, levels
from automl.ensembling.temperature import temperature


def decide(name: MetricName, truth: Ints, mean: Floats, *, positive: int | None) -> Decision:
    """Return what becomes of the members' mean.

    Args:
        name: the study's metric.
        truth: ``(rows,)`` class indices.
        mean: the members' weighted mean out of fold, ``(rows, classes)``.
        positive: see `metric.score`.
    """
    mean = mean / mean.sum(axis=1, keepdims=True)
    parts = deal(truth)
    found = _temperature(name, truth, mean, parts, positive)
    if name not in LEVELLED:
        return Decision(found)
    return Decision(
        found, _levels(name, truth, Decision(found).probabilities(mean), parts, positive)
    )


def _temperature(
    name: MetricName, truth: Ints, mean: Floats, parts: list[Rows], positive: int | None
) -> float:
    judged = np.empty_like(mean)
    for part, found in crossfit(parts, lambda rows: temperature(truth[rows], mean[rows])):
        judged[part] = Decision(found).probabilities(mean[part])

    def better(by: MetricName, new: Floats, old: Floats) -> bool:
        return metric.better(
            by, *(metric.score(by, truth, p, positive=positive) for p in (new, old))
        )

    pays = better(MetricName.LOG_LOSS, judged, mean)
    # Of two classes it changes no order; of more it might, within a class.
    harms = mean.shape[1] > 2 and better(name, mean, judged)
    return temperature(truth, mean) if pays and not harms else PLAIN.temperature


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
