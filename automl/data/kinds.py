"""What kind a column is, decided from what was counted of its cells."""

import heapq
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import pyarrow as pa

from automl.core.catalog import ColumnKind
from automl.core.schema import CellType, Column, DateFormat, Lengths
from automl.data import figures
from automl.data.dates import Spelling, are_compact, are_dates, extremes, spelling
from automl.data.figures import Style, find
from automl.data.tally import NumberTally, Tally

TOP = 10
_TOP_CHARACTERS = 200
_ID_ROWS = 20
"""With fewer rows all cells may differ by chance."""
_SAMPLED = 1_000
_MANY = 1_000
"""So many categories are more than most models can learn apart."""
_DATES = 10
"""So many different numbers that are all dates, as 20240131 is, are no chance."""
_TRUTHS = tuple(map(frozenset, (("true", "false"), ("yes", "no"), ("t", "f"), ("y", "n"))))
_ID_WORD = re.compile(
    r"(?:^|[^a-z])(?:id|ids|uuid|guid|pk|idx|index|rowid|rownum|rownames|unnamed|key)(?:$|[^a-z])",
    re.IGNORECASE,
)
_ID_ENDING = re.compile(r"[a-z](?:Id|ID|Key|Idx)$")


@dataclass(frozen=True, slots=True)
class Finding:
    """A column, and what a user should hear of it: warning codes with a few words each."""

    column: Column
    remarks: Mapping[str, str]


def decide(name: str, tally: Tally) -> Finding:
    """Return the column that the tally speaks of."""
    numbers = _numbers(tally)
    if numbers is not None:
        missing = tally.empty + tally.markers + numbers.infinite
        style = Style(decimal_comma=tally.commas > 0)
        return _numeric(name, tally, numbers, style=style, missing=missing)
    found = find(tally.values) if tally.complete and (tally.other or tally.commas) else None
    if found is not None:
        return _written(name, tally, found)
    return _strings(name, tally)


def _written(name: str, tally: Tally, style: Style) -> Finding:
    """Return a column of numbers that carry signs, or set thousands apart."""
    cells = figures.numbers(pa.array(list(tally.values), pa.string()), style)
    counts = np.array(list(tally.values.values()))
    numbers = NumberTally()
    numbers.note(cells, counts)
    return _numeric(name, tally, numbers, style=style, missing=tally.rows - numbers.cells)


def _numbers(tally: Tally) -> NumberTally | None:
    """Return the counts of a column of numbers, or None: strings."""
    numbers, commas = tally.numbers, tally.comma_numbers
    if tally.other or not numbers.cells + commas.cells:
        return None
    if not tally.commas:
        return numbers
    if tally.pointed or tally.thousands == tally.commas:
        return None  # 1.5 beside 1,5, or 1,234, which may be 1234
    both = NumberTally()
    both.merge(numbers)
    both.merge(commas)
    return both


def _numeric(
    name: str, tally: Tally, numbers: NumberTally, *, style: Style, missing: int
) -> Finding:
    texts = list(tally.values)
    values = figures.numbers(pa.array(texts, pa.string()), style).values
    unread = {texts[index] for index in np.flatnonzero(np.isnan(values))}
    if tally.complete:
        unique = len(np.unique(values)) - bool(unread)
    else:
        unique = max(1, tally.distinct() - (tally.markers > 0))
    remarks = {}
    if numbers.infinite:
        remarks["INFINITE_VALUES"] = f"{name} ({numbers.infinite:,} cells)"
    kind, cells = ColumnKind.NUMERIC, "number"
    if unique == 1 and missing == 0:
        kind, cells = ColumnKind.CONSTANT, "string"
    elif unique == 2 and numbers.integral and (numbers.min, numbers.max) == (0.0, 1.0):
        kind = ColumnKind.BOOLEAN
    elif unique >= _DATES and numbers.integral and are_compact(_sample(tally, unread)):
        kind, cells = ColumnKind.DATETIME, "string"
    elif _counts_rows(name, tally, numbers, unique):
        kind, cells = ColumnKind.ID, "string"
    column = Column(
        name=name,
        kind=kind,
        cells="number" if cells == "number" else "string",
        missing=missing,
        unique=unique,
        min=numbers.min,
        max=numbers.max,
        top=_top(tally, unread),
        decimal_comma=style.decimal_comma,
        thousands=style.thousands,
        sign=style.sign,
        integral=numbers.integral,
        date="yyyymmdd" if kind is ColumnKind.DATETIME else None,
        summary=numbers.digest.summary() if cells == "number" else None,
    )
    if column.date is not None:
        ends = [str(int(number)) for number in (numbers.min, numbers.max)]
        first, last = extremes(ends, column.date)
        column = replace(column, earliest=first, latest=last)
    return Finding(column, remarks | _kind_remark(column) | _share_remarks(column, tally))


def _sample(tally: Tally, without: Set[str] = frozenset()) -> list[str]:
    present = (value for value in tally.values if value and value not in without)
    return list(islice(present, _SAMPLED))


def _counts_rows(name: str, tally: Tally, numbers: NumberTally, unique: int) -> bool:
    """Whether whole numbers that never repeat only number the rows."""
    if not numbers.integral or tally.rows < _ID_ROWS or not _all_differ(tally, unique):
        return False
    if _ID_WORD.search(name) or _ID_ENDING.search(name):
        return True
    years = numbers.min >= 1_000 and numbers.max <= 2_200
    return numbers.max - numbers.min + 1 == tally.rows and not years


def _all_differ(tally: Tally, unique: int) -> bool:
    # An estimate of many distinct values is within 3 %.
    return unique >= (tally.rows if tally.complete else 0.97 * tally.rows)


