"""Which of the best trials are as good as the best, as far as the judged rows can tell."""

from collections.abc import Sequence

import numpy as np

from automl.core import metric
from automl.core.report import Rival
from automl.ensembling.alike import GROUPS, alike
from automl.ensembling.crossfit import spread
from automl.finish.entries import Entry, OutOfFold
from automl.finish.weights import JUDGED_ROWS
from automl.search.prepare import Prepared

CELLS = 2_000_000
"""So many predicted numbers are judged in all: about 0.3 s on one slow core."""


def rivals(
    prepared: Prepared, pool: Sequence[Entry], predictions: Sequence[OutOfFold]
) -> list[Rival]:
    """Return the pool, best first, each compared with the first on the rows that judged both."""
    truth = prepared.y[prepared.judged]
    affordable = CELLS // (GROUPS * len(pool) * prepared.plan.outputs)
    rows = spread(truth, min(JUDGED_ROWS, max(500, affordable)))
    same = alike(truth[rows], [p[rows].astype(np.float64) for p in predictions], prepared.score)
    sign = 1.0 if metric.maximize(prepared.plan.metric) else -1.0
    best = pool[0].trial.value or 0.0
    return [
        Rival(
            trial=entry.trial.number,
            family=entry.trial.candidate.family.value,
            value=entry.trial.value,
            behind=sign * (best - (entry.trial.value or 0.0)),
            alike=known,
        )
        for entry, known in zip(pool, same, strict=True)
    ]
