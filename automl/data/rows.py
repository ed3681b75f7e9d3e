"""Rows to predict, as the named inputs of a model file.

Each input is ``(rows, 1)``: float64 with NaN for missing, or objects of ``str`` with the empty
string for missing; or arrays, see `automl.data.arrayrows`. Columns may come in any order and there
may be more of them.
"""

import math
import re
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from automl.core.catalog import ColumnKind
from automl.core.errors import Detail, InvalidRows
from automl.core.model import Input
from automl.core.schema import Column
from automl.data import arrayrows, figures
from automl.data.header import cleaned
from automl.data.number import EXACT, Reading
from automl.data.tabular import open_table

Feeds: TypeAlias = dict[str, npt.NDArray[Any]]

_TRUE = frozenset({"true", "yes", "t", "y", "1", "1.0"})
_FALSE = frozenset({"false", "no", "f", "n", "0", "0.0"})
"""Both in any case. A column of two such words can mean nothing else by the others."""
_FLAGS = {"true": 1.0, "false": 0.0}
"""What a 0/1 column takes besides numbers, in any case."""
_POINT = re.compile(r"[+-]?\d+\.0")
_WHOLE = re.compile(r"[+-]?\d+")
_UNPACKED_LIMIT = 1 << 30
_MOST_ERRORS = 10


def input_of(column: Column) -> Input:
    """Return the input that takes the cells of ``column``."""
    words = [value for value, _ in column.top] if column.cells == "string" else []
    boolean = column.kind is ColumnKind.BOOLEAN
    return Input(
        name=column.name,
        kind=column.kind,
        cells=column.cells,
        decimal_comma=column.decimal_comma,
        thousands=column.thousands,
        sign=column.sign,
        true=_spelled(words, _TRUE) if boolean else None,
        false=_spelled(words, _FALSE) if boolean else None,
        point=any(map(_POINT.fullmatch, words)) and not any(map(_WHOLE.fullmatch, words)),
        date=column.date,
        shape=column.shape,
        dtype=column.dtype,
        words=tuple(words) if boolean and len(words) > 2 else (),
    )


def _spelled(words: Sequence[str], meanings: Set[str]) -> str | None:
    return next((word for word in words if word.strip().casefold() in meanings), None)


def from_json(rows: Sequence[Mapping[str, object]], inputs: Sequence[Input]) -> Feeds:
    """Return the rows of a request as inputs.

    For a number input a cell is a number, a string that is written as one, a missing marker or
    null; for a boolean also true and false. For a string input a number is taken the way the file
    writes it: 1 and 1.0 both as "1", or both as "1.0" (JSON knows one kind of number). For a
    boolean of words true, 1 and every spelling of yes are the word that the column has for it.

    Raises:
        InvalidRows: a column is missing, or a cell has the wrong type; names both.
    """
    errors: list[Detail] = []
    feeds: Feeds = {}
    rows = [_named(row, inputs) for row in rows]
    for item in inputs:
        cells = _column(rows, item, errors)
        match item.cells:
            case "number":
                feeds[item.name] = _numbers(cells, item, errors)
            case "string":
                feeds[item.name] = _strings(cells, item, errors)
            case "array":
                feeds[item.name] = arrayrows.of_cells(cells, item, errors)
    _raise(errors)
    return feeds


def from_array(values: Any, inputs: Sequence[Input]) -> Feeds:
    """Return images, series or volumes as a model's one input.

    Args:
        values: an array or nested lists, ``(rows, *shape)``, axes as in the dataset.
        inputs: of the model.

    Raises:
        InvalidRows: the model takes columns, or arrays of another shape or other numbers.
    """
    if len(inputs) != 1 or inputs[0].cells != "array":
        names = ", ".join(repr(item.name) for item in inputs[:10])
        raise InvalidRows(f"The model takes a table, not an array; its columns are {names}.")
    return {inputs[0].name: arrayrows.of_array(values, inputs[0])}


def from_file(
    path: Path,
    inputs: Sequence[Input],
    *,
    media_type: str | None = None,
    unpacked_limit: int = _UNPACKED_LIMIT,
) -> Feeds:
    """Return the rows of a file in any format, read exactly as a dataset is, as inputs.

    Raises:
        InvalidRows: a column is missing, or a cell has the wrong type; names both.
        DatasetUnreadable: the file is no table.
    """
    if inputs and inputs[0].cells == "array":
        item = inputs[0]
        return {item.name: arrayrows.of_file(path, item, unpacked_limit=unpacked_limit)}
    file = open_table(path, media_type=media_type, unpacked_limit=unpacked_limit)
    missing = [item.name for item in inputs if item.name not in file.names]
    _raise([_missing(name) for name in missing])
    indices = [file.names.index(item.name) for item in inputs]
    batches = list(file.batches(indices))
    errors: list[Detail] = []
    feeds: Feeds = {}
    for index, item in enumerate(inputs):
        cells = pa.chunked_array([batch.column(index) for batch in batches], pa.string())
        feeds[item.name] = _parsed(_joined(cells), item, errors)
    _raise(errors)
    return feeds


def _joined(cells: pa.ChunkedArray) -> pa.StringArray:
    return cells.combine_chunks() if cells.num_chunks != 1 else cells.chunk(0)


def _parsed(cells: pa.StringArray, item: Input, errors: list[Detail]) -> npt.NDArray[Any]:
    """Return text cells as an input."""
    if item.cells == "string":
        return _texts(cells.to_pylist(), item)
    values, bad = _figures(cells, item)
    errors += [_wrong(item, row, repr(cells[row].as_py()[:60])) for row in bad[:_MOST_ERRORS]]
    return values.reshape(-1, 1)


