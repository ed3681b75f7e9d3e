"""The losses of linear models: of scores, ``(rows, columns)``, against a target each row.

Two classes need one column (logistic), more one each (softmax), regression one (half the squared
error).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax

from automl.core.catalog import TaskType
from automl.core.frame import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Loss:
    """A loss of scores against ``y``, a class's index or a number a row.

    ``rows`` gives each row's loss and its slopes by the scores; ``predict`` what the scores mean;
    ``curvature`` bounds a row's second derivatives from above (Böhning, 1992).
    """

    rows: Callable[[Floats, npt.NDArray[Any]], tuple[Floats, Floats]]
    predict: Callable[[Floats], Floats]
    columns: int
    curvature: float

    def measure(
        self, scores: Floats, y: npt.NDArray[Any], weights: Floats | None = None
    ) -> tuple[float, Floats]:
        """Return the mean loss and its slopes by the scores, times the rows.

        ``weights`` say what each row counts, 1 in the mean; None for all alike.
        """
        losses, slopes = self.rows(scores, y)
        if weights is None:
            return float(losses.mean()), slopes
        return float((losses * weights).mean()), slopes * weights[:, None]


def loss_of(task: TaskType, outputs: int) -> Loss:
    """Return the loss of a task with that many outputs."""
    if task is TaskType.REGRESSION:
        return Loss(_squared, lambda scores: scores, 1, 1.0)
    if outputs == 2:
        return Loss(_logistic, _two_classes, 1, 0.25)
    return Loss(_cross_entropy, _softmax, outputs, 0.5)


def _squared(scores: Floats, y: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    slopes = scores - y[:, None]
    return 0.5 * slopes[:, 0] ** 2, slopes


def _logistic(scores: Floats, y: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    # log(1 + e^z) − y z, without overflow
    small = np.exp(-np.abs(scores))
    losses = np.log1p(small) + np.maximum(scores, 0.0) - scores * y[:, None]
    chances = np.where(scores >= 0, 1.0, small) / (1.0 + small)
    return losses[:, 0], chances - y[:, None]


def _cross_entropy(scores: Floats, y: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    truth = (np.arange(len(y)), y)
    top = scores.max(axis=1, keepdims=True)
    chances = np.exp(scores - top)  # scipy's logsumexp and softmax take four times as long
    totals = chances.sum(axis=1, keepdims=True)
    losses = (np.log(totals) + top)[:, 0] - scores[truth]
    chances /= totals
    chances[truth] -= 1.0
    return losses, chances


def _softmax(scores: Floats) -> Floats:
    result: Floats = softmax(scores, axis=1)
    return result


def _two_classes(scores: Floats) -> Floats:
    return np.hstack([expit(-scores), expit(scores)])
