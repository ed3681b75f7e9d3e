"""How good predictions are: every metric, and the one error by which systems are compared."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import metrics

Floats = npt.NDArray[np.float64]
LEAST = 1e-7
"""A probability below this counts as this: one certain mistake must not decide a log loss."""

METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}
"""What every system is asked to optimise, by the kind of problem."""


class BadAnswers(ValueError):
    """Predictions have the wrong shape or are no numbers."""


@dataclass(frozen=True)
class Score:
    """``error`` is 1 − ROC AUC, log loss or RMSE: lower is better for all."""

    error: float
    scores: dict[str, float]


def kind(labels: int) -> str:
    """Return the kind of problem by the number of classes, 0 for regression."""
    return "regression" if not labels else "binary" if labels == 2 else "multiclass"


def score(truth: npt.NDArray[Any], answers: Floats, *, labels: int) -> Score:
    """Compare ``(rows,)`` values, or ``(rows, labels)`` probabilities, with values or class codes.

    Raises:
        BadAnswers: the predictions have another shape, or are not all finite.
    """
    wanted = (len(truth), labels) if labels else (len(truth),)
    if answers.shape != wanted:
        raise BadAnswers(f"predictions of shape {answers.shape}, not {wanted}")
    if not np.isfinite(answers).all():
        raise BadAnswers("predictions that are not finite")
    scores = _classification(truth, answers) if labels else _regression(truth, answers)
    chosen = scores[METRICS[kind(labels)]]
    return Score(1 - chosen if labels == 2 else chosen, scores)


def _regression(truth: Floats, values: Floats) -> dict[str, float]:
    return {
        "rmse": float(metrics.root_mean_squared_error(truth, values)),
        "mae": float(metrics.mean_absolute_error(truth, values)),
        "r2": float(metrics.r2_score(truth, values)),
    }


def _classification(truth: npt.NDArray[np.int64], shares: Floats) -> dict[str, float]:
    labels = shares.shape[1]
    found = shares.argmax(axis=1)
    sure = np.clip(shares, LEAST, 1)
    sure /= sure.sum(axis=1, keepdims=True)
    scores = {
        "log_loss": float(metrics.log_loss(truth, sure, labels=list(range(labels)))),
        "accuracy": float(metrics.accuracy_score(truth, found)),
    }
    if labels == 2:
        scores["roc_auc"] = float(metrics.roc_auc_score(truth, shares[:, 1]))
    return scores