def _figures(cells: pa.StringArray, item: Input) -> tuple[npt.NDArray[np.float64], list[int]]:
    """Return text cells as numbers, and which are none: those of a 0/1 column may say it in words.

    Parquet and Excel have booleans of their own, which arrive as such words.
    """
    numbers = figures.numbers(cells, item)
    values, bad = numbers.values, np.flatnonzero(numbers.reading == Reading.OTHER).tolist()
    if item.kind is not ColumnKind.BOOLEAN or not bad:
        return values, bad
    words = cells.take(pa.array(bad)).to_pylist()
    known = [_FLAGS.get(word.strip().casefold()) for word in words]
    values = values.copy()
    values[bad] = [math.nan if flag is None else flag for flag in known]
    return values, [row for row, flag in zip(bad, known, strict=True) if flag is None]


def _column(
    rows: Sequence[Mapping[str, object]], item: Input, errors: list[Detail]
) -> list[object]:
    """Return a column's cells; a row that lacks it is an error, noted once."""
    lacking = next((n for n, row in enumerate(rows) if item.name not in row), None)
    if lacking is not None:
        errors.append(_missing(item.name, line=lacking + 1))
        return []
    return [row[item.name] for row in rows]


def _named(row: Mapping[str, object], inputs: Sequence[Input]) -> Mapping[str, object]:
    """Return the row by the columns' names, where it spells any as the dataset's file did."""
    if all(item.name in row for item in inputs):
        return row
    return {cleaned(key): cell for key, cell in reversed([*row.items()])} | {**row}


def _numbers(cells: list[object], item: Input, errors: list[Detail]) -> npt.NDArray[np.float64]:
    """Return cells of JSON as numbers; strings among them as a file's cells would be."""
    values = np.full(len(cells), np.nan)
    texts: list[tuple[int, str]] = []
    for row, cell in enumerate(cells):
        match cell:
            case None:
                pass
            case bool():
                if item.kind is ColumnKind.BOOLEAN:
                    values[row] = float(cell)
                else:
                    errors.append(_wrong(item, row, "true" if cell else "false"))
            case int() | float():
                values[row] = _finite(cell)
            case str():
                texts.append((row, cell))
            case _:
                errors.append(_wrong(item, row, _described(cell)))
    if texts:
        strings = pa.array([text for _, text in texts], pa.string())
        places = [row for row, _ in texts]
        values[places], bad = _figures(strings, item)
        for index in bad:
            row, text = texts[index]
            errors.append(_wrong(item, row, repr(text[:60])))
    return values.reshape(-1, 1)


def _finite(number: float) -> float:
    """Return the number as a float; the infinite count as missing, as in a dataset."""
    try:
        value = float(number)
    except OverflowError:  # a whole number of more than 308 digits
        return math.nan
    return value if math.isfinite(value) else math.nan


def _strings(cells: list[object], item: Input, errors: list[Detail]) -> npt.NDArray[np.object_]:
    values = np.full(len(cells), "", dtype=object)
    for row, cell in enumerate(cells):
        match cell:
            case None:
                pass
            case str():
                if not _encodable(cell):
                    errors.append(_wrong(item, row, "text with half a character in it"))
                values[row] = cell
            case bool():
                word = item.true if cell else item.false
                if word is None:
                    errors.append(_wrong(item, row, "true" if cell else "false"))
                values[row] = word or ""
            case int() | float():
                values[row] = _written(cell, point=item.point)
            case _:
                errors.append(_wrong(item, row, _described(cell)))
    return _texts(values, item)


def _texts(cells: Sequence[str] | npt.NDArray[np.object_], item: Input) -> npt.NDArray[np.object_]:
    """Return text cells as an input; of a boolean column of words each as the column spells it."""
    if item.kind is ColumnKind.BOOLEAN:
        cells = [_truth(cell, item) for cell in cells]
    return np.array(cells, dtype=object).reshape(-1, 1)


def _truth(text: str, item: Input) -> str:
    """Return what a boolean column of words has for the text, however it is spelled here."""
    if text in {item.true, item.false} or text in item.words:
        return text
    meaning = text.strip().casefold()
    if item.true is not None and meaning in _TRUE:
        return item.true
    if item.false is not None and meaning in _FALSE:
        return item.false
    return text


def _encodable(text: str) -> bool:
    # JSON may escape one half of a surrogate pair; no file can hold that.
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def _written(number: float, *, point: bool) -> str:
    if isinstance(number, float):
        if not math.isfinite(number):
            return ""
        if not number.is_integer() or abs(number) > EXACT:
            return repr(number)
    return f"{int(number)}.0" if point else str(int(number))


def _described(cell: object) -> str:
    return "an object" if isinstance(cell, Mapping) else "a list"


def _wrong(item: Input, row: int, found: str) -> Detail:
    wanted = "a number" if item.cells == "number" else "a string"
    return Detail(f"{item.name!r} takes {wanted}, not {found}.", field=item.name, line=row + 1)


def _missing(name: str, line: int | None = None) -> Detail:
    message = f"The column {name!r} is missing; give null or an empty cell where it is unknown."
    return Detail(message, field=name, line=line)


def _raise(errors: Sequence[Detail]) -> None:
    if errors:
        first = errors[0]
        place = "" if first.line is None else f"Row {first.line}: "
        raise InvalidRows(place + first.message, errors=tuple(errors[:_MOST_ERRORS]))
