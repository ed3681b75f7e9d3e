"""Rows that the search never sees: the dataset's own test part, or a dataset given for it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from automl.core.catalog import ColumnKind, TaskType
from automl.core.errors import Detail, InvalidSpec
from automl.core.frame import Floats, Frame, Ints
from automl.core.schema import Column, Dataset
from automl.core.study import StudySpec
from automl.data import arrays, table
from automl.data.figures import number
from automl.data.number import MARKERS
from automl.data.split import content_hashes
from automl.data.target import Classes, Target, labels_in

CHANCE = 0.01
"""So many more of the test rows may be like learned ones than of these are like each other."""


def official(
    spec: StudySpec, dataset: Dataset, path: Path
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which rows are the dataset's own test part: none where another is given."""
    part = dataset.column(arrays.PART) if dataset.modality.arrays else None
    if part is None or spec.test_dataset_id is not None:
        return np.zeros(dataset.rows, dtype=bool)
    return np.array([cell == arrays.TEST for cell in table.text(path, part.name)])


def written(columns: Sequence[Column], test: Dataset) -> tuple[Column, ...]:
    """Return the columns with their numbers written as they are in the test dataset.

    A file with decimal commas may judge what was learned from one with points.
    """
    return tuple(_written(column, test.column(column.name)) for column in columns)


def _written(column: Column, other: Column | None) -> Column:
    if other is None or other.min is None or column.kind.array:
        return column
    return replace(
        column, decimal_comma=other.decimal_comma, thousands=other.thousands, sign=other.sign
    )


def truth(
    target: Column, task: TaskType, classes: Classes, test: Dataset, path: Path
) -> Floats | Ints:
    """Return the test dataset's target as `labels_in` does, which says what it raises."""
    return labels_in(path, written([target], test)[0], task, classes)


def rows(target: Column, task: TaskType, classes: Classes, test: Dataset, path: Path) -> int:
    """Return how many rows of the test dataset have a target that is known."""
    y = truth(target, task, classes, test, path)
    return int(Target(y, classes).present.sum())


def check(spec: StudySpec, features: Sequence[Column], test: Dataset) -> None:
    """Make sure that a test dataset has the columns that a model needs.

    Raises:
        InvalidSpec: it cannot; says why.
    """
    needed = [spec.task.target, *(column.name for column in features)]
    missing = [name for name in needed if test.column(name) is None]
    if missing:
        raise InvalidSpec(
            f"The test dataset lacks the columns {', '.join(map(repr, missing[:10]))}.",
            errors=(Detail(f"lacks {missing[0]!r}", field="test_dataset_id"),),
        )
    for column in features:
        other = test.column(column.name)
        if other and (strange := _strange(column, other)):
            held = "numbers" if column.cells == "number" else repr(column.top[0][0])
            raise InvalidSpec(
                f"Column {column.name!r} holds {held}, but in the test dataset text such as"
                f" {strange!r}. Write both alike.",
                errors=(Detail(f"{column.name!r} is not written alike", field="test_dataset_id"),),
            )
        if other and "%" in (column.sign, other.sign) and column.sign != other.sign:
            raise InvalidSpec(
                f"Column {column.name!r} has per cent signs in only one of the two datasets: 12 %"
                " is the number 12, and 0.12 another. Write both alike.",
                errors=(Detail(f"{column.name!r} is not written alike", field="test_dataset_id"),),
            )
    for column in features:
        other = test.column(column.name)
        if column.kind.array and other:
            _check_arrays(column, other)


def _strange(column: Column, other: Column) -> str | None:
    """Return a cell that tells nothing to what learned the column, where no usual one does."""
    found = [value for value, _ in other.top if value.strip().casefold() not in MARKERS]
    if column.cells == "number":
        numbers = other.min is not None or any(number(value, other) is not None for value in found)
        return None if numbers or not found else found[0]
    if column.kind is ColumnKind.BOOLEAN:
        known = {value.strip().casefold() for value, _ in column.top}
        apart = known.isdisjoint(value.strip().casefold() for value in found)
        return found[0] if found and apart else None
    return None


