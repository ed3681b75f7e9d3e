"""How predictions are judged: the one place that knows formulas, directions and comparisons.

Values equal scikit-learn's. Where a metric is undefined it is NaN, which is never better than
anything: no rows, a prediction that is not finite, ``roc_auc`` and ``average_precision`` without
both a positive and a negative row, ``r2`` of a single row, ``rmsle`` of a negative target.
Classes that no row has are left out of macro averages; precision, recall and F1 average over the
classes that occur in the targets or in the predicted labels.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.catalog import MetricName, TaskType
from automl.core.frame import Floats, Ints
from automl.core.model import Estimate

_MINIMIZED = frozenset(
    {MetricName.LOG_LOSS, MetricName.RMSE, MetricName.MAE, MetricName.MAPE, MetricName.RMSLE}
)
_EPSILON = float(np.finfo(np.float64).eps)


def maximize(name: MetricName) -> bool:
    """Return whether higher values of the metric are better."""
    return name not in _MINIMIZED


def better(name: MetricName, a: float | None, b: float | None) -> bool:
    """Return whether value ``a`` is better than ``b``; None and NaN are worse than any number."""
    if a is None or np.isnan(a):
        return False
    if b is None or np.isnan(b):
        return True
    return a > b if maximize(name) else a < b


def default(task: TaskType, classes: int) -> MetricName:
    """Return the metric that ``auto`` means."""
    if task is TaskType.REGRESSION:
        return MetricName.RMSE
    return MetricName.ROC_AUC if classes == 2 else MetricName.LOG_LOSS


def allowed(task: TaskType, classes: int) -> tuple[MetricName, ...]:
    """Return the metrics that can judge the task, in the catalog's order."""
    table: Mapping[MetricName, object] = (
        _REGRESSION if task is TaskType.REGRESSION else _CLASSIFICATION
    )
    return tuple(
        name
        for name in MetricName
        if name in table and (name is not MetricName.AVERAGE_PRECISION or classes == 2)
    )


def score(
    name: MetricName, y: npt.NDArray[Any], predictions: Floats, *, positive: int | None
) -> float:
    """Return the metric's value, NaN where it is undefined.

    Args:
        name: The metric.
        y: ``(rows,)`` int64 class indices, or float64 targets.
        predictions: ``(rows, outputs)`` probabilities, or ``(rows, 1)`` values.
        positive: Index of the positive one of two classes; None means the last. Ignored for more.
    """
    if len(y) == 0 or not np.isfinite(predictions).all():
        return float("nan")
    if name in _REGRESSION:
        with np.errstate(over="ignore", invalid="ignore"):
            return float(_REGRESSION[name](np.asarray(y, np.float64), predictions[:, 0]))
    classes = predictions.shape[1]
    chosen = None if classes > 2 else classes - 1 if positive is None else positive
    return float(_CLASSIFICATION[name](np.asarray(y, np.int64), predictions, chosen))


