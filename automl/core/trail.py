"""What a training said of its validation rows on its way, to be judged where all folds end.

A fold that ends where its own rows say is judged by the rows that chose its end: with a hundred of
them boosted trees looked up to a tenth better than they are, and forests, who choose no end, did
not (docs/history/search.md). One end for all folds of a candidate is a single number, chosen on all
of their rows.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats
from automl.core.state import State

_EVERY = 20
"""So many of the first steps are all remembered, later ones a twentieth to a fortieth apart."""


@dataclass(slots=True, eq=False)
class Trail:
    """Steps (epochs, or rounds) in rising order, and what was said and lost at each.

    ``losses`` are the less the better, NaN where the rows define none; ``said`` holds
    ``(rows, outputs)`` float32 of each step, as ``Fitted.predict`` returns them.
    """

    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    said: list[npt.NDArray[np.float32]] = field(default_factory=list)

    def add(self, step: int, loss: float, said: Floats) -> None:
        """Remember the step."""
        self.steps.append(step)
        self.losses.append(loss)
        self.said.append(said.astype(np.float32))

    def cut(self, step: int) -> None:
        """Forget what came after that step."""
        count = bisect_right(self.steps, step)
        del self.steps[count:], self.losses[count:], self.said[count:]

    def at(self, step: int) -> Floats:
        """Return what was said at that step, or at the last one before it."""
        return self.said[self._place(step)].astype(np.float64)

    def loss(self, step: int) -> float:
        """Return what was lost then."""
        return self.losses[self._place(step)]

    def _place(self, step: int) -> int:
        return max(0, bisect_right(self.steps, step) - 1)

    def state(self) -> State:
        """Return this as plain data."""
        arrays = {"steps": np.array(self.steps, np.int64), "losses": np.array(self.losses)}
        return State({}, {**arrays, "said": np.stack(self.said)}) if self.steps else State()

    @classmethod
    def load(cls, state: State) -> "Trail":
        """Return what ``state`` once wrote down."""
        if not state.arrays:
            return cls()
        arrays = state.arrays
        return cls(arrays["steps"].tolist(), arrays["losses"].tolist(), list(arrays["said"]))


def marked(step: int) -> bool:
    """Return whether a step is remembered of trainings of thousands of them."""
    return step <= _EVERY or step % (1 << (step // _EVERY).bit_length() - 1) == 0


def shared_end(trails: Sequence[Trail]) -> int:
    """Return the step at which all trainings have lost least on average, each row counting once.

    One that ended before is taken as it ended. Of equal steps it is the first.
    """
    rows = np.array([len(trail.said[0]) for trail in trails], np.float64)

    def loss(step: int) -> float:
        lost = np.array([trail.loss(step) for trail in trails])
        known = np.isfinite(lost)
        return float(np.average(lost[known], weights=rows[known])) if known.any() else np.inf

    return min(sorted({step for trail in trails for step in trail.steps}), key=loss)
