"""What counts as a number, in a file as in a request.

A number is written plainly: a sign, digits, one decimal mark, an exponent, white space around it.
``007`` and whole numbers beyond 2^53 are none: as floats they would come back altered.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from automl.core.frame import Floats

EXACT = 2.0**53
"""The last whole number up to which all are floats; the next one reads as this one too, so only its
digits tell."""
MARKERS = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
"""Missing in a numeric column, in any case."""

_NUMBER = r"^[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_LONG_WHOLE = r"^[+-]?[0-9]{16,}$"
_EXACT_DIGITS = str(int(EXACT))
_EXACT_WHOLE = rf"^[+-]?{_EXACT_DIGITS}$"
_INFINITE = frozenset({"inf", "-inf", "+inf", "infinity", "-infinity", "+infinity"})
_SPACE = " \t\r\n\v\f\u00a0\u202f"
_FEW = 128
"""Up to so many cells, Python is faster than Arrow's calls, each of which compiles its pattern."""
_NUMBER_OF_FEW = re.compile(_NUMBER[1:-1])


class Reading(IntEnum):
    """What a cell is when read as a number."""

    NUMBER = 0
    MISSING = 1
    """A marker, or nothing but white space."""
    INFINITE = 2
    OTHER = 3
    EMPTY = 4


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """Cells read as numbers: ``values`` float64, NaN unless ``reading`` says NUMBER."""

    values: Floats
    reading: npt.NDArray[np.uint8]


def parse(cells: pa.StringArray, *, decimal_comma: bool = False) -> Numbers:
    """Return the cells as numbers: ``(len(cells),)`` each."""
    if len(cells) <= _FEW:
        return parse_few(cells.to_pylist(), decimal_comma=decimal_comma)
    return parse_many(cells, decimal_comma=decimal_comma)


def parse_one(text: str, *, decimal_comma: bool = False) -> float | None:
    """Return the number that ``text`` is, or None."""
    value, reading = _read(text, decimal_comma=decimal_comma)
    return value if reading == Reading.NUMBER else None


def parse_few(cells: Sequence[str], *, decimal_comma: bool) -> Numbers:
    """Return what `parse` does, cell by cell."""
    pairs = [_read(cell, decimal_comma=decimal_comma) for cell in cells]
    values = np.array([value for value, _ in pairs], dtype=np.float64)
    return Numbers(values, np.array([reading for _, reading in pairs], dtype=np.uint8))


def parse_many(cells: pa.StringArray, *, decimal_comma: bool) -> Numbers:
    """Return what `parse` does, all cells at once."""
    text = pc.utf8_trim(cells, characters=_SPACE)
    plain = text
    if decimal_comma:
        point = pc.match_substring(text, ".")
        plain = pc.if_else(point, "x", pc.replace_substring(text, ",", "."))
    matches = pc.match_substring_regex(plain, _NUMBER)
    numbers = pc.cast(pc.if_else(matches, plain, None), pa.float64())
    values: Floats = np.array(numbers.to_numpy(zero_copy_only=False), dtype=np.float64)
    reading = np.where(np.isnan(values), Reading.OTHER, Reading.NUMBER).astype(np.uint8)
    reading[np.isinf(values)] = Reading.INFINITE  # written as 1e999
    large = np.flatnonzero(np.abs(values) >= EXACT)
    if len(large):
        texts = pc.take(plain, pa.array(large))
        whole = pc.match_substring_regex(texts, _LONG_WHOLE)
        beyond = pc.and_not(whole, pc.match_substring_regex(texts, _EXACT_WHOLE))
        reading[large[beyond.to_numpy(zero_copy_only=False)]] = Reading.OTHER
    other = np.flatnonzero(reading == Reading.OTHER)
    if len(other):
        reading[other] = _words(pc.take(text, pa.array(other)))
        empty = pc.equal(pc.take(cells, pa.array(other)), "").to_numpy(zero_copy_only=False)
        reading[other[empty]] = Reading.EMPTY
    values[reading != Reading.NUMBER] = np.nan
    return Numbers(values, reading)


def _words(text: pa.StringArray) -> npt.NDArray[np.uint8]:
    lower = pc.utf8_lower(text)
    reading = np.full(len(text), Reading.OTHER, dtype=np.uint8)
    for words, meaning in ((MARKERS, Reading.MISSING), (_INFINITE, Reading.INFINITE)):
        found = pc.is_in(lower, value_set=pa.array(sorted(words), pa.string()))
        reading[found.to_numpy(zero_copy_only=False)] = meaning
    return reading


def _read(cell: str, *, decimal_comma: bool) -> tuple[float, Reading]:
    if not cell:
        return math.nan, Reading.EMPTY
    text = cell.strip(_SPACE)
    plain = text
    if decimal_comma:
        plain = "x" if "." in text else text.replace(",", ".")
    if not _NUMBER_OF_FEW.fullmatch(plain):
        lower = text.lower()
        if lower in MARKERS:
            return math.nan, Reading.MISSING
        return math.nan, Reading.INFINITE if lower in _INFINITE else Reading.OTHER
    value = float(plain)
    digits = plain.lstrip("+-")
    if abs(value) >= EXACT and digits.isdigit() and digits != _EXACT_DIGITS:
        return math.nan, Reading.OTHER
    if math.isinf(value):
        return math.nan, Reading.INFINITE
    return value, Reading.NUMBER
