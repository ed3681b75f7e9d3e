"""Tables that a program holds, as a Parquet file: names and kinds travel beside the cells.

Text in a file must be guessed at: its separator, its encoding, whether a first line holds names.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def save(made: pa.Table, path: Path) -> None:
    """Write a table to a Parquet file."""
    pq.write_table(made, path)


def names(data: Any) -> list[str]:
    """Return what `table` calls the columns of a data frame, an array or nested lists."""
    return _columns(data)[0]


def table(data: Any) -> pa.Table:
    """Return a data frame or rows of cells as a table.

    Columns without a name, as those of arrays, are called ``x0``, ``x1``, …; an index is left out.

    Args:
        data: of pandas, polars, Arrow or whatever else gives an Arrow stream; an array or nested
            lists, ``(rows, columns)``.

    Raises:
        TypeError: it is none of these, or a cell is neither text nor a number.
        ValueError: it has no rows or no columns.
    """
    names, columns = _columns(data)
    if not columns or not len(columns[0]):
        raise ValueError("the data must have rows and columns")
    return pa.Table.from_arrays([_column(column) for column in columns], names=names)


def labelled(x: Any, y: Any, target: str) -> pa.Table:
    """Return the `table` of ``x`` with ``y``, ``(rows,)``, as its last column, called ``target``.

    Raises:
        TypeError: as of `table`.
        ValueError: as of `table`, or ``x`` and ``y`` do not fit together.
    """
    made, labels = table(x), _column(y)
    if len(labels) != made.num_rows:
        raise ValueError(f"X has {made.num_rows} rows and y {len(labels)}; they must be as many")
    if target in made.column_names:
        raise ValueError(f"X has a column {target!r}, which is what y is called; rename it")
    return made.append_column(target, labels)


def _columns(data: Any) -> tuple[list[str], Sequence[Any]]:
    """Return the columns with their names."""
    if hasattr(data, "iloc"):  # pandas
        names = [name if isinstance(name, str) else f"x{name}" for name in data.columns]
        return names, [data.iloc[:, index] for index in range(len(names))]
    if hasattr(data, "__arrow_c_stream__"):  # polars, Arrow
        frame = pa.table(data)
        return frame.column_names, frame.columns
    columns = _of_array(data) if hasattr(data, "ndim") else _of_rows(data)
    return [f"x{index}" for index in range(len(columns))], columns


def _of_array(data: Any) -> Sequence[Any]:
    if data.ndim != 2:
        raise ValueError(f"X must have rows and columns; it has {data.ndim} axes")
    return [data[:, index] for index in range(data.shape[1])]


def _of_rows(data: Any) -> Sequence[Any]:
    if not _is_row(data):
        raise TypeError(
            f"data must be a path, a data frame or a pair (X, y), not {type(data).__name__}"
        )
    rows = list(data)
    if not all(map(_is_row, rows)):
        raise ValueError("X must have rows and columns")
    return list(zip(*rows, strict=True))


def _is_row(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | dict)


def _column(values: Any) -> pa.ChunkedArray:
    """Return a column's cells, those of several kinds as text."""
    if hasattr(values, "__arrow_c_stream__") and not hasattr(values, "iloc"):
        return _plain(pa.chunked_array(values))
    if getattr(values, "ndim", 1) != 1:
        raise ValueError(f"y must have one axis; it has {values.ndim}")
    try:
        made = pa.array(values, from_pandas=True)  # for which NaN means missing
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        made = pa.array([_text(value) for value in values], pa.string())
    chunked = made if isinstance(made, pa.ChunkedArray) else pa.chunked_array([made])
    return _plain(chunked)


def _plain(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = cells.type
    if pa.types.is_nested(kind):
        raise TypeError(f"a cell must be a string or a number, not of the type {kind}")
    if pa.types.is_dictionary(kind):
        return cells.cast(kind.value_type)
    return cells.cast(pa.string()) if pa.types.is_string_view(kind) else cells


def _text(value: Any) -> str | None:
    if isinstance(value, dict | list | tuple | set):
        raise TypeError(f"a cell as an argument must be a string or a number, not {value!r:.60}")
    known = value is not None and value == value  # noqa: PLR0124 -- NaN is not itself, NA says NA
    return str(value) if known is True or isinstance(value, str) else None
