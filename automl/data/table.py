"""Reading the canonical form that `automl.data.read` writes."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from automl.core.catalog import ColumnKind
from automl.core.errors import DatasetUnreadable
from automl.core.frame import Cells, Frame, Strings
from automl.core.schema import Column, column_from_json
from automl.data import figures
from automl.data.read import COLUMNS

PreviewCell: TypeAlias = str | float | int | None

_WHOLE = re.compile(r"\s*[+-]?\d+\s*")


def load(path: Path, columns: Sequence[Column]) -> Frame:
    """Return those columns as a frame, numbers and strings as each column's ``cells`` says.

    A missing marker in a column of numbers is NaN, and so is a cell that is no number, which only
    a column whose kind was overridden can have.

    Raises:
        DatasetUnreadable: the table has no such column.
    """
    encoded, rows = _read(path, [column.name for column in columns])
    frame: dict[str, Cells] = {}
    for column, cells in zip(columns, encoded, strict=True):
        if column.cells == "number":
            numbers = figures.numbers(cells.dictionary, column).values
            frame[column.name] = numbers[cells.indices.to_numpy()]
        else:
            frame[column.name] = _strings(cells)
    return Frame(frame, rows)


def text(path: Path, name: str) -> list[str]:
    """Return a column's cells as they stand in the file."""
    cells = categories(path, name)
    values: list[str] = cells.dictionary.to_pylist()
    return [values[code] for code in cells.indices.to_pylist()]


def categories(path: Path, name: str) -> pa.DictionaryArray:
    """Return a column's cells as codes into its distinct cells, in no particular order."""
    return _read(path, [name])[0][0]


def preview(path: Path, rows: int) -> list[dict[str, PreviewCell]]:
    """Return the first rows, cells as in the file.

    Cells of number columns are numbers where that loses nothing, else strings; None is the empty
    cell.
    """
    with pq.ParquetFile(path) as file:
        columns = _columns(file)
        batch = next(file.iter_batches(batch_size=max(rows, 1), use_threads=False))[:rows]
    shown = [
        [_shown(cell, column) for cell in cells.to_pylist()]
        for column, cells in zip(columns, batch.columns, strict=True)
    ]
    names = [column.name for column in columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*shown, strict=True)]


def _shown(cell: str, column: Column) -> PreviewCell:
    if not cell:
        return None
    if column.kind not in {ColumnKind.NUMERIC, ColumnKind.BOOLEAN} or column.cells == "string":
        return cell
    number = figures.number(cell, column)
    if number is None:
        return cell
    return int(cell) if _WHOLE.fullmatch(cell) else number


def _columns(file: pq.ParquetFile) -> tuple[Column, ...]:
    stored: list[dict[str, Any]] = json.loads(file.metadata.metadata[COLUMNS.encode()])
    return tuple(column_from_json(column) for column in stored)


def _read(path: Path, names: Sequence[str]) -> tuple[list[pa.DictionaryArray], int]:
    with pq.ParquetFile(path) as file:
        positions = {column.name: str(n) for n, column in enumerate(_columns(file))}
        rows = file.metadata.num_rows
    unknown = [name for name in names if name not in positions]
    if unknown:
        raise DatasetUnreadable(f"The table has no column {unknown[0]!r}.")
    wanted = [positions[name] for name in names]
    with pq.ParquetFile(path, read_dictionary=wanted) as file:
        table = file.read(wanted, use_threads=False)
    return [_whole(table.column(position)) for position in wanted], rows


def _whole(cells: pa.ChunkedArray) -> pa.DictionaryArray:
    """Return the chunks as one array; each row group has its own dictionary."""
    return cells.unify_dictionaries().combine_chunks() if cells.num_chunks != 1 else cells.chunk(0)


def _strings(cells: pa.DictionaryArray) -> Strings:
    values = cells.dictionary
    order = pc.sort_indices(values).to_numpy()  # bytes of UTF-8 sort as code points do
    ordered = pc.take(values, pa.array(order)).to_pylist()
    empty = bool(ordered) and not ordered[0]
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32) - empty  # the empty cell becomes −1
    return Strings(rank[cells.indices.to_numpy()], tuple(ordered[empty:]))
