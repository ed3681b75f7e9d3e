"""A file of arrays that was understood, and its way into the canonical form."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from automl.core.catalog import ColumnKind, Modality
from automl.core.errors import DatasetUnreadable, Detail
from automl.core.schema import Column, DataWarning, Profile
from automl.data import arrays, cells, figures
from automl.data.hashing import hash_arrays
from automl.data.kinds import decide
from automl.data.sketch import RepeatSketch
from automl.data.tally import Tally

Values: TypeAlias = npt.NDArray[Any]

MOST_ROW_BYTES = 256 << 20
"""Of one array."""
MOST_CLASSES = 1_000
_VALUES, _BYTES = 100_000, 64 << 20
"""What is counted of a target exactly."""
_FEW_ROWS = 50
_FEW_OF_CLASS = 8
_NAMED = 8


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows: arrays ``(rows, *shape)``, and the cells of the other columns as text."""

    values: Values
    texts: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class ArrayFile:
    """What a file of arrays turned out to be.

    ``names`` are the columns beside the arrays: targets, and perhaps `arrays.PART`. ``notes`` are
    warnings known before the rows are read, ``remarks`` gives those known after.
    """

    format: str
    modality: Modality
    shape: tuple[int, ...]
    dtype: str
    names: tuple[str, ...]
    blocks: Callable[[], Iterator[Block]]
    notes: tuple[DataWarning, ...] = ()
    remarks: Callable[[], Sequence[DataWarning]] = tuple


def take(file: ArrayFile, out: Path) -> Profile:
    """Write the canonical form of the file to ``out`` and return its profile.

    Memory does not grow with the file but for its targets.

    Raises:
        DatasetUnreadable: there are no rows, or what the file's reader finds.
    """
    _check_names(file.names)
    seen = _Seen(file)
    with arrays.Writer(out, file.shape, file.dtype, file.names) as writer:
        for block in file.blocks():
            values = seen.cleaned(block.values)
            writer.add(values, block.texts)
            seen.note(values, block.texts)
        if not seen.rows:
            raise DatasetUnreadable("The file holds no rows; at least one array is needed.")
        columns = seen.columns()
        writer.describe(columns)
    warnings = (*file.notes, *file.remarks(), *seen.warnings(columns))
    return Profile(file.modality, file.format, seen.rows, columns, warnings)


def check_padded(rows: int, channels: int, steps: int, *, limit: int) -> None:
    """Return if so many series, all as long as the longest, have at most ``limit`` bytes.

    Raises:
        DatasetUnreadable: they have more.
    """
    if 4 * channels * steps > MOST_ROW_BYTES or 4 * rows * channels * steps > limit:
        raise DatasetUnreadable(
            f"{rows:,} series of {channels:,} channels, all filled up to the {steps:,} steps of the"
            " longest, are more than are taken; cut the longest, or take every tenth step."
        )


