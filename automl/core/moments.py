"""From the strings of a date column to numbers: what ingest, training, requests and files read.

The calendar is written once, over whole numbers that are an array or a graph (`term`); only how
digits come out of a string is written twice. A time of day is taken as written: weekday and hour
mean what people saw on their clocks, whatever the zone behind.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from types import MappingProxyType

import numpy as np

from automl.core.dates import (
    DIGITS,
    EPOCH,
    HALF,
    MONTHS,
    NAME,
    NUMBER,
    PREFIX,
    SEPARATED,
    WRITTEN,
)
from automl.core.frame import Floats
from automl.core.graph import MICROSOFT, ML, ElementType, Graph
from automl.core.schema import DateFormat
from automl.core.term import Term, Whole, choose, known, look_up, real

CYCLES = MappingProxyType({"month": 12, "weekday": 7, "hour": 24})
"""Parts that come round, and after how many steps."""

_FIELDS = 6
_SENTINELS = ("2000-01-01 00:00:00 AM", "1 Jan 2000", "0")
"""Cells with everything, put behind the others so that every table of tokens has its width."""
_LENGTHS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_HOURS = 24
_EPOCH = 719_468
"""Days from the first of March of the year 0 to 1970."""
_YEAR_1 = 306
"""Days from the first of March of the year 0 to the year 1."""
_FIRST, _LAST = -62_135_596_800, 253_402_300_800
"""The years 1 and 10000 in seconds from 1970."""
_DAY = 86_400
_PIVOT = 69
"""Years of two digits below are in this century, others in the last, as in POSIX."""
_HALVES = MappingProxyType(
    {
        first + dot + last: 1 if first in "Aa" else 2
        for first in "AaPp"
        for dot in ("", ".")
        for last in "Mm"
    }
)
_NAMES = MappingProxyType(
    {
        "".join(letters): number
        for number, month in enumerate(MONTHS, 1)
        for letters in product(*((letter, letter.upper()) for letter in month))
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class _Tokens:
    """What stands in the cells: digits in their order, a month's name, am or pm; or a count."""

    fields: Sequence[Whole]
    names: Whole
    halves: Whole
    counts: Whole
    counted: Whole


def parse(cells: Sequence[str], format: DateFormat) -> dict[str, Floats]:  # noqa: A002
    """Return the parts of every cell by name, NaN where it is no date: ``(cells,)`` each."""
    fields = np.zeros((len(cells), _FIELDS), np.int64)
    names, halves, counts = np.zeros((3, len(cells)), np.int64)
    counted = np.zeros(len(cells), np.bool_)
    whole, epoch = re.compile(_pattern(format)), re.compile(EPOCH)
    prefix, digits, number = map(re.compile, (PREFIX, DIGITS, NUMBER))
    name, half = re.compile(NAME), re.compile(HALF)
    for row, cell in enumerate(cells):
        if whole.fullmatch(cell):
            match = prefix.match(cell)
            start = match.group() if match else ""
            found = [int(token) for token in digits.findall(start)]
            fields[row, : len(found)] = found
            names[row] = next((_NAMES[word] for word in name.findall(start)), 0)
            halves[row] = next((_HALVES[mark] for mark in half.findall(cell)), 0)
        elif _counts(format) and epoch.fullmatch(cell):
            counts[row], counted[row] = int(number.findall(cell)[0]), True
    return _parts(format, _Tokens(list(fields.T), names, halves, counts, counted))


def emit(graph: Graph, cells: str, format: DateFormat) -> dict[str, str]:  # noqa: A002
    """Write ``parse`` to the graph: the parts by name, float64, n × 1."""
    cells = graph.node("Concat", cells, graph.constant([[s] for s in _SENTINELS]), axis=0)
    flat = graph.constant([-1, 1], np.int64)

    def tokens(text: str, pattern: str, pad: str = "") -> str:
        return graph.node(
            "Tokenizer",
            text,
            domain=MICROSOFT,
            mark=0,
            mincharnum=1,
            pad_value=pad,
            tokenexp=pattern,
        )

    def column(table: str, place: int, axis: int = 1) -> Term:
        rows = graph.node(
            "Slice", table, *(graph.constant([n], np.int64) for n in (0, -len(_SENTINELS), 0))
        )
        chosen = graph.node("Gather", rows, graph.constant([place], np.int64), axis=axis)
        return Term(graph, graph.node("Reshape", chosen, flat))

    def codes(table: str, keys: Sequence[str], values: Sequence[int], default: int) -> str:
        return graph.node(
            "LabelEncoder",
            table,
            domain=ML,
            keys_strings=tuple(keys),
            values_int64s=tuple(values),
            default_int64=default,
        )

    whole = graph.node("Reshape", tokens(cells, f"^(?:{_pattern(format)})$"), flat)
    start = graph.node("Reshape", tokens(whole, f"^{PREFIX}"), flat)
    digits = graph.node("Cast", tokens(start, DIGITS, "0"), to=ElementType.INT64)
    names = codes(tokens(start, NAME), list(_NAMES), list(_NAMES.values()), 0)
    halves = codes(tokens(whole, HALF), list(_HALVES), list(_HALVES.values()), 0)
    fields = [column(digits, place, 2) for place in range(_FIELDS)]
    counts = counted = None
    if _counts(format):
        count = graph.node("Reshape", tokens(cells, f"^(?:{EPOCH})$"), flat)
        counted = column(codes(count, [""], [0], 1), 0) > 0
        number = graph.node("Cast", tokens(count, NUMBER, "0"), to=ElementType.INT64)
        counts = column(number, 0, 2)
    read = _Tokens(fields, column(names, 0, 2), column(halves, 0, 2), counts, counted)
    parts = _parts(format, read)
    return {name: part.value for name, part in parts.items()}


