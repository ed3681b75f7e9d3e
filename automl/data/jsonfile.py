"""A JSON Lines file as batches of text cells: one object a line, numbers as they are written.

It is read twice: which columns there are is known only at its end.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import pyarrow as pa

from automl.core.errors import DatasetUnreadable, Detail
from automl.core.schema import DataWarning
from automl.data.blocks import LONGEST_ROW
from automl.data.encoding import guess_warnings
from automl.data.header import MOST_COLUMNS, column_names, name_warnings
from automl.data.source import Source

_CELLS = 1 << 18
"""Cells held at once."""
_BYTES = 8 << 20
"""Lines held at once."""
_MOST_ERRORS = 10
_WORDS = {True: "true", False: "false", None: ""}
# Numbers stay as they are written. An object becomes a tuple of pairs: twins are seen.
_DECODER = json.JSONDecoder(
    parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=tuple
)


@dataclass(frozen=True, slots=True)
class JsonFile:
    """A file that was found to be JSON Lines; ``keys`` are the columns' names as written."""

    source: Source
    keys: tuple[str, ...]
    names: tuple[str, ...]
    unnamed: tuple[int, ...]
    format: str = "jsonl"
    line: int = 1

    def batches(self, columns: Sequence[int] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of those columns (None: all), named by position, at constant memory."""
        wanted = range(len(self.keys)) if columns is None else columns
        held: list[dict[str, Any]] = []
        size, most = 0, max(1, _CELLS // len(self.keys))
        for _, text in _lines(self.source):
            if not text.strip():
                continue
            held.append(dict(_DECODER.decode(text)))
            size += len(text)
            if len(held) >= most or size >= _BYTES:
                yield self._batch(held, wanted)
                held, size = [], 0
        if held:
            yield self._batch(held, wanted)

    def warnings(self) -> tuple[DataWarning, ...]:
        """Return what was guessed or made up."""
        return (
            *guess_warnings(self.source.encoding),
            *name_warnings(self.names, self.unnamed),
        )

    def _batch(self, rows: list[dict[str, Any]], columns: Sequence[int]) -> pa.RecordBatch:
        arrays = []
        for index in columns:
            key = self.keys[index]
            cells = [row.get(key) for row in rows]
            texts = [cell if isinstance(cell, str) else _WORDS[cell] for cell in cells]
            arrays.append(pa.array(texts, pa.string()))
        return pa.RecordBatch.from_arrays(arrays, names=[str(index) for index in columns])


def open_json(source: Source) -> JsonFile:
    """Return how to read the file, after one pass over all of its lines.

    Raises:
        DatasetUnreadable: with the first bad lines.
    """
    keys: dict[str, int] = {}
    errors: list[Detail] = []
    for line, text in _lines(source):
        if text.strip():
            fault = _fault(text, keys)
            errors += [] if fault is None else [Detail(fault[0], line=line, column=fault[1])]
        if len(keys) > MOST_COLUMNS:
            raise DatasetUnreadable(
                f"Up to line {line} there are more than {MOST_COLUMNS:,} different keys; give all "
                "objects the same ones.",
                errors=(Detail("Too many different keys.", line=line),),
            )
        if len(errors) == _MOST_ERRORS:
            break
    if errors:
        raise DatasetUnreadable(f"Line {errors[0].line}: {errors[0].message}", errors=tuple(errors))
    if not keys:
        raise DatasetUnreadable(
            "The objects have no keys; each should hold a row's cells by column name.",
            errors=(Detail("Here a key should stand.", line=1),),
        )
    names, unnamed = column_names(list(keys), None)
    return JsonFile(source, tuple(keys), names, unnamed)


def _lines(source: Source) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers, from 1."""
    number, held = 1, b""
    for chunk in source.chunks():
        *whole, held = (held + chunk).split(b"\n")
        for line in whole:
            yield number, _text(line, number)
            number += 1
        if len(held) > LONGEST_ROW:
            _refuse_long(number)
    if held:
        yield number, _text(held, number)


def _text(line: bytes, number: int) -> str:
    if len(line) > LONGEST_ROW:
        _refuse_long(number)
    text = line.decode()
    return text.lstrip("\ufeff") if number == 1 else text


def _refuse_long(line: int) -> NoReturn:
    what = f"longer than {LONGEST_ROW >> 20} MiB"
    raise DatasetUnreadable(
        f"Line {line} is {what}; write one object a line.",
        errors=(Detail(f"This line is {what}.", line=line),),
    )


def _fault(text: str, keys: dict[str, int]) -> tuple[str, int | None] | None:
    """Note the keys of a line, in order of appearance; return what is wrong with it, and where."""
    try:
        row = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        return f"no JSON object at character {error.colno}: {error.msg}.", error.colno
    except RecursionError:
        return "values lie too deep inside each other; flatten the objects.", None
    if not isinstance(row, tuple):
        return "each line should hold one JSON object, {…}.", None
    for key, cell in row:
        place = keys.setdefault(key, len(keys))
        wrong = _wrong(key, cell)
        if wrong is not None:
            return wrong, place + 1
    if len(dict(row)) < len(row):
        names = [key for key, _ in row]
        twin = next(key for place, key in enumerate(names) if key in names[:place])
        return f"the key {twin[:80]!r} stands there twice; give each value its own.", None
    return None


def _wrong(key: str, cell: object) -> str | None:
    if isinstance(cell, (tuple, list)):
        what = "an object" if isinstance(cell, tuple) else "a list"
        return (
            f"{key[:80]!r} holds {what}; give every cell one value, such as a number or text, and "
            "nested ones keys of their own."
        )
    for text in (key, cell):
        if isinstance(text, str) and not _is_text(text):
            return f"{key[:80]!a} holds a NUL or half a character; text has none."
    return None


def _is_text(text: str) -> bool:
    return (text.isascii() and "\0" not in text) or not any(
        char == "\0" or "\ud800" <= char <= "\udfff" for char in text
    )
