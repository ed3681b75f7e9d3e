"""Columns in memory: what features, families and the exported file all start from."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

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


Places: TypeAlias = slice | npt.NDArray[np.intp] | Ints
"""Which rows."""


class Unread(Protocol):
    """Arrays too many for memory: read when they are asked for by their places, each time anew."""

    def __len__(self) -> int: ...

    @property
    def shape(self) -> tuple[int, ...]:
        """``(rows, …)``."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the numbers."""

    @property
    def groups(self) -> Ints:
        """Return which part of the file each row is read with: ``(rows,)``."""

    def __getitem__(self, places: Places) -> npt.NDArray[Any]:
        """Read the rows at those places."""

    def take(self, places: Places) -> "npt.NDArray[Any] | Unread":
        """Return the rows at those places: few read, many unread."""


_BLOCK = 16 << 20
"""Bytes of arrays that are looked at together."""


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """A column of arrays: ``rows`` are ``(rows, *shape)`` of the dataset's own dtype."""

    rows: npt.NDArray[Any] | Unread

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def values(self) -> npt.NDArray[Any]:
        """All of them, read where they were not."""
        return self.rows if isinstance(self.rows, np.ndarray) else self.rows[:]

    def take(self, rows: npt.NDArray[np.intp] | Ints) -> "Arrays":
        """Return the cells at those row indices."""
        if isinstance(self.rows, np.ndarray):
            return Arrays(self.rows[rows])
        return Arrays(self.rows.take(rows))

    @property
    def unread(self) -> int:
        """How many bytes a row has where it is not in memory, else 0."""
        if isinstance(self.rows, np.ndarray):
            return 0
        return max(1, self.rows.dtype.itemsize * math.prod(self.rows.shape[1:]))


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

    def parts(self) -> "Iterator[Frame]":
        """Yield all rows: together, but for unread arrays, of which few at a time are read."""
        row = max((cells.unread for cells in self.columns.values() if isinstance(cells, Arrays)),
                  default=0)  # fmt: skip
        size = max(1, _BLOCK // row) if row else max(1, self.rows)
        for start in range(0, max(1, self.rows), size):
            some = np.arange(start, min(start + size, self.rows))
            yield self if len(some) == self.rows else self.take(some)

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
