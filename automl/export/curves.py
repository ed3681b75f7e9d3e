"""Curves of one class against the rest: ROC, precision–recall, calibration; equal scikit-learn's.

Shape: every function takes ``hit`` ``(rows,)`` bool, whether the row is of the class, and
``scores`` ``(rows,)`` float64, its probability.
"""

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats
from automl.core.report import Bin, Cut, Point

MOST_POINTS = 200
BINS = 10

Hits = npt.NDArray[np.bool_]


def roc(hit: Hits, scores: Floats) -> list[Point]:
    """Return (false positive rate, true positive rate) from the highest threshold to the lowest.

    Empty without both a row of the class and one of another.
    """
    positives, negatives = int(hit.sum()), int((~hit).sum())
    if positives == 0 or negatives == 0:
        return []
    found, seen = _steps(hit, scores)
    false = np.append(0, seen - found) / negatives
    true = np.append(0, found) / positives
    return _points(false, true)


def precision_recall(hit: Hits, scores: Floats) -> list[Point]:
    """Return (recall, precision) from the highest threshold to the lowest, after (0, 1).

    Empty without a row of the class.
    """
    positives = int(hit.sum())
    if positives == 0:
        return []
    found, seen = _steps(hit, scores)
    recall = np.append(0, found) / positives
    precision = np.append(1.0, found / np.maximum(seen, 1))
    return _points(recall, precision)


def cuts(hit: Hits, scores: Floats, *, threshold: float) -> list[Cut]:
    """Return (threshold, rows of the class, other rows) at or above thresholds, falling.

    At most `MOST_POINTS` of the scores are thresholds, spread evenly along both rates and the
    probability together, and the ``threshold`` that the model decides by.
    """
    if len(scores) == 0:
        return []
    found, seen = _steps(hit, scores)
    at = -np.sort(-scores)[seen - 1]
    false = seen - found
    kept = np.arange(len(at))
    if len(at) > MOST_POINTS - 1:
        rates = (found / max(1, found[-1]), false / max(1, false[-1]), at)
        kept = _spread(*rates, most=MOST_POINTS - 1)
    above = scores >= threshold
    chosen = (threshold, int((above & hit).sum()), int((above & ~hit).sum()))
    triples = zip(at[kept].tolist(), found[kept].tolist(), false[kept].tolist(), strict=True)
    return sorted({*triples, chosen}, reverse=True)


def calibration(hit: Hits, scores: Floats) -> list[Bin]:
    """Return up to ten bins of about equally many rows, by rising probability."""
    if len(scores) == 0:
        return []
    edges = np.percentile(scores, np.linspace(0, 100, BINS + 1))
    place = np.searchsorted(edges[1:-1], scores)
    rows = np.bincount(place, minlength=BINS)
    predicted = np.bincount(place, weights=scores, minlength=BINS)
    observed = np.bincount(place, weights=hit, minlength=BINS)
    return [
        Bin(
            predicted=float(predicted[index] / rows[index]),
            observed=float(observed[index] / rows[index]),
            rows=int(rows[index]),
        )
        for index in np.flatnonzero(rows)
    ]


def _steps(hit: Hits, scores: Floats) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return, a threshold each: rows of the class at or above it, and all rows there."""
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    return np.cumsum(hit[order], dtype=np.intp)[ends], ends + 1


def _points(x: Floats, y: Floats) -> list[Point]:
    """Return at most `MOST_POINTS` of a curve, spread evenly along its length, both ends kept."""
    if len(x) > MOST_POINTS:
        kept = _spread(x, y, most=MOST_POINTS)
        x, y = x[kept], y[kept]
    return list(zip(x.round(6).tolist(), y.round(6).tolist(), strict=True))


def _spread(*axes: Floats, most: int) -> npt.NDArray[np.intp]:
    """Return at most so many places along a line in space, evenly spread, both ends kept."""
    steps = np.sqrt(sum(np.diff(axis) ** 2 for axis in axes))
    along = np.append(0, np.cumsum(steps))
    wanted = np.linspace(0, along[-1], most)
    return np.unique(np.append(np.searchsorted(along, wanted)[:-1], len(along) - 1))
