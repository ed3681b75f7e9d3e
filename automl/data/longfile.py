"""Series as a long table: a row a step, `series_id` and `step`, columns of values, and labels.

What never changes within a series is its label, what does is a value. The table is read twice: once
to learn how many steps each series has, once to lay its values beside each other in a file, from
which they are taken series by series. Memory grows with the number of series only.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from automl.core.catalog import Modality
from automl.core.errors import DatasetUnreadable, Detail
from automl.data.arrayfile import ArrayFile, Block, check_padded
from automl.data.hashing import hash_strings
from automl.data.number import Reading, parse
from automl.data.tabular import TableFile

SERIES, STEP = "series_id", "step"
_BLOCK = 8 << 20
_TARGETS = frozenset({"label", "y", "target", "class"})
_PLACE = "y"
"""A label, but where it changes beside another one it is the second of the places x, y and z."""
_VALUE = re.compile(r"(?:values?|v|x|dim|d|channel|ch|sensor|feature|f)[_ -]?\d*", re.IGNORECASE)
"""What columns of values are called: one that never changes is no label then."""
_SPARSEST = 4
"""Steps that a series may lack for each it has; beyond, steps only say what comes after what."""


@dataclass(slots=True)
class _Column:
    """What is learned of a column beside the two that every long table has."""

    name: str
    numeric: bool = True
    varies: bool = False
    seen: npt.NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    """The hash of each series' first cell, 0 for none yet."""
    firsts: list[str] = field(default_factory=list)

    def note(self, cells: pa.StringArray, codes: npt.NDArray[np.int64], series: int) -> None:
        """Count the cells of a batch, whose series are ``codes``."""
        if self.numeric:
            self.numeric = not bool((parse(cells).reading == Reading.OTHER).any())
        if self.varies:
            return
        self.firsts += [""] * (series - len(self.firsts))
        self.seen = np.concatenate([self.seen, np.zeros(series - len(self.seen), np.uint64)])
        hashes = hash_strings(cells) | np.uint64(1)
        present = np.flatnonzero(hashes != _EMPTY)
        codes, hashes = codes[present], hashes[present]
        new, where = np.unique(codes, return_index=True)
        unseen = self.seen[new] == 0
        new, where = new[unseen], where[unseen]
        self.seen[new] = hashes[where]
        for code, row in zip(new.tolist(), present[where].tolist(), strict=True):
            self.firsts[code] = cells[row].as_py()
        self.varies = bool((self.seen[codes] != hashes).any())


_EMPTY = hash_strings(pa.array([""], pa.string()))[0] | np.uint64(1)


@dataclass(slots=True)
class _Survey:
    """What the first reading tells."""

    columns: list[_Column]
    series: dict[str, int] = field(default_factory=dict)
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    least: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    most: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    whole: bool = True
    """Whether all steps are whole numbers."""

    def codes(self, cells: pa.StringArray) -> npt.NDArray[np.int64]:
        """Return the number of each row's series, in the order that they come first."""
        encoded = cells.dictionary_encode()
        known = [self.series.setdefault(name, len(self.series))
                 for name in encoded.dictionary.to_pylist()]  # fmt: skip
        codes: npt.NDArray[np.int64] = np.array(known, np.int64)[encoded.indices.to_numpy()]
        return codes

    def note(self, codes: npt.NDArray[np.int64], steps: npt.NDArray[np.float64]) -> None:
        """Count the steps of a batch."""
        more = len(self.series) - len(self.counts)
        self.counts = np.concatenate([self.counts, np.zeros(more, np.int64)])
        self.least = np.concatenate([self.least, np.full(more, np.inf)])
        self.most = np.concatenate([self.most, np.full(more, -np.inf)])
        np.add.at(self.counts, codes, 1)
        np.minimum.at(self.least, codes, steps)
        np.maximum.at(self.most, codes, steps)
        self.whole = self.whole and bool((steps == np.floor(steps)).all())


@dataclass(frozen=True, slots=True)
class Long:
    """A long table that was understood; ``ranked``: its steps only say what comes after what."""

    table: TableFile
    found: _Survey
    values: Sequence[_Column]
    labels: Sequence[_Column]
    steps: int
    ranked: bool

    @property
    def record(self) -> np.dtype[Any]:
        """A step as it is laid out."""
        return np.dtype([("step", np.float64), ("values", np.float32, (len(self.values),))])


def is_long(names: Sequence[str], *, labelled: bool = True) -> bool:
    """Return whether a table with those columns may be series, ``labelled`` or not."""
    lower = [name.lower() for name in names]
    return SERIES in lower and STEP in lower and len(names) >= 3 + labelled


def understood(table: TableFile, *, labelled: bool = True) -> Long:
    """Return a long table's values and labels, after its first reading.

    Args:
        table: one that `is_long` may be.
        labelled: whether its series must have labels: not where they are to be predicted.

    Raises:
        DatasetUnreadable: it holds no series: steps that are no numbers, no values, or no label.
    """
    found = _survey(table)
    values, labels = _divided(found, labelled=labelled)
    longest = int(found.counts.max())
    span = int((found.most - found.least).max()) + 1 if found.whole else longest
    ranked = not found.whole or span > _SPARSEST * longest
    return Long(table, found, values, labels, longest if ranked else span, ranked)


