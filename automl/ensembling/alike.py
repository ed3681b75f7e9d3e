"""Which predictions cannot be told apart from the best, judged on the same rows.

Reference:
    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 11, on the jackknife; here
    of groups of rows, so that it costs ten values of the metric whatever the rows.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats
from automl.ensembling.crossfit import Rows, deal

GROUPS = 10
QUANTILE = 2.262
"""Of Student's distribution of nine degrees of freedom, two-sided 95 %."""


def alike(
    truth: npt.NDArray[Any],
    predictions: Sequence[Floats],
    score: Callable[[npt.NDArray[Any], Floats], float],
) -> list[bool]:
    """Return for each of ``predictions`` whether its score may be as good as that of the first.

    The differences to the first are paired: taken on equal rows, each group of them left out once.
    Where the metric is undefined on some, nothing can be told apart.
    """
    groups = deal(truth, GROUPS)

    def scores(rows: Rows) -> Floats:
        return np.array([score(truth[rows], prediction[rows]) for prediction in predictions])

    whole = scores(np.arange(len(truth)))
    left = np.array([scores(np.setdiff1d(np.arange(len(truth)), group)) for group in groups])
    differences = left - left[:, :1]
    spread = ((differences - differences.mean(axis=0)) ** 2).sum(axis=0)
    error = np.sqrt((len(groups) - 1) / len(groups) * spread)
    return [not apart for apart in np.abs(whole - whole[0]) > QUANTILE * error]