@dataclass(slots=True)
class _Seen:
    """What was noted of the rows while they went by."""

    file: ArrayFile
    rows: int = 0
    infinite: int = 0
    absent: int = 0
    """Missing numbers where none can be."""
    least: float = np.inf
    most: float = -np.inf
    shortest: int | None = None
    """Steps of the shortest series that has a number; None where none has, or none is counted."""
    longest: int = 0
    flat: list[int] = field(default_factory=list)
    """Rows of one number throughout."""
    empty: list[int] = field(default_factory=list)
    """Rows without any number."""
    repeats: RepeatSketch = field(default_factory=RepeatSketch)
    tallies: dict[str, Tally] = field(default_factory=dict)

    def cleaned(self, values: Values) -> Values:
        """Return the block without infinite numbers, and without missing ones beside series.

        A missing pixel is 0: only series can be shorter than others.
        """
        if values.dtype.kind != "f":
            return values
        bad = np.isinf(values)
        if bad.any():
            self.infinite += int(bad.sum())
            values = np.where(bad, np.nan, values).astype(values.dtype)
        if self.file.modality is not Modality.SERIES:
            lacking = np.isnan(values)
            if lacking.any():
                self.absent += int(lacking.sum())
                values = np.where(lacking, 0, values).astype(values.dtype)
        return values

    def note(self, values: Values, texts: Mapping[str, Sequence[str]]) -> None:
        """Count a cleaned block."""
        flat = values.reshape(len(values), -1)
        self.repeats.add(hash_arrays(values))
        places = self.rows + np.arange(len(values))
        known = ~np.isnan(flat) if flat.dtype.kind == "f" else np.ones((len(flat), 1), dtype=bool)
        full = known.any(axis=1)
        self.empty += places[~full].tolist()
        if full.any():
            least, most = _ends(flat[full], axis=1)
            self.flat += places[full][least == most].tolist()
            self.least = min(self.least, float(least.min()))
            self.most = max(self.most, float(most.max()))
        if self.file.modality is Modality.SERIES:
            self._measure(values)
        for name in self.file.names:
            given = pa.array(texts[name], pa.string())
            cells.check_text(given, name, self.rows + 1)
            tally = self.tallies.setdefault(name, Tally(_VALUES, _BYTES))
            tally.add(given)
        self.rows += len(values)

    def _measure(self, values: Values) -> None:
        length = values.shape[-1]
        lengths = np.full(len(values), length)
        if values.dtype.kind == "f":
            known = np.any(~np.isnan(values), axis=1)  # (rows, steps)
            lengths = np.where(np.any(known, axis=1), length - np.argmax(known[:, ::-1], axis=1), 0)
        lengths = lengths[lengths > 0]
        if not lengths.size:  # rows without a number are told of as such
            return
        shortest = int(lengths.min())
        self.shortest = shortest if self.shortest is None else min(self.shortest, shortest)
        self.longest = max(self.longest, int(lengths.max()))

    def columns(self) -> tuple[Column, ...]:
        """Return the columns, that of the arrays first."""
        column = Column(
            name=arrays.INPUT,
            kind=ColumnKind(self.file.modality.value),
            cells="array",
            missing=len(self.empty),
            unique=self.rows - self.repeats.count(),
            min=self.least if np.isfinite(self.least) else None,
            max=self.most if np.isfinite(self.most) else None,
            shape=self.file.shape,
            dtype=self.file.dtype,
        )
        return (column, *(_described(name, tally) for name, tally in self.tallies.items()))

    def warnings(self, columns: Sequence[Column]) -> list[DataWarning]:
        """Return what a user should hear of the rows."""
        things = {"image": "images", "series": "series", "volume": "volumes"}
        what = things[self.file.modality.value]
        found: list[tuple[str, str]] = []
        if repeats := self.repeats.count():
            about = "" if self.repeats.exact else "About "
            found.append(("DUPLICATE_ROWS", f"{about}{repeats:,} of {self.rows:,} {what} repeat "
                          "another."))  # fmt: skip
        if self.rows < _FEW_ROWS:
            found.append(("FEW_ROWS", f"Only {self.rows} rows: expect wide intervals."))
        if len(self.empty) == self.rows:
            found.append(("EMPTY_ROWS", f"None of the {self.rows:,} {what} has a number: nothing "
                          "can be learned from them."))  # fmt: skip
        elif self.empty:
            found.append(("EMPTY_ROWS", f"{len(self.empty):,} {what} have no number at all: rows "
                          f"{_listed([row + 1 for row in self.empty])}."))  # fmt: skip
        if self.flat:
            found.append(("CONSTANT_ROWS", f"{len(self.flat):,} {what} have one value throughout: "
                          f"rows {_listed([row + 1 for row in self.flat])}."))  # fmt: skip
        if self.infinite:
            found.append(("INFINITE_VALUES", f"{self.infinite:,} infinite numbers count as "
                          "missing."))  # fmt: skip
        if self.absent:
            found.append(("MISSING_VALUES", f"{self.absent:,} missing numbers of {what} count as "
                          "0."))  # fmt: skip
        if self.shortest is not None and self.shortest < self.file.shape[-1]:
            found.append(("VARIABLE_LENGTHS", self._lengths()))
        for column in columns[1:]:
            found += self._of_target(column)
        return [DataWarning(code, message) for code, message in found]

    def _lengths(self) -> str:
        if self.shortest == self.longest:
            return f"Series have {self.longest:,} of {self.file.shape[-1]:,} steps."
        return f"Series have {self.shortest:,} to {self.longest:,} steps."

    def _of_target(self, column: Column) -> list[tuple[str, str]]:
        found = []
        if column.missing:
            found.append(("MISSING_TARGETS", f"{column.name!r} is missing in {column.missing:,} of "
                          f"{self.rows:,} rows, which are left out."))  # fmt: skip
        values = self.tallies[column.name].values
        rare = [label for label in column.labels if values.get(label, 0) < _FEW_OF_CLASS]
        if rare and any(label in values for label in column.labels):
            counts = [f"{label!r} ({values.get(label, 0)})" for label in rare]
            found.append(("RARE_CLASSES", f"Classes of {column.name!r} with few rows: "
                          f"{_listed(counts)}."))  # fmt: skip
        return found


def _ends(flat: Values, *, axis: int) -> tuple[Values, Values]:
    if flat.dtype.kind == "f":
        return np.nanmin(flat, axis=axis), np.nanmax(flat, axis=axis)
    return flat.min(axis=axis), flat.max(axis=axis)


def _described(name: str, tally: Tally) -> Column:
    column = decide(name, tally).column
    return column if name == arrays.PART else replace(column, labels=_labels(column, tally))


def _labels(column: Column, tally: Tally) -> tuple[str, ...]:
    """Return the classes that a target has: none where it is a quantity or has too many."""
    values = [value for value in tally.values if value]
    if not values or not tally.complete or len(values) > MOST_CLASSES:
        return ()
    numbers = figures.numbers(pa.array(values, pa.string()), column).values
    if not np.isnan(numbers).any():
        whole = bool((numbers == np.floor(numbers)).all() and np.abs(numbers).max() <= 2.0**53)
        if not whole or len(values) > max(2, tally.rows // 2):
            return ()
        return tuple(str(number) for number in sorted({int(number) for number in numbers}))
    return () if len(values) > max(2, tally.rows // 2) else tuple(sorted(values))


def _check_names(names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if arrays.INPUT in names or twice:
        wrong = twice[0] if twice else arrays.INPUT
        raise DatasetUnreadable(
            f"A column cannot be called {wrong!r} here, which is taken; give it another name.",
            errors=(Detail("this name is taken", field=wrong),),
        )


def _listed(words: Sequence[object]) -> str:
    shown = ", ".join(map(str, words[:_NAMED]))
    return shown if len(words) <= _NAMED else f"{shown} and {len(words) - _NAMED:,} more"