def _strings(name: str, tally: Tally) -> Finding:
    unique = tally.distinct()
    kind = _string_kind(tally, unique)
    cells: CellType = "string"
    dates = spelling(filter(None, tally.values)) if kind is ColumnKind.DATETIME else None
    column = Column(
        name=name,
        kind=kind,
        cells=cells,
        missing=tally.empty,
        unique=unique,
        top=_top(tally, {""}),
        date=None if dates is None else dates.format,
        lengths=_lengths(tally),
    )
    if column.date is not None:
        ends = extremes(_known_dates(tally, column.date), column.date)
        column = replace(column, earliest=ends[0], latest=ends[1])
    remarks = _kind_remark(column) | _share_remarks(column, tally) | _date_remarks(column, dates)
    if kind is not ColumnKind.DATETIME:  # 31.12.2021 has the look of a number
        remarks |= _number_remarks(column, tally)
    return Finding(column, remarks)


def _known_dates(tally: Tally, form: DateFormat) -> list[str]:
    """Return cells among which the first and the last date are, or none."""
    if tally.complete:
        return list(filter(None, tally.values))
    ends = (tally.first, tally.last)  # where the year stands first, text sorts as time does
    return [text for text in ends if text] if form == "iso" else []


def _lengths(tally: Tally) -> Lengths | None:
    cells = tally.rows - tally.empty
    if tally.shortest is None or not cells:
        return None
    sample = _sample(tally)
    words = sum(len(value.split()) for value in sample) / len(sample)
    return Lengths(tally.shortest, tally.characters / cells, tally.longest, words)


def _share_remarks(column: Column, tally: Tally) -> dict[str, str]:
    """Return what is odd about how many cells are missing, or differ."""
    remarks = {}
    if column.unique and column.missing > 0.5 * tally.rows:
        share = 100 * column.missing / tally.rows
        remarks["MOSTLY_MISSING"] = f"{column.name} ({share:.0f} %)"
    present = tally.rows - column.missing
    many = column.unique > _MANY or (column.unique > 50 and column.unique > 0.5 * present)
    if column.kind is ColumnKind.CATEGORICAL and many:
        remarks["HIGH_CARDINALITY"] = f"{column.name} ({column.unique:,} different)"
    return remarks


def _string_kind(tally: Tally, unique: int) -> ColumnKind:
    if unique == 0 or (unique == 1 and tally.empty == 0):
        return ColumnKind.CONSTANT
    sample = _sample(tally)
    spellings = frozenset(value.strip().casefold() for value in sample)
    if unique <= 6 and spellings in _TRUTHS:
        return ColumnKind.BOOLEAN
    if are_dates(sample):
        return ColumnKind.DATETIME
    if _is_prose(sample, unique / (tally.rows - tally.empty)):
        return ColumnKind.TEXT
    if tally.rows >= _ID_ROWS and not tally.empty and _all_differ(tally, unique):
        return ColumnKind.ID
    return ColumnKind.CATEGORICAL


def _is_prose(sample: list[str], unique_share: float) -> bool:
    """Whether the cells are sentences: several words each, seldom twice the same."""
    words = sum(len(value.split()) for value in sample) / len(sample)
    length = sum(map(len, sample)) / len(sample)
    return unique_share >= 0.3 and words >= 3 and length >= 15 and len(sample) >= 5


def _kind_remark(column: Column) -> dict[str, str]:
    if column.kind is ColumnKind.CONSTANT:
        code = "CONSTANT_COLUMN" if column.unique else "EMPTY_COLUMN"
        return {code: column.name}
    return {"ID_COLUMN": column.name} if column.kind is ColumnKind.ID else {}


def _date_remarks(column: Column, dates: Spelling | None) -> dict[str, str]:
    if dates is None:
        unread = column.kind is ColumnKind.DATETIME
        return {"UNREADABLE_DATES": column.name} if unread else {}
    if dates.sure:
        return {}
    reading = "day first" if dates.format == "day_first" else "month first"
    return {"AMBIGUOUS_DATES": f"{column.name} (read with the {reading})"}


def _number_remarks(column: Column, tally: Tally) -> dict[str, str]:
    """Return why a column that looks like numbers is none."""
    name, read = column.name, tally.numbers.cells + tally.comma_numbers.cells
    if tally.commas and tally.commas == tally.thousands and not tally.other:
        return {"THOUSANDS_SEPARATORS": name}
    if tally.commas and tally.pointed and not tally.other:
        return {"MIXED_DECIMAL_MARKS": name}
    if tally.other and read >= 0.9 * (read + tally.other):
        examples = ", ".join(repr(cell[:40]) for cell in tally.strange[:3])
        return {"MOSTLY_NUMERIC": f"{name} (not {examples})"}
    sample = [value for value in islice(tally.values, 100) if value]
    if tally.other and sample and all(map(_FIGURE.fullmatch, sample)):
        whole = all(re.fullmatch(r"\s*[+-]?\d+\s*", value) for value in sample)
        return {"NUMBERS_AS_TEXT" if whole else "FORMATTED_NUMBERS": name}
    if tally.other and read >= 0.1 * (read + tally.other):
        examples = ", ".join(repr(cell[:40]) for cell in tally.strange[:3])
        return {"MIXED_TYPES": f"{name} (numbers beside {examples})"}
    return {}


_FIGURE = re.compile(r"\s*[$€£¥]?\s*[+-]?\d[\d.,' ]*\s*[%$€£¥]?\s*")


def _top(tally: Tally, without: Set[str]) -> tuple[tuple[str, int], ...]:
    """Return the most frequent cells, those in ``without`` left out."""
    kept = (item for item in tally.values.items() if item[0] not in without)
    frequent = heapq.nsmallest(TOP, kept, key=lambda item: (-item[1], item[0]))
    return tuple((value[:_TOP_CHARACTERS], count) for value, count in frequent)
