"""How much each class counts in training."""

from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats, Ints
from automl.core.hyperparameter import Params


class ClassWeight(StrEnum):
    """Which classes count more than their rows."""

    NONE = "none"
    BALANCED = "balanced"
    """Every class as much as any other, however few its rows."""


def class_weights(choice: ClassWeight, y: Ints, classes: int) -> Floats:
    """Return what a row of each class counts, ``(classes,)``; the mean over the rows ``y`` is 1."""
    counts = np.bincount(y, minlength=classes)
    present = counts > 0
    if choice is ClassWeight.NONE or not present.any():
        return np.ones(classes)
    return np.where(present, len(y) / (present.sum() * np.maximum(counts, 1)), 0.0)


def row_weights(params: Params, y: npt.NDArray[Any], outputs: int) -> Floats | None:
    """Return what each row counts by the candidate's ``class_weight``; None for all alike."""
    choice = ClassWeight(str(params.get("class_weight", ClassWeight.NONE)))
    if choice is ClassWeight.NONE or outputs == 1:
        return None
    weights: Floats = class_weights(choice, y, outputs)[y]
    return weights
