"""Reading the canonical form that `automl.data.read` writes."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from automl.core.catalog import ColumnKind
from automl.core.errors import DatasetUnreadable
from automl.core.frame import Cells, Frame, Strings
from automl.core.schema import Column, column_from_json
from automl.data import arrays, figures, shown, unread

PreviewCell: TypeAlias = str | float | int | list[Any] | None

Rows: TypeAlias = npt.NDArray[np.intp]

_FEW = 2
"""Where at most one row in so many is wanted, the others' cells are let go of batch by batch."""

_BATCH = 1 << 16
"""Rows of a batch."""

_CELLS = 1 << 22
"""Columns are read together up to so many cells: a table of thousands has few rows of each."""

_WHOLE = re.compile(r"\s*[+-]?\d+\s*")
_NUMBERS = {ColumnKind.NUMERIC, ColumnKind.BOOLEAN, ColumnKind.ID, ColumnKind.CONSTANT}
"""Columns of these kinds hold numbers where one of them is the least."""


def load(path: Path, columns: Sequence[Column], rows: Rows | None = None) -> Frame:
    """Return those columns as a frame, numbers and strings as each column's ``cells`` says.

    A missing marker in a column of numbers is NaN, and so is a cell that is no number, which only
    a column whose kind was overridden can have. One column is read after the other, or several
    of few cells together: what is in memory is the frame and these, or a batch of them where few
    of the rows are wanted.

    Args:
        path: the table.
        columns: of it.
        rows: their indices, ascending; None for all.

    Raises:
        DatasetUnreadable: the table has no such column.
    """
    written = [column for column in columns if column.cells != "array"]
    coded = _read(path, [column.name for column in written], rows)
    read = {
        column.name: _cells(column, cells) for column, cells in zip(written, coded, strict=True)
    }
    frame: dict[str, Cells] = {
        column.name: unread.read(path, column, rows)
        if column.cells == "array"
        else read[column.name]
        for column in columns
    }
    return Frame(frame, _rows(path) if rows is None else len(rows))


def text(path: Path, name: str) -> list[str]:
    """Return a column's cells as they stand in the file."""
    cells = categories(path, name)
    values: list[str] = cells.dictionary.to_pylist()
    return [values[code] for code in cells.indices.to_pylist()]


def categories(path: Path, name: str, rows: Rows | None = None) -> pa.DictionaryArray:
    """Return a column's cells as codes into its distinct cells, in no particular order.

    Args:
        path: the table.
        name: the column's.
        rows: whose cells, ascending; None for all.
    """
    return next(_read(path, [name], rows))


def preview(path: Path, rows: int) -> list[dict[str, PreviewCell]]:
    """Return the first rows, cells as in the file.

    Cells of columns of numbers, ids and constants among them, are numbers where that loses nothing,
    else strings; None is the empty cell. For cells that are arrays see `automl.data.shown`: of
    large ones there are fewer rows.
    """
    with pq.ParquetFile(path) as file:
        columns = _columns(file)
        hidden = [column for column in columns if column.cells == "array"]
        rows = min([rows, *map(shown.most_rows, hidden)])
        hidden = [column for column in hidden if not shown.is_shown(column)]
        read = [str(place) for place, column in enumerate(columns) if column not in hidden]
        batch = _first(file, read, rows)
    found: dict[str, Sequence[PreviewCell]] = {column.name: [None] * rows for column in columns}
    for name, cells in zip(read, batch.columns, strict=True):
        column = columns[int(name)]
        found[column.name] = (
            shown.cells(arrays.values(cells, column), column)
            if column.cells == "array"
            else [_shown(cell, column) for cell in cells.to_pylist()]
        )
    return [dict(zip(found, row, strict=False)) for row in zip(*found.values(), strict=False)]


def _first(file: pq.ParquetFile, columns: Sequence[str], rows: int) -> pa.RecordBatch:
    """Return the first rows; one batch may be fewer, since it ends where a row group does."""
    held: list[pa.RecordBatch] = []
    for batch in file.iter_batches(batch_size=max(rows, 1), columns=columns, use_threads=False):
        held.append(batch)
        if sum(map(len, held)) >= rows:
            break
    table = pa.Table.from_batches(held).slice(0, rows).combine_chunks()
    chunks = [column.combine_chunks() for column in table.columns]
    return pa.RecordBatch.from_arrays(
        [chunk.chunk(0) if isinstance(chunk, pa.ChunkedArray) else chunk for chunk in chunks],
        names=table.column_names,
    )


