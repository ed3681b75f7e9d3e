"""How much each class counts in training."""

from enum import StrEnum

import numpy as np

from automl.core.frame import Floats, Ints


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
