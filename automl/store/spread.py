"""Which of the deserving studies a worker turns to: the first, unless others are faster there."""

import random
from collections.abc import Sequence
from typing import TypeVar

MOST = 64
"""No worker chooses among more."""

Row = TypeVar("Row")


class Spread:
    """How widely each worker chooses.

    Workers that look at the same moment see the same first study, and all of them but one would ask
    there in vain, again and again. Who came too late chooses among twice as many the next time, who
    was in time among half as many. A worker that nobody disturbs takes the first.
    """

    def __init__(self) -> None:
        self._widths: dict[str, int] = {}

    def width(self, worker: str) -> int:
        """Return among how many studies the worker chooses."""
        return self._widths.get(worker, 1)

    def order(self, worker: str, rows: Sequence[Row]) -> list[Row]:
        """Return the rows with the worker's choice before all others, which keep their order."""
        chosen = random.randrange(max(1, min(self.width(worker), len(rows))))
        return [*rows[chosen : chosen + 1], *rows[:chosen], *rows[chosen + 1 :]]

    def late(self, worker: str) -> None:
        """Note that the study had moved on when the worker came with its answer."""
        self._widths[worker] = min(2 * self.width(worker), MOST)

    def begun(self, worker: str) -> None:
        """Note that the worker was in time."""
        self._widths[worker] = max(1, self.width(worker) // 2)
