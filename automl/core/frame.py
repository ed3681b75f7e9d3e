"""Columns in memory: what features, families and the exported file all start from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Strings:
    """A column of strings as codes into its distinct values.

    ``codes`` is ``(rows,)`` int32 with −1 for a missing cell; ``values`` are sorted by code point.
    """

    codes: npt.NDArray[np.int32]
    values: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: npt.NDArray[np.intp] | Ints) -> "Strings":
        """Return the cells at those row indices, over the same values."""
        return Strings(self.codes[rows], self.values)

    def cells(self) -> npt.NDArray[np.object_]:
        """Return one ``str`` a row, the empty string for a missing cell: ``(rows,)``."""
        lookup = np.array([*self.values, ""], dtype=object)
        return lookup[self.codes]


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """A column of arrays: ``values`` is ``(rows, *shape)`` of the dataset's own dtype."""

    values: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: npt.NDArray[np.intp] | Ints) -> "Arrays":
        """Return the cells at those row indices."""
        return Arrays(self.values[rows])


Scalars: TypeAlias = Floats | Strings
"""A column of a table: float64 with NaN for missing, or strings."""

Cells: TypeAlias = Scalars | Arrays
"""A column: of a table, or of arrays."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Named columns of equal length, in the dataset's order."""

    columns: Mapping[str, Cells]
    rows: int

    def take(self, rows: npt.NDArray[np.intp] | Ints) -> "Frame":
        """Return the rows at those indices, in that order."""
        columns: dict[str, Cells] = {}
        for name, cells in self.columns.items():
            columns[name] = cells.take(rows) if isinstance(cells, Strings | Arrays) else cells[rows]
        return Frame(columns, len(rows))

    def scalars(self, name: str) -> Scalars:
        """Return a column of a table."""
        cells = self.columns[name]
        if isinstance(cells, Arrays):
            raise TypeError(f"column {name!r} holds arrays")
        return cells

    def numbers(self, name: str) -> Floats:
        """Return a numeric column: ``(rows,)`` float64."""
        cells = self.columns[name]
        if isinstance(cells, Strings | Arrays):
            raise TypeError(f"column {name!r} holds no numbers")
        return cells

    def strings(self, name: str) -> Strings:
        """Return a column of strings."""
        cells = self.columns[name]
        if not isinstance(cells, Strings):
            raise TypeError(f"column {name!r} holds no strings")
        return cells

    def arrays(self, name: str) -> Arrays:
        """Return a column of arrays."""
        cells = self.columns[name]
        if not isinstance(cells, Arrays):
            raise TypeError(f"column {name!r} holds no arrays")
        return cells
