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

    ``measure`` gives the mean loss and its slopes by the scores, times the rows; ``predict`` what
    the scores mean; ``curvature`` bounds a row's second derivatives from above (Böhning, 1992).
    """

    measure: Callable[[Floats, npt.NDArray[Any]], tuple[float, Floats]]
    predict: Callable[[Floats], Floats]
    columns: int
    curvature: float


def loss_of(task: TaskType, outputs: int) -> Loss:
    """Return the loss of a task with that many outputs."""
    if task is TaskType.REGRESSION:
        return Loss(_squared, lambda scores: scores, 1, 1.0)
    if outputs == 2:
        return Loss(_logistic, _two_classes, 1, 0.25)
    return Loss(_cross_entropy, _softmax, outputs, 0.5)


def _squared(scores: Floats, y: npt.NDArray[Any]) -> tuple[float, Floats]:
    slopes = scores - y[:, None]
    return 0.5 * float(np.mean(slopes**2)), slopes


def _logistic(scores: Floats, y: npt.NDArray[Any]) -> tuple[float, Floats]:
    # log(1 + e^z) − y z, without overflow
    small = np.exp(-np.abs(scores))
    losses = np.log1p(small) + np.maximum(scores, 0.0) - scores * y[:, None]
    chances = np.where(scores >= 0, 1.0, small) / (1.0 + small)
    return float(losses.mean()), chances - y[:, None]


def _cross_entropy(scores: Floats, y: npt.NDArray[Any]) -> tuple[float, Floats]:
    truth = (np.arange(len(y)), y)
    top = scores.max(axis=1, keepdims=True)
    chances = np.exp(scores - top)  # scipy's logsumexp and softmax take four times as long
    totals = chances.sum(axis=1, keepdims=True)
    loss = float(np.mean(np.log(totals) + top)) - float(np.mean(scores[truth]))
    chances /= totals
    chances[truth] -= 1.0
    return loss, chances


def _softmax(scores: Floats) -> Floats:
    result: Floats = softmax(scores, axis=1)
    return result


def _two_classes(scores: Floats) -> Floats:
    return np.hstack([expit(-scores), expit(scores)])
