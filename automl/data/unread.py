"""Arrays that stay in their table, for those of more bytes than memory should be asked for."""

import json
import math
import threading
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from typing_extensions import override

from automl.core.catalog import ColumnKind
from automl.core.frame import Arrays, Ints, Places
from automl.core.schema import Column, column_from_json
from automl.data import arrays

HELD_BYTES = 256 << 20
"""Images and volumes of more stay in their table while networks learn from them."""

FEW_BYTES = 64 << 20
"""So many are read at once where they are taken."""


def read(path: Path, column: Column, rows: npt.NDArray[np.intp] | Ints | None = None) -> Arrays:
    """Return a canonical table's arrays as `arrays.read` does, or unread where they are many.

    Series are always read: they may have to be cut or filled up, and are small.
    """
    if column.kind is not ColumnKind.SERIES:
        unread = UnreadArrays.open(path, column, rows)
        if unread.bytes > HELD_BYTES:
            return Arrays(unread)
    return arrays.read(path, column, rows)


class UnreadArrays:
    """Rows of a canonical table's column of arrays: an `automl.core.frame.Unread`.

    Of the table there is one row group in memory, the one that was looked into last. May be used
    by several threads. Pickled it is where the rows are, not what they are.
    """

    def __init__(self, path: Path, column: Column, rows: Ints, ends: Ints) -> None:
        """Know the rows.

        Args:
            path: of the table.
            column: as its arrays are wanted; what is stored may be numbers of another type.
            rows: which of the table's, in the order that they have here.
            ends: the row behind each of the table's row groups.
        """
        self._path, self._column, self._rows, self._ends = path, column, rows, ends
        self._lock = threading.Lock()
        self._held: tuple[int, npt.NDArray[Any]] = -1, np.empty(0)

    @classmethod
    def open(cls, path: Path, column: Column, rows: Ints | None = None) -> Self:
        """Return the column's arrays, all or those of the ``rows``."""
        with pq.ParquetFile(path) as file:
            meta = file.metadata
            sizes = [meta.row_group(index).num_rows for index in range(meta.num_row_groups)]
        ends = np.cumsum(sizes, dtype=np.int64)
        return cls(path, column, np.arange(ends[-1]) if rows is None else rows, ends)

    @override
    def __reduce__(self) -> tuple[type[Self], tuple[Path, Column, Ints, Ints]]:
        return type(self), (self._path, self._column, self._rows, self._ends)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """``(rows, …)``."""
        return (len(self), *self._column.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the numbers."""
        return np.dtype(self._column.dtype)

    @property
    def bytes(self) -> int:
        """How many they would take in memory."""
        return self.dtype.itemsize * math.prod(self.shape)

    @property
    def groups(self) -> Ints:
        """Return which row group each row is read with: ``(rows,)``."""
        return np.searchsorted(self._ends, self._rows, side="right").astype(np.int64)

    def __getitem__(self, places: Places) -> npt.NDArray[Any]:
        """Read the rows at those places; each row group once."""
        rows = self._rows[places]
        groups = np.searchsorted(self._ends, rows, side="right")
        found = np.empty((len(rows), *self._column.shape), self.dtype)
        with self._lock:
            for group in np.unique(groups).tolist():
                inside = np.flatnonzero(groups == group)
                start = self._ends[group - 1] if group else 0
                found[inside] = self._group(group)[rows[inside] - start]
        return found

    def take(self, places: Places) -> "npt.NDArray[Any] | UnreadArrays":
        """Return the rows at those places: few read, many unread."""
        taken = UnreadArrays(self._path, self._column, self._rows[places], self._ends)
        return taken[:] if taken.bytes <= FEW_BYTES else taken

    def _group(self, group: int) -> npt.NDArray[Any]:
        if self._held[0] != group:
            with pq.ParquetFile(self._path) as file:
                described = json.loads(file.metadata.metadata[arrays.COLUMNS.encode()])
                name = self._column.name
                own = next(column_from_json(item) for item in described if item["name"] == name)
                cells = file.read_row_group(group, columns=["0"], use_threads=False).column(0)
            self._held = group, arrays.values(cells.combine_chunks(), own)
        return self._held[1]
