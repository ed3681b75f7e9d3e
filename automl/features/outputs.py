"""What features learn to tell: a target as columns of numbers."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats

Target: TypeAlias = npt.NDArray[np.int64] | Floats
"""One value a row: classes, or numbers."""

MOST = 10
"""Classes that features are judged by, the most frequent."""


def outputs(y: Target) -> Floats:
    """Return the numbers, or a column of 0 and 1 for each class; of two one says all."""
    if y.dtype.kind == "f":
        return np.asarray(y, np.float64)[:, None]
    counts = np.bincount(y)
    common = np.argsort(-counts, kind="stable")[: MOST if len(counts) > 2 else 1]
    return np.asarray(y[:, None] == common, np.float64)
