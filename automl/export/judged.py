"""What the judged rows show: classes taken for each other, curves, residuals."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.catalog import MetricName
from automl.core.decision import Decision
from automl.core.formula import RANKING, confusion
from automl.core.frame import Floats, Ints
from automl.core.report import (
    ClassificationReport,
    ClassReport,
    Confused,
    Curves,
    Histogram,
    Number,
    RegressionReport,
)
from automl.core.study import Plan
from automl.export import curves

MOST_CURVES = 10
"""Curves are drawn of the most frequent classes."""
MOST_CLASSES = 50
"""Up to so many classes the whole confusion matrix is kept."""
MOST_MISTAKES = 20
MOST_POINTS = 500
MOST_ROWS = 100_000
"""Curves are drawn of at most so many rows, evenly spread."""
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
HISTOGRAM_BINS = 40


def classification(
    plan: Plan, truth: Ints, judged: Floats, labels: Ints, decision: Decision
) -> ClassificationReport:
    """Return how classes were predicted.

    Args:
        plan: of the study.
        truth: the rows' class indices, ``(rows,)``.
        judged: their probabilities, ``(rows, classes)``.
        labels: the indices predicted, ``(rows,)``.
        decision: how the model comes to them.
    """
    counts = confusion(truth, labels, len(plan.classes))
    names: Any = list(plan.classes)
    return ClassificationReport(
        classes=names,
        confusion=counts.tolist() if len(names) <= MOST_CLASSES else None,
        confused=_confused(names, counts),
        per_class=_per_class(names, counts),
        curves=_curves(plan, truth, judged, decision),
    )


def regression(truth: Floats, predicted: Floats) -> RegressionReport | None:
    """Return the residuals, None where they are too large to be subtracted or counted."""
    with np.errstate(over="ignore"):
        residuals = predicted - truth
        if not np.isfinite(4 * residuals).all() or not np.isfinite(4 * truth).all():
            return None
    counts, edges = np.histogram(residuals, bins=HISTOGRAM_BINS, range=_range(residuals))
    order = np.lexsort((predicted, truth))
    kept = order[np.linspace(0, len(order) - 1, min(MOST_POINTS, len(order))).round().astype(int)]
    off = np.quantile(np.abs(residuals), (0.5, 0.9))
    return RegressionReport(
        residual_quantiles={
            f"{share:g}": float(value)
            for share, value in zip(QUANTILES, np.quantile(residuals, QUANTILES), strict=True)
        },
        residual_mean=float(residuals.mean()),
        within={"0.5": float(off[0]), "0.9": float(off[1])},
        residuals=Histogram(edges=edges.tolist(), counts=counts.tolist()),
        points=list(zip(truth[kept].tolist(), predicted[kept].tolist(), strict=True)),
    )


def _confused(labels: Sequence[str | int], counts: Ints) -> list[Confused]:
    mistakes = counts - np.diag(counts.diagonal())
    order = np.argsort(-mistakes, axis=None, kind="stable")[:MOST_MISTAKES]
    pairs = zip(*np.unravel_index(order, counts.shape), strict=True)
    return [
        Confused(actual=labels[actual], predicted=labels[predicted], rows=int(rows))
        for actual, predicted in pairs
        if (rows := mistakes[actual, predicted]) > 0
    ]


def _per_class(labels: Sequence[str | int], counts: Ints) -> list[ClassReport]:
    right, support, said = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    precision = right / np.maximum(said, 1)
    recall = right / np.maximum(support, 1)
    f1 = 2 * right / np.maximum(said + support, 1)
    return [
        ClassReport(
            label=label,
            precision=float(precision[index]),
            recall=float(recall[index]),
            f1=float(f1[index]),
            support=int(support[index]),
        )
        for index, label in enumerate(labels)
    ]


def _curves(plan: Plan, truth: Ints, judged: Floats, decision: Decision) -> list[Curves]:
    threshold = 0.5
    if plan.positive is not None:
        shown, threshold = [plan.positive], decision.threshold(plan.positive)
    else:
        support = np.bincount(truth, minlength=len(plan.classes))
        shown = sorted(np.argsort(-support, kind="stable")[:MOST_CURVES].tolist())
    step = max(1, -(-len(truth) // MOST_ROWS))
    truth, judged = truth[::step], judged[::step]
    return [
        _curve(plan.classes[index], truth == index, judged[:, index], threshold) for index in shown
    ]


def _curve(
    label: str | int, hit: npt.NDArray[np.bool_], scores: Floats, threshold: float
) -> Curves:
    pair = np.column_stack([1.0 - scores, scores])
    y = hit.astype(np.int64)
    both = 0 < y.sum() < len(y)
    return Curves(
        label=label,
        roc_auc=_number(RANKING[MetricName.ROC_AUC](y, pair, 1)) if both else None,
        average_precision=(
            _number(RANKING[MetricName.AVERAGE_PRECISION](y, pair, 1)) if y.any() else None
        ),
        roc=curves.roc(hit, scores),
        precision_recall=curves.precision_recall(hit, scores),
        calibration=curves.calibration(hit, scores),
        cuts=curves.cuts(hit, scores, threshold=threshold),
        rows=len(hit),
        positives=int(hit.sum()),
    )


def _number(value: float) -> Number:
    return value if np.isfinite(value) else None


def _range(residuals: Floats) -> tuple[float, float]:
    """Return where almost all residuals lie: one that is far off must not flatten the picture."""
    low, high = np.quantile(residuals, (0.005, 0.995)).tolist()
    return (low, high) if high > low else (low - 0.5, high + 0.5)