def bootstrap(
    name: MetricName,
    y: npt.NDArray[Any],
    predictions: Floats,
    *,
    positive: int | None,
    seed: int,
    rounds: int = 1000,
) -> Estimate:
    """Return the value with its 95 % percentile interval over resampled rows.

    Rows are drawn with replacement, for classification within each class, so that no resample
    lacks one. Large inputs get fewer rounds (never fewer than 100), by size and not by the clock,
    so the answer repeats.

    Reference:
        Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    value = score(name, y, predictions, positive=positive)
    if np.isnan(value):
        return Estimate(value, value, value)
    first, count, order = _strata(y if name in _CLASSIFICATION else np.zeros(len(y), np.int64))
    y, predictions = y[order], predictions[order]
    random = np.random.default_rng(seed)
    values = []
    for _ in range(min(rounds, max(100, _ROUND_WORK // _cost(name, predictions)))):
        rows = first + (random.random(len(y)) * count).astype(np.int64)
        values.append(score(name, y[rows], predictions[rows], positive=positive))
    finite = np.array(values)[np.isfinite(values)]
    if len(finite) == 0:
        return Estimate(value, value, value)
    low, high = np.percentile(finite, [2.5, 97.5])
    return Estimate(value, float(low), float(high))


_ROUND_WORK = 2_500_000
"""Rows scored in all rounds together: about 0.4 s for a binary AUC on one slow core."""


def _cost(name: MetricName, predictions: Floats) -> int:
    rows, outputs = len(predictions), int(predictions.shape[1])
    if name is MetricName.ROC_AUC and outputs > 2:
        return rows * outputs  # one sort a class
    return rows * (1 + outputs // 8)  # wide rows take longer to copy


def _strata(y: Ints) -> tuple[Ints, Ints, npt.NDArray[np.intp]]:
    """Return, over the rows sorted by class: each row's class's first row and size; the order."""
    order = np.argsort(y, kind="stable")
    _, first, inverse, count = np.unique(
        y[order], return_index=True, return_inverse=True, return_counts=True
    )
    return first[inverse].astype(np.int64), count[inverse].astype(np.int64), order


def _labels(p: Floats) -> npt.NDArray[np.intp]:
    if p.shape[1] == 2:  # ten times faster than argmax over pairs, and ties go to the first alike
        return (p[:, 1] > p[:, 0]).astype(np.intp)
    return np.asarray(np.argmax(p, axis=1), np.intp)


def _confusion(y: Ints, p: Floats) -> Ints:
    """Return ``(classes, classes)`` counts: the true class down, the predicted one across."""
    k = int(p.shape[1])
    counts: Ints = np.bincount(y * k + _labels(p), minlength=k * k)
    return counts.reshape(k, k)


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
    return float(np.sum(gained * hits / (last + 1)))


def _log_loss(y: Ints, p: Floats, _: int | None) -> float:
    chosen = p[np.arange(len(y)), y]
    return float(-np.log(np.clip(chosen, _EPSILON, 1.0 - _EPSILON)).mean())


def _accuracy(y: Ints, p: Floats, _: int | None) -> float:
    return float(np.mean(_labels(p) == y))


def _balanced_accuracy(y: Ints, p: Floats, _: int | None) -> float:
    counts = _confusion(y, p)
    rows = counts.sum(axis=1)
    return float(np.mean(counts.diagonal()[rows > 0] / rows[rows > 0]))


def _ratio(a: Floats | Ints, b: Floats | Ints) -> Floats:
    """Return a / b, 0 where both are 0."""
    return np.divide(a, b, out=np.zeros(len(a)), where=b > 0)


def _precision_recall_f1(y: Ints, p: Floats) -> tuple[Floats, Floats, Floats, Ints]:
    """Return precision, recall and F1 of each class, and how often each occurs on either side."""
    counts = _confusion(y, p)
    right, true, predicted = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    total = true + predicted
    return _ratio(right, predicted), _ratio(right, true), _ratio(2 * right, total), total


def _per_class(part: int, *, macro: bool) -> "Callable[[Ints, Floats, int | None], float]":
    def of(y: Ints, p: Floats, positive: int | None) -> float:
        *parts, occurs = _precision_recall_f1(y, p)
        values = parts[part]
        if positive is not None and not macro:
            return float(values[positive])
        return float(values[occurs > 0].mean())

    return of


_CLASSIFICATION: Mapping[MetricName, Callable[[Ints, Floats, int | None], float]] = (
    MappingProxyType(
        {
            MetricName.ROC_AUC: _roc_auc,
            MetricName.LOG_LOSS: _log_loss,
            MetricName.ACCURACY: _accuracy,
            MetricName.BALANCED_ACCURACY: _balanced_accuracy,
            MetricName.F1: _per_class(2, macro=False),
            MetricName.F1_MACRO: _per_class(2, macro=True),
            MetricName.PRECISION: _per_class(0, macro=False),
            MetricName.RECALL: _per_class(1, macro=False),
            MetricName.AVERAGE_PRECISION: _average_precision,
        }
    )
)


def _rmse(y: Floats, p: Floats) -> float:
    return float(np.sqrt(np.mean((p - y) ** 2)))


def _mae(y: Floats, p: Floats) -> float:
    return float(np.mean(np.abs(p - y)))


def _r2(y: Floats, p: Floats) -> float:
    if len(y) < 2:
        return float("nan")
    residual, spread = np.sum((y - p) ** 2), np.sum((y - y.mean()) ** 2)
    if spread == 0:  # as scikit-learn: a constant target is met exactly or not at all
        return 1.0 if residual == 0 else 0.0
    return float(1.0 - residual / spread)


def _mape(y: Floats, p: Floats) -> float:
    return float(np.mean(np.abs(p - y) / np.maximum(np.abs(y), _EPSILON)))


def _rmsle(y: Floats, p: Floats) -> float:
    if y.min() < 0:
        return float("nan")
    return _rmse(np.log1p(y), np.log1p(np.maximum(p, 0.0)))


_REGRESSION: Mapping[MetricName, Callable[[Floats, Floats], float]] = MappingProxyType(
    {
        MetricName.RMSE: _rmse,
        MetricName.MAE: _mae,
        MetricName.R2: _r2,
        MetricName.MAPE: _mape,
        MetricName.RMSLE: _rmsle,
    }
)