def _check_arrays(column: Column, other: Column) -> None:
    """Refuse test arrays that the model will not take; series may have another length."""
    message = ""
    series = column.kind is other.kind is ColumnKind.SERIES
    floats = [np.dtype(each.dtype).kind == "f" for each in (column, other)]
    if other.kind is not column.kind:
        message = f"The test dataset holds {other.kind.value} data, this one {column.kind.value}"
    elif other.shape != column.shape and not (series and other.shape[:1] == column.shape[:1]):
        message = f"The test arrays have the shape {list(other.shape)}, these {list(column.shape)}"
    elif series and other.shape[1] < column.shape[1] and not floats[0]:
        message = f"Series of whole numbers cannot be filled up to {column.shape[1]} steps"
    elif not series and floats[0] != floats[1]:
        message = f"The test arrays hold {other.dtype}, these {column.dtype}"
    if message:
        raise InvalidSpec(
            f"{message}; they must be alike.", errors=(Detail(message, field="test_dataset_id"),)
        )


def unknown(
    column: Column, target: Target, task: TaskType, test: Dataset, path: Path
) -> tuple[tuple[str, str], ...]:
    """Return a warning of test rows whose class was nowhere learned.

    Raises:
        InvalidSpec: no row is left, or the target is text where numbers were.
    """
    y = truth(column, task, target.classes, test, path)
    present = Target(y, target.classes).present
    cells = np.array(table.text(path, column.name), dtype=object)
    strange = [cell for cell in cells[~present] if cell.strip().lower() not in MARKERS]
    names = sorted(set(strange))
    if not present.any():
        raise InvalidSpec(
            f"No row of the test dataset has a class that was learned of, but {names[:5]}."
            if names
            else "The test dataset's target is empty in every row.",
            errors=(Detail("no target values that are known", field="test_dataset_id"),),
        )
    if not strange:
        return ()
    shown = ", ".join(map(repr, names[:5])) + (", …" if len(names) > 5 else "")
    message = (
        f"{len(strange):,} rows of the test dataset are left out of the estimate: they are of"
        f" classes that nothing was learned of, {shown}."
    )
    return (("TEST_CLASSES_UNKNOWN", message),)


def learned(
    frame: Frame, target: Target, judged: Frame, truth: Target
) -> tuple[tuple[str, str], ...]:
    """Return a warning of test rows that stand among the learned ones, target and all.

    Where a table's rows are alike anyway, as with few columns of few values, it tells nothing.

    Args:
        frame: the features of the rows learned from.
        target: their targets.
        judged: the features of the test rows.
        truth: their targets.
    """
    hashes = content_hashes(frame, target.y)[target.present]
    _, counts = np.unique(hashes, return_counts=True)
    alike = counts[counts > 1].sum() / len(hashes)
    rows = content_hashes(judged, truth.y)[truth.present]
    known = int(np.isin(rows, hashes).sum())
    if known <= (alike + CHANCE) * len(rows):
        return ()
    message = (
        f"{known:,} of {len(rows):,} rows of the test dataset also stand in the dataset that is"
        " learned from: the estimate will be too good. Leave them out of one of both."
    )
    return (("TEST_ROWS_LEARNED", message),)


def warnings(features: Sequence[Column], test: Dataset) -> tuple[tuple[str, str], ...]:
    """Return a warning of test series that are longer or shorter than those learned from."""
    for column in features:
        other = test.column(column.name)
        if column.kind is ColumnKind.SERIES and other and other.shape != column.shape:
            what = "cut to" if other.shape[1] > column.shape[1] else "filled up to"
            message = (
                f"The test series of up to {other.shape[1]:,} steps are {what} the"
                f" {column.shape[1]:,} of the series learned from."
            )
            return (("TEST_SERIES_FITTED", message),)
    return ()