def _shown(cell: str, column: Column) -> PreviewCell:
    if not cell:
        return None
    if column.kind not in _NUMBERS or column.min is None:
        return cell
    number = figures.number(cell, column)
    if number is None:
        return cell
    return int(cell) if _WHOLE.fullmatch(cell) else number


def _columns(file: pq.ParquetFile) -> tuple[Column, ...]:
    stored: list[dict[str, Any]] = json.loads(file.metadata.metadata[arrays.COLUMNS.encode()])
    return tuple(column_from_json(column) for column in stored)


def _rows(path: Path) -> int:
    with pq.ParquetFile(path) as file:
        return int(file.metadata.num_rows)


def _cells(column: Column, cells: pa.DictionaryArray) -> Cells:
    codes: npt.NDArray[np.int32] = cells.indices.to_numpy()
    if column.cells == "number":
        return figures.numbers(cells.dictionary, column).values[codes]
    return _strings(cells.dictionary, codes)


def _read(path: Path, names: Sequence[str], rows: Rows | None) -> Iterator[pa.DictionaryArray]:
    """Yield each column's cells, of all rows or of these, as codes into its distinct cells.

    The file is opened once for all: to open it takes as long as it has columns.
    """
    with pq.ParquetFile(path) as file:
        places = {column.name: str(n) for n, column in enumerate(_columns(file))}
        total = int(file.metadata.num_rows)
    missing = next((name for name in names if name not in places), None)
    if missing is not None:
        raise DatasetUnreadable(f"The table has no column {missing!r}.")
    positions = [places[name] for name in names]
    together = max(1, _CELLS // max(1, total))
    few = rows is not None and _FEW * len(rows) <= total
    with pq.ParquetFile(path, read_dictionary=None if few else positions) as file:
        for start in range(0, len(positions), together):
            some = positions[start : start + together]
            if rows is not None and few:
                picked = _picked(file, some, rows)
                yield from (_coded(picked.column(place)) for place in some)
                continue
            read = file.read(some, use_threads=False)
            for place in some:
                cells = _whole(read.column(place))
                yield cells if rows is None else cells.take(pa.array(rows))


def _picked(file: pq.ParquetFile, positions: Sequence[str], rows: Rows) -> pa.Table:
    """Return columns' cells at the rows as text, read batch by batch."""
    found, start = [], 0
    for batch in file.iter_batches(_BATCH, columns=positions, use_threads=False):
        first, last = np.searchsorted(rows, (start, start + len(batch)))
        found.append(batch.take(pa.array(rows[first:last] - start)))
        start += len(batch)
    schema = pa.schema([(place, pa.string()) for place in positions])
    return pa.Table.from_batches(found, schema)


def _coded(cells: pa.ChunkedArray) -> pa.DictionaryArray:
    """Return text as codes: looked up once, where row groups' own codes would have to be united."""
    if not len(cells):
        return pa.array([], pa.string()).dictionary_encode()
    chunks = cells.dictionary_encode().chunks  # they share one dictionary
    indices = pa.concat_arrays([chunk.indices for chunk in chunks])
    return pa.DictionaryArray.from_arrays(indices, chunks[0].dictionary)


def _whole(cells: pa.ChunkedArray) -> pa.DictionaryArray:
    """Return the chunks as one array; each row group has its own dictionary."""
    return cells.unify_dictionaries().combine_chunks() if cells.num_chunks != 1 else cells.chunk(0)


def _strings(values: pa.StringArray, codes: npt.NDArray[np.int32]) -> Strings:
    order = pc.sort_indices(values).to_numpy()  # bytes of UTF-8 sort as code points do
    ordered = pc.take(values, pa.array(order)).to_pylist()
    empty = bool(ordered) and not ordered[0]
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32) - empty  # the empty cell becomes −1
    return Strings(rank[codes], tuple(ordered[empty:]))