def open_long(long: Long, *, limit: int, scratch: Callable[[str], Path]) -> ArrayFile:
    """Return the series of a long table.

    Args:
        long: the table.
        limit: bytes that the series may have, all as long as the longest.
        scratch: returns where a file may lie while they are read.

    Raises:
        DatasetUnreadable: they have more; or, once they are read, steps that come twice.
    """
    check_padded(len(long.found.series), len(long.values), long.steps, limit=limit)
    return ArrayFile(
        format=long.table.format,
        modality=Modality.SERIES,
        shape=(len(long.values), long.steps),
        dtype="float32",
        names=tuple(column.name for column in long.labels),
        blocks=partial(_blocks, long, scratch),
        remarks=long.table.warnings,
    )


def _survey(table: TableFile) -> _Survey:
    series, step, others = _places(table)
    found = _Survey([_Column(table.names[place]) for place in others])
    row = table.line
    for batch in table.batches():
        codes = found.codes(batch.column(series))
        found.note(codes, _steps(batch.column(step), row))
        for column, place in zip(found.columns, others, strict=True):
            column.note(batch.column(place), codes, len(found.series))
        row += batch.num_rows
    if not found.series:
        raise DatasetUnreadable("The table has no rows; a row a step of a series is needed.")
    return found


def _places(table: TableFile) -> tuple[int, int, list[int]]:
    lower = [name.lower() for name in table.names]
    series, step = lower.index(SERIES), lower.index(STEP)
    return series, step, [place for place in range(len(lower)) if place not in (series, step)]


def _steps(cells: pa.StringArray, row: int) -> npt.NDArray[np.float64]:
    numbers = parse(cells)
    bad = np.flatnonzero(numbers.reading != Reading.NUMBER)
    if len(bad):
        place = row + int(bad[0])
        message = f"{cells[int(bad[0])].as_py()[:60]!r} is no number; a step is one."
        raise DatasetUnreadable(
            f"Line {place}: {message}", errors=(Detail(message, field=STEP, line=place),)
        )
    return numbers.values


def _divided(found: _Survey, *, labelled: bool) -> tuple[list[_Column], list[_Column]]:
    """Return the columns of values, and those of labels."""
    steady = any(not (column.varies or _valued(column) or _place(column))
                 for column in found.columns)  # fmt: skip
    values = [column for column in found.columns if _valued(column)
              or (_place(column) and column.varies and (steady or not labelled))]  # fmt: skip
    labels = [column for column in found.columns if column not in values]
    changing = next((column.name for column in labels if column.varies), None)
    if changing is not None:
        raise _refusal(f"{changing!r} changes within a series; a label is one for all its steps, "
                       "and values are numbers.", changing)  # fmt: skip
    if not values:
        raise _refusal("No column holds values that change from step to step.", "value")
    if labelled and not labels:
        raise _refusal("No column is the same for all steps of a series, as its label is.", "label")
    return values, labels


def _valued(column: _Column) -> bool:
    """Return whether a column holds values, by how it goes and what it is called."""
    return (
        column.numeric
        and (column.varies or bool(_VALUE.fullmatch(column.name)))
        and column.name.lower() not in _TARGETS
    )


def _place(column: _Column) -> bool:
    return column.numeric and column.name.lower() == _PLACE


def _blocks(long: Long, scratch: Callable[[str], Path]) -> Iterator[Block]:
    path = scratch(".series")
    names = list(long.found.series)
    most = max(1, _BLOCK // (4 * len(long.values) * long.steps))
    try:
        _lay_out(long, path)
        with path.open("rb") as file:
            for start in range(0, len(names), most):
                some = names[start : start + most]
                block = np.full((len(some), len(long.values), long.steps), np.nan, np.float32)
                for row, name in enumerate(some):
                    data = file.read(int(long.found.counts[start + row]) * long.record.itemsize)
                    steps = np.frombuffer(data, long.record)
                    places = _places_of(steps["step"], name, ranked=long.ranked)
                    block[row][:, places] = steps["values"].T
                end = start + len(some)
                yield Block(block, {label.name: label.firsts[start:end] for label in long.labels})
    finally:
        path.unlink(missing_ok=True)


def _lay_out(long: Long, path: Path) -> None:
    """Write the steps of each series beside each other, in the order of the series."""
    series, step, _ = _places(long.table)
    wanted = [long.table.names.index(column.name) for column in long.values]
    counts, size = long.found.counts, long.record.itemsize
    filled = np.concatenate([[0], np.cumsum(counts)[:-1]])
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        for batch in long.table.batches():
            codes = long.found.codes(batch.column(series))
            rows = np.empty(len(codes), long.record)
            rows["step"] = parse(batch.column(step)).values
            for channel, place in enumerate(wanted):
                rows["values"][:, channel] = parse(batch.column(place)).values
            order = np.argsort(codes, kind="stable")
            codes, rows = codes[order], rows[order]
            starts = np.flatnonzero(np.diff(codes, prepend=-1))
            for start, end in zip(starts, [*starts[1:], len(codes)], strict=True):
                os.pwrite(file, rows[start:end].tobytes(), int(filled[codes[start]]) * size)
                filled[codes[start]] += end - start
    finally:
        os.close(file)


def _places_of(steps: npt.NDArray[np.float64], name: str, *, ranked: bool) -> npt.NDArray[np.int64]:
    """Return where on the axis of time each step lies."""
    unique, ranks = np.unique(steps, return_inverse=True)
    if len(unique) < len(steps):
        twice = steps[np.argsort(steps)][np.flatnonzero(np.diff(np.sort(steps)) == 0)[0]]
        raise _refusal(f"Series {name[:60]!r} has the step {twice:g} twice.", STEP)
    places: npt.NDArray[np.int64] = ranks if ranked else (steps - unique[0]).astype(np.int64)
    return places


def _refusal(message: str, field_name: str) -> DatasetUnreadable:
    return DatasetUnreadable(message, errors=(Detail(message, field=field_name),))