def _counts(format: DateFormat) -> bool:  # noqa: A002
    return format in ("epoch_seconds", "epoch_milliseconds")


def _pattern(format: DateFormat) -> str:  # noqa: A002
    return SEPARATED if _counts(format) else WRITTEN  # eight digits may be a count


def _parts(format: DateFormat, read: _Tokens) -> dict[str, Whole]:  # noqa: A002
    """Return year, month, day, weekday (Monday 0), hour and age: seconds since 1970."""
    age, good = _written(format, read)
    if _counts(format):
        unit = 1_000 if format == "epoch_milliseconds" else 1
        counted = read.counted & (read.counts >= _FIRST * unit) & (read.counts < _LAST * unit)
        count = (choose(counted, read.counts, 0) - _FIRST * unit) // unit + _FIRST
        age, good = choose(counted, count, age), good | counted
    shifted = choose(good, age - _FIRST, 0)  # from the year 1 on: no division below 0
    days = shifted // _DAY
    year, month, day = _civil(days + _YEAR_1)
    parts = {
        "year": year,
        "month": month,
        "day": day,
        "weekday": days % 7,  # the year 1 began with a Monday
        "hour": shifted % _DAY // 3_600,
        "age": age,
    }
    found = {name: known(real(part), good) for name, part in parts.items()}
    for name, circle in _CIRCLES.items():
        for label, table in circle.items():
            found[f"{name} {label}"] = known(look_up(table, parts[name]), good)
    return found


def _written(format: DateFormat, read: _Tokens) -> tuple[Whole, Whole]:  # noqa: A002
    """Return the age of what is written with year, month and day, and where there is such a day."""
    named = read.names > 0
    # Behind the day a named month takes no digits: what follows stands one place further on.
    rest = [choose(named, before, field) for before, field in pairwise(read.fields[1:])]
    second = choose(named, read.names, read.fields[1])
    year, month, day, good = _date(format, read.fields[0], second, rest[0], named)
    hour, minute, seconds = rest[1:]
    good = good & (hour <= _HOURS) & (minute <= 59) & (seconds <= 60)
    hour = choose(read.halves > 0, hour % 12 + choose(read.halves > 1, 12, 0), hour)
    return _days(year, month, day) * _DAY + hour * 3_600 + minute * 60 + seconds, good


def _date(
    format: DateFormat,  # noqa: A002
    first: Whole,
    second: Whole,
    third: Whole,
    named: Whole,
) -> tuple[Whole, Whole, Whole, Whole]:
    """Return year, month, day, and where there is such a day."""
    eight = first >= 10_000_000
    a = choose(eight, first // 10_000, first)
    b = choose(eight, first // 100 % 100, second)
    c = choose(eight, first % 100, choose(third > 0, third, 1))  # 2024-01 is its first day
    last = a <= 31
    short = third + choose(third < _PIVOT, 2_000, 1_900)
    year = choose(last, choose(third < 100, short, third), a)
    month, day = b, choose(last, a, c)
    if format == "month_first":
        month = choose(named, b, choose(last, a, b))
        day = choose(named, day, choose(last, b, c))
    good = (a > 0) & (month >= 1) & (month <= 12) & (day >= 1)
    month = choose(month > 12, 12, choose(month < 1, 1, month))
    common = (year % 4 > 0) | ((year % 100 < 1) & (year % 400 > 0))
    length = look_up(_LENGTHS, month) - choose(common & (month < 3) & (month > 1), 1, 0)
    return year, month, day, good & (day <= length)


# Reference: H. Hinnant, "chrono-compatible low-level date algorithms" (2013): years begin in March.


def _days(year: Whole, month: Whole, day: Whole) -> Whole:
    """Return the days since 1970 of a date from the year 1 on."""
    year = year - choose(month <= 2, 1, 0)
    months = (month + 9) % 12 * 153 + 2
    return year * 365 + year // 4 - year // 100 + year // 400 + months // 5 + day - 1 - _EPOCH


def _civil(days: Whole) -> tuple[Whole, Whole, Whole]:
    """Return year, month and day of the days since the first of March of the year 0."""
    era = days // 146_097
    rest = days - era * 146_097
    years = (rest - rest // 1_460 + rest // 36_524 - rest // 146_096) // 365
    rest = rest - (years * 365 + years // 4 - years // 100)
    months = (rest * 5 + 2) // 153
    day = rest - (months * 153 + 2) // 5 + 1
    month = (months + 2) % 12 + 1
    return years + era * 400 + choose(month <= 2, 1, 0), month, day


def _circle(steps: int) -> dict[str, Floats]:
    turn = 2.0 * np.pi * np.arange(steps + 1) / steps
    return {"sine": np.sin(turn), "cosine": np.cos(turn)}


_CIRCLES = MappingProxyType({name: _circle(steps) for name, steps in CYCLES.items()})
