"""What counts as a number, in a file as in a request.

A number is written plainly: a sign, digits, one decimal mark, an exponent, white space around it.
``007`` and whole numbers of 2^53 and beyond are none: as floats they would come back altered.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from automl.core.frame import Floats

EXACT = 2.0**53
"""From here on whole numbers are not all floats."""
MARKERS = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
"""Missing in a numeric column, in any case."""

_NUMBER = r"^[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_LONG_WHOLE = r"^[+-]?[0-9]{16,}$"
_INFINITE = ["inf", "-inf", "+inf", "infinity", "-infinity", "+infinity"]


class Reading(IntEnum):
    """What a cell is when read as a number."""

    NUMBER = 0
    MISSING = 1
    INFINITE = 2
    OTHER = 3


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """Cells read as numbers: ``values`` float64, NaN unless ``reading`` says NUMBER."""

    values: Floats
    reading: npt.NDArray[np.uint8]


def parse(cells: pa.StringArray, *, decimal_comma: bool = False) -> Numbers:
    """Return the cells as numbers: ``(len(cells),)`` each."""
    text = pc.utf8_trim_whitespace(cells)
    plain = text
    if decimal_comma:
        point = pc.match_substring(text, ".")
        plain = pc.if_else(point, "x", pc.replace_substring(text, ",", "."))
    matches = pc.match_substring_regex(plain, _NUMBER)
    values = _floats(pc.if_else(matches, plain, None))
    reading = np.where(np.isnan(values), Reading.OTHER, Reading.NUMBER).astype(np.uint8)
    reading[np.isinf(values)] = Reading.INFINITE  # written as 1e999
    large = np.flatnonzero(np.abs(values) >= EXACT)
    if len(large):
        whole = pc.match_substring_regex(pc.take(plain, pa.array(large)), _LONG_WHOLE)
        reading[large[whole.to_numpy(zero_copy_only=False)]] = Reading.OTHER
    other = np.flatnonzero(reading == Reading.OTHER)
    if len(other):
        reading[other] = _markers(pc.take(text, pa.array(other)))
    values[reading != Reading.NUMBER] = np.nan
    return Numbers(values, reading)


def parse_one(text: str, *, decimal_comma: bool = False) -> float | None:
    """Return the number that ``text`` is, or None."""
    numbers = parse(pa.array([text], pa.string()), decimal_comma=decimal_comma)
    return float(numbers.values[0]) if numbers.reading[0] == Reading.NUMBER else None


def _floats(text: pa.StringArray) -> Floats:
    numbers = pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False)
    return np.array(numbers, dtype=np.float64)  # a writable copy, null as NaN


def _markers(text: pa.StringArray) -> npt.NDArray[np.uint8]:
    lower = pc.utf8_lower(text)
    reading = np.full(len(text), Reading.OTHER, dtype=np.uint8)
    missing = pc.is_in(lower, value_set=pa.array(sorted(MARKERS), pa.string()))
    infinite = pc.is_in(lower, value_set=pa.array(_INFINITE, pa.string()))
    reading[missing.to_numpy(zero_copy_only=False)] = Reading.MISSING
    reading[infinite.to_numpy(zero_copy_only=False)] = Reading.INFINITE
    return reading
