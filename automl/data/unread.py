"""Arrays that stay in their table, for those of more bytes than memory should be asked for."""

import json
import math
import threading
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
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
    by several threads. Another process is given where the rows are, not what they are.
    """

    def __init__(self, table: "_Table", rows: Ints) -> None:
        """Know which rows of the table these are, in the order that they have here."""
        self._table, self._rows = table, rows

    @classmethod
    def open(cls, path: Path, column: Column, rows: Ints | None = None) -> Self:
        """Return the column's arrays as ``column`` has them, all or those of the ``rows``."""
        table = _Table(path, column)
        return cls(table, np.arange(table.ends[-1]) if rows is None else rows)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """``(rows, …)``."""
        return (len(self), *self._table.column.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the numbers."""
        return np.dtype(self._table.column.dtype)

    @property
    def bytes(self) -> int:
        """How many they would take in memory."""
        return self.dtype.itemsize * math.prod(self.shape)

    @property
    def groups(self) -> Ints:
        """Return which row group each row is read with: ``(rows,)``."""
        return self._table.groups(self._rows)

    def __getitem__(self, places: Places) -> npt.NDArray[Any]:
        """Read the rows at those places; each row group once."""
        rows = self._rows[places]
        groups = self._table.groups(rows)
        found = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for group in np.unique(groups).tolist():
            inside = np.flatnonzero(groups == group)
            found[inside] = self._table.rows(group, rows[inside])
        return found

    def take(self, places: Places) -> "npt.NDArray[Any] | UnreadArrays":
        """Return the rows at those places: few read, many unread."""
        taken = UnreadArrays(self._table, self._rows[places])
        return taken[:] if taken.bytes <= FEW_BYTES else taken


class _Table:
    """An open table, which is there until nobody reads it, whoever removes its file meanwhile."""

    def __init__(self, path: Path, column: Column) -> None:
        self.column = column
        self._path = path
        self._file = pq.ParquetFile(pa.OSFile(str(path)))
        self._lock = threading.Lock()
        self._held: tuple[int, npt.NDArray[Any]] = -1, np.empty(0)
        meta = self._file.metadata
        described = map(column_from_json, json.loads(meta.metadata[arrays.COLUMNS.encode()]))
        self._stored = next(item for item in described if item.name == column.name)
        sizes = [meta.row_group(index).num_rows for index in range(meta.num_row_groups)]
        self.ends: Ints = np.cumsum(sizes, dtype=np.int64)

    @override
    def __reduce__(self) -> tuple[type[Self], tuple[Path, Column]]:
        return type(self), (self._path, self.column)

    def groups(self, rows: Ints) -> Ints:
        return np.searchsorted(self.ends, rows, side="right").astype(np.int64)

    def rows(self, group: int, rows: Ints) -> npt.NDArray[Any]:
        """Return rows of one row group, by their numbers in the table."""
        with self._lock:
            if self._held[0] != group:
                cells = self._file.read_row_group(group, columns=["0"], use_threads=False).column(0)
                self._held = group, arrays.values(cells.combine_chunks(), self._stored)
            found: npt.NDArray[Any] = self._held[1][rows - (self.ends[group] - len(self._held[1]))]
        return found
