"""Columns of dates: whether one is, how it writes them, and when its rows happened."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from automl.core import moments
from automl.core.dates import COMPACT, DIGITS, NAME, SEPARATED, WRITTEN
from automl.core.frame import Floats
from automl.core.schema import Column, DateFormat
from automl.data import figures

_WRITTEN, _SEPARATED, _COMPACT = map(re.compile, (WRITTEN, SEPARATED, COMPACT))
_NAME, _DIGITS = re.compile(NAME), re.compile(DIGITS)
_YEARS = 1500, 2300
"""Numbers outside are years of no data."""
_MONTHS, _LONGEST_MONTH = 12, 31
_MOSTLY = 0.9
"""Of the distinct cells must be written in a way that the model file reads."""


def is_date(text: str) -> bool:
    """Return whether the text is a date, with or without a time of day; eight digits are none."""
    return are_dates([text])


def are_dates(values: Sequence[str]) -> bool:
    """Return whether all texts are dates, be it with the day first or the month."""
    if not all(map(_SEPARATED.fullmatch, values)):
        return False
    return bool((_days(values, "day_first") | _days(values, "month_first")).all())


def are_compact(values: Sequence[str]) -> bool:
    """Return whether all texts are dates written as 20240131."""
    return all(map(_COMPACT.fullmatch, values)) and bool(_days(values, "yyyymmdd").all())


def _days(values: Sequence[str], form: DateFormat) -> npt.NDArray[np.bool_]:
    """Return which texts are days of the years that data is of."""
    year = moments.parse(values, form)["year"]
    return (year >= _YEARS[0]) & (year < _YEARS[1])


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
    written = eight = named = day_first = month_first = short = total = 0
    for value in values:
        total += 1
        if not _WRITTEN.fullmatch(value):
            continue
        written += 1
        numbers = [int(digits) for digits in _DIGITS.findall(value)[:2]]
        if _NAME.search(value):
            named += 1
        elif _COMPACT.fullmatch(value):
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
    alike: dict[int, DateFormat] = {named: "month_name", eight: "yyyymmdd"}
    return Spelling(alike.get(written, "iso"))


def extremes(values: Sequence[str], form: DateFormat) -> tuple[str, str] | tuple[None, None]:
    """Return the first and the last of the dates in ISO 8601, without times of day."""
    parts = moments.parse(values, form)
    ages = parts["age"]
    if np.isnan(ages).all():
        return None, None
    first, last = (
        "-".join(f"{int(parts[name][row]):0{width}}" for name, width in _ISO)
        for row in (np.nanargmin(ages), np.nanargmax(ages))
    )
    return first, last


_ISO = ("year", 4), ("month", 2), ("day", 2)


def moments_of(cells: Sequence[str], column: Column) -> Floats:
    """Return when each row happened: larger for later, NaN for what is no number or date.

    They are numbers where every cell is one (years, counts, 20240131), else dates in seconds, read
    as the column's features would be; only their order matters.
    """
    numbers = figures.numbers(pa.array(cells, pa.string()), column).values
    if not np.isnan(numbers).any():
        return numbers
    found = spelling(cells)
    form = column.date or ("iso" if found is None else found.format)
    return moments.parse(cells, form)["age"]
