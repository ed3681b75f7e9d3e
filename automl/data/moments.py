"""When a row happened: the cells of a time column as numbers that only their order matters of.

A column is read as numbers where every cell is one (years, counts, seconds since 1970, 20240131),
else as dates with or without a time of day, taken as written, whatever the zone.
"""

import re
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from automl.core.frame import Floats
from automl.data.number import parse_one

_CLOCK = (
    r"(?:(?:[Tt]|,?\s+)(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d(?:[.,]\d{1,9})?))?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?)?\s*(?:Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?\s*"
)
_YEAR_FIRST = r"\s*(?P<year>\d{4})[-/.](?P<month>\d{1,2})(?:[-/.](?P<day>\d{1,2}))?"
_YEAR_LAST = r"\s*(?P<one>\d{1,2})[-/.](?P<two>\d{1,2})[-/.](?P<year>\d{4}|\d\d)"
_NAMED = (
    r"\s*(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},?\s+)?"
    r"(?:(?P<day>\d{1,2})[-\s./]*(?P<name>[a-z]{3})[a-z]{0,6}\.?[-\s./,]*(?P<year>\d{4}|\d\d)"
    r"|(?P<name2>[a-z]{3})[a-z]{0,6}\.?\s*(?P<day2>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year2>\d{4}))"
)
_FORMS = tuple(
    re.compile(form + _CLOCK, re.IGNORECASE | re.ASCII)
    for form in (_YEAR_FIRST, _YEAR_LAST, _NAMED)
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PIVOT = 69
"""Two digits from here on are years of the last century."""


def moments(cells: Sequence[str], *, decimal_comma: bool = False) -> Floats:
    """Return a number a cell, larger for later; NaN for a cell that is no number or date."""
    numbers = [parse_one(cell, decimal_comma=decimal_comma) for cell in cells]
    read = [number for number in numbers if number is not None]
    if len(read) == len(numbers):
        return np.array(read, dtype=np.float64)
    matches = [_match(cell) for cell in cells]
    day_first = _day_first(matches)
    return np.array([_moment(match, day_first=day_first) for match in matches], dtype=np.float64)


def _match(cell: str) -> dict[str, str] | None:
    for form in _FORMS:
        if (match := form.fullmatch(cell)) is not None:
            return {name: value for name, value in match.groupdict().items() if value}
    return None


def _day_first(matches: Sequence[dict[str, str] | None]) -> bool:
    """Return whether 1/2 is the first of February: once for all cells, by those that are clear."""
    pairs = [(int(m["one"]), int(m["two"])) for m in matches if m is not None and "one" in m]
    return sum(two > 12 for _, two in pairs) <= sum(one > 12 for one, _ in pairs)


def _moment(parts: dict[str, str] | None, *, day_first: bool) -> float:
    if parts is None:
        return float("nan")
    if "one" in parts:
        day, month = (parts["one"], parts["two"]) if day_first else (parts["two"], parts["one"])
    elif name := parts.get("name") or parts.get("name2"):
        day = parts.get("day") or parts["day2"]
        month = str(_MONTHS.index(name.lower()) + 1) if name.lower() in _MONTHS else "0"
    else:
        day, month = parts.get("day", "1"), parts["month"]
    hour = int(parts.get("hour", "0"))
    if half := parts.get("half"):
        hour = hour % 12 + (12 if half in "pP" else 0)
    try:
        date = datetime(_year(parts), int(month), int(day))  # noqa: DTZ001 -- as written
    except ValueError:
        return float("nan")
    seconds = float(parts.get("second", "0").replace(",", "."))
    return date.toordinal() * 86_400.0 + hour * 3_600 + int(parts.get("minute", "0")) * 60 + seconds


def _year(parts: dict[str, str]) -> int:
    text = parts.get("year") or parts["year2"]
    year = int(text)
    if len(text) > 2:
        return year
    return year + (1900 if year >= _PIVOT else 2000)
