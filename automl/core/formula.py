"""The formulas of the metrics, by what they are functions of; ``metric.py`` is how to use them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from automl.core.catalog import MetricName
from automl.core.frame import Floats, Ints

EPSILON = float(np.finfo(np.float64).eps)


def confusion(y: Ints, labels: Ints, classes: int) -> Ints:
    """Return ``(classes, classes)`` counts: the true class down, the predicted one across."""
    counts: Ints = np.bincount(y * classes + labels, minlength=classes * classes)
    return counts.reshape(classes, classes)


def most_probable(p: Floats) -> Ints:
    """Return the class of the highest probability, ``(rows,)``; the first of equals."""
    if p.shape[1] == 2:  # ten times faster than argmax over pairs, and ties go to the first alike
        return (p[:, 1] > p[:, 0]).astype(np.int64)
    return np.asarray(np.argmax(p, axis=1), np.int64)


def _roc_auc(y: Ints, p: Floats, positive: int | None) -> float:
    if positive is not None:
        return _binary_auc(y == positive, p[:, positive])
    aucs = [_binary_auc(y == k, p[:, k]) for k in range(p.shape[1])]
    defined = [auc for auc in aucs if not np.isnan(auc)]
    return float(np.mean(defined)) if defined else float("nan")


def _binary_auc(hit: npt.NDArray[np.bool_], scores: Floats) -> float:
    # The share of (positive, negative) pairs in the right order, ties half: two sorts and a merge
    # take a third of the time of ranking all rows.
    above, below = np.sort(scores[hit]), np.sort(scores[~hit])
    if len(above) == 0 or len(below) == 0:
        return float("nan")
    swapped = len(above) > len(below)
    few, many = (below, above) if swapped else (above, below)
    pairs = np.searchsorted(many, few, "left").sum() + np.searchsorted(many, few, "right").sum()
    share = float(pairs) / 2.0 / len(above) / len(below)
    return 1.0 - share if swapped else share


def _average_precision(y: Ints, p: Floats, positive: int | None) -> float:
    if positive is None:
        raise ValueError("average_precision is defined for two classes only")
    scores = p[:, positive]
    order = np.argsort(-scores, kind="stable")
    scores, hit = scores[order], (y == positive)[order]
    last = np.flatnonzero(np.append(np.diff(scores) != 0, True))  # ends of ties
    hits = np.cumsum(hit)[last]
    if hits[-1] == 0:
        return float("nan")
    gained = np.diff(hits, prepend=0) / hits[-1]
    return min(1.0, float(np.sum(gained * hits / (last + 1))))  # a perfect sum may end above one


def _log_loss(y: Ints, p: Floats, _: int | None) -> float:
    chosen = p[np.arange(len(y)), y]
    return float(-np.log(np.clip(chosen, EPSILON, 1.0 - EPSILON)).mean())


def _accuracy(counts: Ints, _: int | None) -> float:
    return float(counts.trace() / counts.sum())


def _balanced_accuracy(counts: Ints, _: int | None) -> float:
    rows = counts.sum(axis=1)
    return float(np.mean(counts.diagonal()[rows > 0] / rows[rows > 0]))


def _precision(counts: Ints, positive: int | None) -> float:
    return _of_class(counts.diagonal(), counts.sum(axis=0), counts, positive)


def _recall(counts: Ints, positive: int | None) -> float:
    return _of_class(counts.diagonal(), counts.sum(axis=1), counts, positive)


def _f1(counts: Ints, positive: int | None) -> float:
    return _of_class(2 * counts.diagonal(), _occurrences(counts), counts, positive)


def _f1_macro(counts: Ints, _: int | None) -> float:
    return _f1(counts, None)


def _occurrences(counts: Ints) -> Ints:
    return np.asarray(counts.sum(axis=0) + counts.sum(axis=1), np.int64)


def _of_class(part: Ints, whole: Ints, counts: Ints, positive: int | None) -> float:
    """Return part / whole (0 / 0 is 0) of the positive class, or averaged over those that occur."""
    ratio = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    if positive is not None:
        return float(ratio[positive])
    return float(ratio[_occurrences(counts) > 0].mean())


RANKING: Mapping[MetricName, Callable[[Ints, Floats, int | None], float]] = MappingProxyType(
    {
        MetricName.ROC_AUC: _roc_auc,
        MetricName.LOG_LOSS: _log_loss,
        MetricName.AVERAGE_PRECISION: _average_precision,
    }
)
"""Functions of targets and probabilities."""

COUNTING: Mapping[MetricName, Callable[[Ints, int | None], float]] = MappingProxyType(
    {
        MetricName.ACCURACY: _accuracy,
        MetricName.BALANCED_ACCURACY: _balanced_accuracy,
        MetricName.F1: _f1,
        MetricName.F1_MACRO: _f1_macro,
        MetricName.PRECISION: _precision,
        MetricName.RECALL: _recall,
    }
)
"""Functions of the confusion matrix alone."""


def _squared(y: Floats, p: Floats) -> Floats:
    return np.asarray((p - y) ** 2)


def _absolute(y: Floats, p: Floats) -> Floats:
    return np.abs(p - y)


def _relative(y: Floats, p: Floats) -> Floats:
    return np.abs(p - y) / np.maximum(np.abs(y), EPSILON)


def _logarithmic(y: Floats, p: Floats) -> Floats:
    return _squared(np.log1p(y), np.log1p(np.maximum(p, 0.0)))


ROW_LOSSES: Mapping[MetricName, Callable[[Floats, Floats], Floats]] = MappingProxyType(
    {
        MetricName.RMSE: _squared,
        MetricName.MAE: _absolute,
        MetricName.MAPE: _relative,
        MetricName.RMSLE: _logarithmic,
    }
)
"""What each row adds to the metrics that are means over rows, or roots of them."""

ROOTS = frozenset({MetricName.RMSE, MetricName.RMSLE})
"""The metrics that are the root of a mean."""


def _rmse(y: Floats, p: Floats) -> float:
    return float(np.sqrt(np.mean(_squared(y, p))))


def _mae(y: Floats, p: Floats) -> float:
    return float(np.mean(_absolute(y, p)))


def _r2(y: Floats, p: Floats) -> float:
    if len(y) < 2:
        return float("nan")
    residual, spread = np.sum((y - p) ** 2), np.sum((y - y.mean()) ** 2)
    if spread == 0:  # as scikit-learn: a constant target is met exactly or not at all
        return 1.0 if residual == 0 else 0.0
    return float(1.0 - residual / spread)


def _mape(y: Floats, p: Floats) -> float:
    return float(np.mean(_relative(y, p)))


def _rmsle(y: Floats, p: Floats) -> float:
    if y.min() < 0:
        return float("nan")
    return float(np.sqrt(np.mean(_logarithmic(y, p))))


REGRESSION: Mapping[MetricName, Callable[[Floats, Floats], float]] = MappingProxyType(
    {
        MetricName.RMSE: _rmse,
        MetricName.MAE: _mae,
        MetricName.R2: _r2,
        MetricName.MAPE: _mape,
        MetricName.RMSLE: _rmsle,
    }
)
