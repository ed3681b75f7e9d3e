"""Targets: what a study predicts, as class indices or numbers."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from automl.core.catalog import TaskType
from automl.core.errors import Detail, InvalidSpec
from automl.core.frame import Floats, Ints
from automl.core.schema import Column
from automl.data import figures
from automl.data.number import Numbers, Reading, parse
from automl.data.table import categories

MOST_CLASSES = 1_000
_FIELD = "task.target"
_MOST_ERRORS = 5
_LONG_WHOLE = re.compile(r"[+-]?[1-9][0-9]{15,307}")
"""Whole numbers that are read as strings, since floats round them; none is infinite."""

Classes = tuple[str, ...] | tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """``y`` is ``(rows,)``: int64 class indices with −1 for missing, or float64 with NaN.

    ``classes`` are the labels in output order: ints where all are whole numbers, else strings;
    empty for regression.
    """

    y: Floats | Ints
    classes: Classes

    @property
    def present(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which rows have a target: ``(rows,)``."""
        return self.y >= 0 if self.classes else ~np.isnan(self.y)


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """A column as codes into its distinct cells, read as numbers where they are."""

    codes: npt.NDArray[np.int32]
    values: list[str]
    numbers: Numbers
    numeric: bool

    @property
    def missing(self) -> Ints:
        """Which distinct cells mean that there is no target: ``(values,)`` bool as indices."""
        if self.numeric:
            return np.flatnonzero(self.numbers.reading != Reading.NUMBER)
        return np.flatnonzero([not value for value in self.values])


def read_target(path: Path, column: Column, task: TaskType) -> Target:
    """Return the target of every row of the table at ``path``.

    Raises:
        InvalidSpec: it cannot be predicted; says what would be right.
    """
    cells = _read(path, column, task)
    if task is TaskType.REGRESSION:
        return _numbers(column.name, cells)
    classes, class_of = _classes(cells)
    y = class_of[cells.codes]
    _check_classes(column.name, y, classes, numeric=cells.numeric)
    return Target(y, classes)


def labels_in(path: Path, column: Column, task: TaskType, classes: Classes) -> Floats | Ints:
    """Return another table's target in terms of known classes; unknown and missing are −1 or NaN.

    Raises:
        InvalidSpec: the table has numbers where labels were, or text where numbers were.
    """
    cells = _read(path, column, task)
    if task is TaskType.REGRESSION:
        if not cells.numeric and any(cells.values):
            _refuse_text(column.name, cells)
        return cells.numbers.values[cells.codes]
    labels: tuple[object, ...] = classes
    known = {label: index for index, label in enumerate(labels)}
    by_value = _by_value(classes)
    found = np.full(len(cells.values), -1, dtype=np.int64)
    for index, value in enumerate(cells.values):
        if value in known:
            found[index] = known[value]
        elif value and by_value and cells.numbers.reading[index] == Reading.NUMBER:
            found[index] = by_value.get(float(cells.numbers.values[index]), -1)
    return found[cells.codes]


def _by_value(classes: Classes) -> dict[float, int]:
    """Return numbers to class indices, where all classes are numbers."""
    numbers = parse(pa.array([str(label) for label in classes], pa.string()))
    if (numbers.reading != Reading.NUMBER).any():
        return {}
    return {float(value): index for index, value in enumerate(numbers.values)}


def _read(path: Path, column: Column, task: TaskType) -> _Cells:
    cells = categories(path, column.name)
    numbers = figures.numbers(cells.dictionary, column)
    if task is TaskType.REGRESSION:
        numbers = _rounded(cells.dictionary, numbers)
    codes = cells.indices.to_numpy()
    reading = numbers.reading[np.bincount(codes, minlength=len(cells.dictionary)) > 0]
    numeric = bool((reading == Reading.NUMBER).any() and (reading != Reading.OTHER).all())
    return _Cells(codes, cells.dictionary.to_pylist(), numbers, numeric)


