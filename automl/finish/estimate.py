"""How good the model is: on test rows that nobody saw, else on out-of-fold rows, cross-fitted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from automl.core import metric
from automl.core.catalog import MetricName
from automl.core.frame import Floats
from automl.core.model import Estimate
from automl.ensembling.crossfit import crossfit
from automl.export.portable import Portable
from automl.finish.entries import Entry
from automl.finish.prices import prices
from automl.finish.weights import weigh
from automl.search.prepare import Prepared


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The rows that the final estimate is made of: ``(rows,)`` targets, ``(rows, outputs)``."""

    source: Literal["test", "out_of_fold"]
    truth: npt.NDArray[Any]
    predictions: Floats


def judge(
    prepared: Prepared,
    file: Portable,
    entries: Sequence[Entry],
    predictions: Sequence[Floats],
) -> Judged:
    """Return the rows that tell how good the model is, predicted without having been seen."""
    if prepared.test is not None and len(prepared.test[1]):
        frame, truth = prepared.test
        return Judged("test", truth, file.predict(frame))
    crossed = crossfit(
        predictions,
        _parts(prepared),
        lambda some, rows: weigh(prepared, some, rows, prices(entries)),
    )
    return Judged("out_of_fold", prepared.y[prepared.judged], crossed)


def intervals(prepared: Prepared, judged: Judged) -> dict[MetricName, Estimate]:
    """Return every metric of the task with its 95 % interval."""
    plan, seed = prepared.plan, prepared.spec.seed
    return {
        name: metric.bootstrap(
            name, judged.truth, judged.predictions, positive=plan.positive, seed=seed
        )
        for name in metric.allowed(plan.task, len(plan.classes))
    }


def _parts(prepared: Prepared) -> list[npt.NDArray[np.intp]]:
    if len(prepared.folds) == 1:
        return [np.arange(len(prepared.judged))]
    return [np.searchsorted(prepared.judged, valid) for _, valid in prepared.folds]
