"""Recognizing dates and times by their spelling, in the forms that people and programs use."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from automl.core.dates import DIGITS, WRITTEN
from automl.core.schema import DateFormat

_YEAR = r"(?:1[5-9]|2[0-2])\d\d"
_MONTH = r"(?:0?[1-9]|1[0-2])"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_NAME = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]{0,6}\.?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},?\s+)?"
_TIME = (
    r"(?:(?:T|\s+|,\s*)(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-6]\d(?:[.,]\d{1,9})?)?"
    r"(?:\s*[ap]\.?m\.?)?(?:\s*(?:Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?))?)?"
)
_DATES = (
    rf"{_YEAR}(?P<a>[-/.]){_MONTH}(?P=a){_DAY}",  # 2024-01-31
    rf"{_DAY}(?P<b>[-/.]){_MONTH}(?P=b)(?:{_YEAR}|\d\d)",  # 31/01/2024
    rf"{_MONTH}(?P<c>[-/.]){_DAY}(?P=c)(?:{_YEAR}|\d\d)",  # 01/31/2024
    rf"{_DAY}[-\s./]*{_NAME}[-\s./,]*(?:{_YEAR}|\d\d)",  # 31 Jan 2024
    rf"{_NAME}\s*{_DAY}(?:st|nd|rd|th)?,?\s+{_YEAR}",  # January 31, 2024
    rf"{_YEAR}[-/]{_MONTH}",  # 2024-01
)
_ANY = re.compile(rf"\s*{_WEEKDAY}(?:{'|'.join(_DATES)}){_TIME}\s*", re.IGNORECASE)
_WRITTEN, _DIGITS = re.compile(WRITTEN), re.compile(DIGITS)
_COMPACT = re.compile(rf"{_YEAR}\d{{4}}", re.ASCII)
_MONTHS, _LONGEST_MONTH = 12, 31
_PIVOT = 69
"""Years of two digits below are in this century, others in the last, as in POSIX."""
_MOSTLY = 0.9
"""Of the distinct cells must be written in a way that the model file reads."""


def is_date(text: str) -> bool:
    """Return whether the text is a date, with or without a time of day."""
    return len(text) <= 64 and _ANY.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a column writes its dates; ``sure`` unless day and month may be the other way round."""

    format: DateFormat
    sure: bool = True


def spelling(values: Iterable[str]) -> Spelling | None:
    """Return how the distinct present cells of a column write dates, None where few can be read.

    Day or month first is decided once for all cells, by those where only one reading is a date;
    without any the day comes first, as in most of the world.
    """
    written = eight = day_first = month_first = short = total = 0
    for value in values:
        total += 1
        if not _WRITTEN.fullmatch(value):
            continue
        written += 1
        numbers = [int(digits) for digits in _DIGITS.findall(value)[:2]]
        if len(numbers) == 1:
            eight += 1
        elif numbers[0] <= _LONGEST_MONTH:
            short += 1
            day_first += numbers[0] > _MONTHS
            month_first += numbers[1] > _MONTHS
    if not written or written < _MOSTLY * total:
        return None
    if short:
        order: DateFormat = "month_first" if month_first > day_first else "day_first"
        return Spelling(order, sure=(day_first > 0) != (month_first > 0))
    return Spelling("yyyymmdd" if eight == written else "iso")


def extremes(values: Iterable[str], form: DateFormat) -> tuple[str, str] | tuple[None, None]:
    """Return the first and the last of the dates in ISO 8601, without times of day."""
    days = [day for value in values if (day := _iso_day(value, form))]
    return (min(days), max(days)) if days else (None, None)


def _iso_day(text: str, form: DateFormat) -> str | None:
    """Return the day, or the month where no day stands; None where the text is no date."""
    if not _WRITTEN.fullmatch(text):
        return None
    numbers = _DIGITS.findall(text)
    if len(numbers[0]) == len("20240131"):
        year, month, day = numbers[0][:4], numbers[0][4:6], numbers[0][6:]
    elif len(numbers[0]) == len("2024"):
        year, month, day = numbers[0], numbers[1], numbers[2] if len(numbers) > 2 else "1"
    else:
        first, second, year = numbers[:3]
        month, day = (first, second) if form == "month_first" else (second, first)
        year = year if len(year) == len("2024") else _full_year(year)
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def _full_year(year: str) -> str:
    return f"{20 if int(year) < _PIVOT else 19}{year:0>2}"


def is_compact(values: Iterable[str]) -> bool:
    """Return whether all cells are dates written as 20240131."""
    return all(map(_is_compact, values))


def _is_compact(text: str) -> bool:
    if not _COMPACT.fullmatch(text):
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True
