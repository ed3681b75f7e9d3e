"""From which probability on a class is said, where the metric cares for more than right rows.

Of two classes a threshold is chosen among their probabilities. Of more, every class has its share
of the rows, to one power between 0 (the most probable class) and 1 (the class whose probability is
most above its share, which is best for balanced accuracy where probabilities are right): a single
number to choose, however many classes there are and however few rows some have.

Reference:
    Menon, Narasimhan, Agarwal and Chawla, On the Statistical Consistency of Algorithms for Binary
    Classification under Class Imbalance, ICML 2013.
"""

from collections.abc import Iterator

import numpy as np

from automl.core import metric
from automl.core.catalog import MetricName
from automl.core.decision import Decision
from automl.core.frame import Floats, Ints

LEVELLED = frozenset({MetricName.BALANCED_ACCURACY, MetricName.F1, MetricName.F1_MACRO})
"""Of the metrics of labels these: for accuracy the most probable class is right, and precision or
recall alone are best served by saying a class hardly ever, or always."""

THRESHOLDS = 50
"""Of the rows of each of two classes, so that a rare one has its own."""
POWERS = 10
_DIGITS = 6


def levels(
    name: MetricName, truth: Ints, probabilities: Floats, *, positive: int | None
) -> tuple[float, ...]:
    """Return the levels whose labels judge best; none where the most probable classes do.

    Args:
        name: one of `LEVELLED`.
        truth: ``(rows,)`` class indices.
        probabilities: ``(rows, classes)``.
        positive: see `metric.score`.
    """

    def score(choice: tuple[float, ...]) -> float:
        labels = Decision(levels=choice).labels(probabilities)
        return metric.score(name, truth, probabilities, positive=positive, labels=labels)

    chosen: tuple[float, ...] = ()
    best = score(chosen)
    offered = _thresholds if probabilities.shape[1] == 2 else _shares
    for choice in offered(truth, probabilities):
        value = score(choice)
        if metric.better(name, value, best):
            chosen, best = choice, value
    return chosen


def _thresholds(truth: Ints, probabilities: Floats) -> Iterator[tuple[float, ...]]:
    """Yield thresholds that part each class into equal numbers, those nearest to a half first."""
    second, parts = probabilities[:, 1], (np.arange(THRESHOLDS) + 0.5) / THRESHOLDS
    sides = [side for side in (second[truth == 0], second[truth == 1]) if len(side)]
    grid = np.unique(np.round(np.concatenate([np.quantile(s, parts) for s in sides]), _DIGITS))
    for threshold in grid[np.argsort(np.abs(grid - 0.5), kind="stable")].tolist():
        if 0 < threshold < 1:
            yield (1.0 - threshold, threshold)


def _shares(truth: Ints, probabilities: Floats) -> Iterator[tuple[float, ...]]:
    """Yield the classes' shares of the rows to rising powers."""
    counts = np.maximum(np.bincount(truth, minlength=probabilities.shape[1]), 1)
    for power in np.arange(1, POWERS + 1) / POWERS:
        shares = (counts / counts.sum()) ** power
        yield tuple(np.round(shares / shares.sum(), _DIGITS).tolist())
