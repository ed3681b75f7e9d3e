"""What a model is measured against: always giving the one answer that the training rows suggest."""

from typing import Any

import numpy as np
import numpy.typing as npt

from automl import tasks
from automl.core import metric
from automl.core.frame import Floats
from automl.core.report import Guess, Number
from automl.core.study import Plan

MOST_ROWS = 100_000
"""Metrics are computed of at most so many rows, evenly spread."""


def guess(plan: Plan, y: npt.NDArray[Any], truth: npt.NDArray[Any]) -> Guess | None:
    """Return what the guess reaches on the judged rows; None without rows or beyond all numbers.

    Args:
        plan: of the study.
        y: targets of the rows that the search saw, ``(n,)``.
        truth: targets of the judged rows, ``(rows,)``.
    """
    truth = truth[:: max(1, -(-len(truth) // MOST_ROWS))]
    if len(truth) == 0 or len(y) == 0:
        return None
    one: Floats = tasks.load(plan.task).baseline(y, plan.outputs)
    repeated = np.ascontiguousarray(np.broadcast_to(one, (len(truth), plan.outputs)))
    metrics = {
        name.value: _number(metric.score(name, truth, repeated, positive=plan.positive))
        for name in metric.allowed(plan.task, len(plan.classes))
    }
    if plan.classes:
        return Guess(answer=plan.classes[int(one.argmax())], metrics=metrics, within={})
    with np.errstate(over="ignore"):
        off = np.abs(truth - one[0, 0])
    if not np.isfinite(2 * off).all():
        return None
    within = {f"{part:g}": float(np.quantile(off, part)) for part in (0.5, 0.9)}
    return Guess(answer=float(one[0, 0]), metrics=metrics, within=within)


def _number(value: float) -> Number:
    return value if np.isfinite(value) else None
