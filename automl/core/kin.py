"""Which rows belong together wherever some of them judge what was learned from others.

Folds keep them so, and inside a fold's training rows it is needed as much: what chooses by a copy,
by another row of the same group or by the past of what it learned from, is told what new rows will
never tell it.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.frame import Ints

Bond: TypeAlias = Literal["copy", "group", "moment"]
"""What kin share: all cells and the target, a group, or the time when they happened."""


@dataclass(frozen=True, slots=True, eq=False)
class Kin:
    """Rows of equal ``numbers``, ``(rows,)``, belong on one side; moments are numbered in order."""

    numbers: npt.NDArray[np.int32]
    bond: Bond

    @classmethod
    def where_shared(cls, numbers: npt.NDArray[Any], bond: Bond) -> "Kin | None":
        """Return the kin of those whole numbers from 0, None where no two rows share one."""
        shared = np.bincount(numbers).max(initial=0) > 1
        return cls(numbers.astype(np.int32), bond) if shared else None

    def take(self, rows: npt.NDArray[np.intp] | Ints) -> "Kin":
        """Return the kin at those row indices."""
        return Kin(self.numbers[rows], self.bond)

    def deal(self, parts: int, y: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
        """Return each row's part, from 0, ``(rows,)``; fewer than ``parts`` where kin are few.

        Of moments a part is a stretch of time, the newest the last. Else kin of about one size
        are dealt in turn by their mean target, so that each part has its share of every class or of
        the range.

        Args:
            parts: how many, of about as many rows each as whole kin allow.
            y: each row's target.
        """
        _, of_row, sizes = np.unique(self.numbers, return_inverse=True, return_counts=True)
        if self.bond == "moment":
            middle = np.cumsum(sizes) - sizes / 2
            return (middle * parts / len(of_row)).astype(np.intp)[of_row]
        means = np.bincount(of_row, weights=y) / sizes
        part = np.empty(len(sizes), np.intp)
        part[np.lexsort((means, -np.log2(sizes).astype(np.intp)))] = np.arange(len(sizes)) % parts
        return part[of_row]

    def judges(self, parts: int, y: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Return which rows judge what the others learn: about one of so many parts, ``(rows,)``.

        Of moments the newest. All rows where they are one kin, and nothing is left to learn from.
        """
        part = self.deal(parts, y)
        sizes = np.bincount(part)
        newest, nearest = len(sizes) - 1, np.argmin(np.abs(sizes - len(part) / parts))
        found: npt.NDArray[np.bool_] = part == (newest if self.bond == "moment" else nearest)
        return found
