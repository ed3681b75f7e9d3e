"""Is a model file within what its user allows: its bytes, and its time for one row?"""

import time
from dataclasses import dataclass

import numpy as np

from automl.core.frame import Frame
from automl.core.study import Objective
from automl.export.parity import feeds
from automl.export.portable import Portable

RUNS = 50
WARM_UP = 5


@dataclass(frozen=True, slots=True)
class Measure:
    """A file's bytes and its median milliseconds for one row, None where nobody asked."""

    bytes: int
    row_ms: float | None

    def excess(self, objective: Objective) -> float:
        """Return how many times its bound the file takes, at worst; within them up to 1."""
        size = self.bytes / objective.max_model_bytes if objective.max_model_bytes else 0.0
        if self.row_ms is None or objective.max_row_ms is None:
            return size
        return max(size, self.row_ms / objective.max_row_ms)


def measure(file: Portable, size: int, objective: Objective, frame: Frame) -> Measure:
    """Return what a file of ``size`` bytes takes; rows of ``frame`` are scored one at a time."""
    if objective.max_row_ms is None:
        return Measure(size, None)
    taken = []
    for run in range(WARM_UP + RUNS):
        row = feeds(frame.take(np.array([run % frame.rows])), file.inputs)
        begun = time.perf_counter()
        file.session.run(row)
        taken.append(time.perf_counter() - begun)
    return Measure(size, 1000 * float(np.median(taken[WARM_UP:])))
