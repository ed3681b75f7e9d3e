"""Which classes CatBoost is told of: those that the training rows have; it refuses others."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.catalog import TaskType
from automl.core.frame import Floats, Ints
from automl.core.learner import Fold


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """The outputs of a fold that CatBoost learns; the others have the sum ``absent``."""

    learned: Ints
    outputs: int
    absent: float

    @classmethod
    def of(cls, fold: Fold) -> "Classes":
        """Return the outputs for a fold: one of two classes or of a number, else a class each."""
        if fold.outputs <= 2:
            return cls(np.zeros(1, np.int64), 1, 0.0)
        learned, counts = np.unique(fold.train.y, return_counts=True)
        # Less likely than if it had been seen once, where nothing speaks for any class.
        return cls(learned, fold.outputs, -float(np.log(counts.mean() + 1.0)))

    def labels(self, y: npt.NDArray[Any], task: TaskType) -> npt.NDArray[Any]:
        """Return what CatBoost calls the targets ``y``; a class it does not learn is any other."""
        if task is TaskType.REGRESSION or self.outputs == 1:
            return y
        return np.minimum(np.searchsorted(self.learned, y), len(self.learned) - 1)

    def weights(self, y: npt.NDArray[Any]) -> Floats | None:
        """Return 1 for rows of a class that it learns, else 0; None where all count alike."""
        if self.outputs == 1:
            return None
        known = np.isin(y, self.learned)
        return known.astype(np.float64) if 0 < known.sum() < len(y) else None

    def whole(self, sums: Floats, absent: float) -> Floats:
        """Return learned ``sums`` as ``(rows, outputs)``, ``absent`` for what is not learned."""
        whole = np.full((len(sums), self.outputs), absent)
        whole[:, self.learned] = sums
        return whole