def _rounded(cells: pa.StringArray, numbers: Numbers) -> Numbers:
    """Return the numbers with whole ones beyond 2^53 among them, as the nearest floats.

    Two classes must not become one so, but an amount may: nothing learns it to 16 digits.
    """
    values, reading = numbers.values.copy(), numbers.reading.copy()
    for index in np.flatnonzero(reading == Reading.OTHER).tolist():
        text = cells[index].as_py().strip()
        if _LONG_WHOLE.fullmatch(text):
            values[index], reading[index] = float(text), Reading.NUMBER
    return Numbers(values, reading)


def _classes(cells: _Cells) -> tuple[Classes, Ints]:
    """Return the labels in order, and the class of each distinct cell."""
    class_of = np.full(len(cells.values), -1, dtype=np.int64)
    present = np.setdiff1d(np.arange(len(cells.values)), cells.missing)
    if not cells.numeric:
        order = sorted(present.tolist(), key=lambda index: cells.values[index])
        class_of[order] = np.arange(len(order))
        return tuple(cells.values[index] for index in order), class_of
    # Spellings of one number (1, 1.0) are one class.
    found, inverse = np.unique(cells.numbers.values[present], return_inverse=True)
    class_of[present] = inverse
    if (found == np.floor(found)).all() and (np.abs(found) <= 2.0**53).all():
        return tuple(int(value) for value in found), class_of
    return tuple(_spelling(cells, class_of, index) for index in range(len(found))), class_of


def _spelling(cells: _Cells, class_of: Ints, index: int) -> str:
    """Return how a class of equal numbers is written most often."""
    spellings = np.flatnonzero(class_of == index)
    if len(spellings) == 1:
        return cells.values[int(spellings[0])].strip()
    counts = {int(n): int((cells.codes == n).sum()) for n in spellings}
    return min((-count, cells.values[n].strip()) for n, count in counts.items())[1]


def _check_classes(name: str, y: Ints, classes: Classes, *, numeric: bool) -> None:
    rows = int((y >= 0).sum())
    if len(classes) == 0:
        _refuse(f"The target {name!r} is missing in every row; choose a column with values.")
    if len(classes) == 1:
        _refuse(
            f"The target {name!r} is {classes[0]!r} in every row; classification needs at least "
            "two classes."
        )
    hint = "choose task type regression" if numeric else "choose a column with fewer values"
    if len(classes) > MOST_CLASSES:
        _refuse(
            f"The target {name!r} has {len(classes):,} classes, more than {MOST_CLASSES:,}; {hint}."
        )
    if len(classes) == rows or (len(classes) > 20 and len(classes) > 0.5 * rows):
        _refuse(
            f"The target {name!r} has {len(classes):,} classes in {rows:,} rows, too few of each "
            f"to learn from; {hint}."
        )


def _numbers(name: str, cells: _Cells) -> Target:
    if not any(cells.values):
        _refuse(f"The target {name!r} is missing in every row; choose a column with values.")
    if not cells.numeric:
        _refuse_text(name, cells)
    y = cells.numbers.values[cells.codes]
    least = np.nanmin(y)
    if least == np.nanmax(y):
        _refuse(f"The target {name!r} is {least:g} in every row; there is nothing to predict.")
    return Target(y, ())


def _refuse_text(name: str, cells: _Cells) -> NoReturn:
    bad = np.flatnonzero(cells.numbers.reading[cells.codes] == Reading.OTHER)
    if not len(bad):
        _refuse(f"The target {name!r} is missing in every row; choose a column with values.")
    shown = [(int(row) + 1, cells.values[cells.codes[row]][:60]) for row in bad[:_MOST_ERRORS]]
    raise InvalidSpec(
        f"The target {name!r} holds text, such as {shown[0][1]!r} in row {shown[0][0]}; regression "
        "needs numbers, written plainly as 1234.5. For labels choose task type classification.",
        errors=tuple(
            Detail(f"{value!r} is no number.", field=_FIELD, line=row) for row, value in shown
        ),
    )


def _refuse(message: str) -> NoReturn:
    raise InvalidSpec(message, errors=(Detail(message, field=_FIELD),))
