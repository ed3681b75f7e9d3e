"""Rows divided by what a column says: groups kept whole, or the future set apart from the past."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core import metric as metrics
from automl.core.catalog import ColumnKind, MetricName, TaskType, ValidationStrategy
from automl.core.errors import Detail, InvalidSpec
from automl.core.frame import Floats, Strings
from automl.core.schema import Column, Dataset
from automl.core.study import StudySpec
from automl.data import split, table
from automl.data.dates import moments_of
from automl.data.split import Rows, Split

BY_COLUMN = frozenset({ValidationStrategy.TIME, ValidationStrategy.GROUP})


def divide(
    spec: StudySpec,
    dataset: Dataset,
    table_path: Path,
    kept: Rows,
    y: npt.NDArray[Any],
    *,
    test_rows: int,
    folds: int,
) -> Split:
    """Return test part and folds of the usable rows, by ``spec.validation``.

    Args:
        spec: the request; its strategy is time or group.
        dataset: the data's description.
        table_path: its canonical table.
        kept: the rows of the table that have a target.
        y: their targets.
        test_rows: about how many of them are set aside.
        folds: at most so many.

    Raises:
        InvalidSpec: the column cannot divide the rows; says why.
    """
    column = _column(spec, dataset)
    cells = _cells(table_path, column, kept)
    share = test_rows / len(y)
    if spec.validation.strategy is ValidationStrategy.TIME:
        parts = split.split_time(_when(column, cells), folds=folds, test_fraction=share)
        if not parts.folds:
            raise _refused(f"All rows of {column.name!r} have one time; there is no before.")
        return parts
    groups = len(np.unique(cells.codes))
    if groups < 2:
        raise _refused(f"{column.name!r} holds one group only; two or more are needed.")
    labels = y if spec.task.type is TaskType.CLASSIFICATION else np.zeros(len(y), dtype=np.int64)
    return split.split_groups(
        cells, labels, folds=max(2, folds), test_fraction=share, seed=spec.seed
    )


def check(parts: Split, y: npt.NDArray[Any], *, metric: MetricName, positive: int | None) -> None:
    """Make sure that every fold can be learned from and judged.

    Raises:
        InvalidSpec: a fold cannot.
    """
    if y.dtype.kind not in "iu":
        return
    classes = int(y.max()) + 1
    for number, (train, valid) in enumerate(parts.folds, 1):
        learned, judged = y[parts.dev][train], y[parts.dev][valid]
        if len(np.unique(learned)) < 2:
            raise _refused(f"Fold {number} would learn from rows of a single class.")
        guess = np.full((len(judged), classes), 1.0 / classes)
        if not np.isfinite(metrics.score(metric, judged, guess, positive=positive)):
            raise _refused(
                f"Fold {number} would be judged on rows of a single class, of which {metric.value}"
                " says nothing; log_loss or accuracy would."
            )


def _column(spec: StudySpec, dataset: Dataset) -> Column:
    name, strategy = spec.validation.column, spec.validation.strategy.value
    if name is None:
        raise _refused(f"Validation by {strategy} needs validation.column.")
    column = dataset.column(name)
    if column is None:
        known = ", ".join(repr(item.name) for item in dataset.columns[:20])
        raise _refused(f"There is no column {name!r}; the dataset has {known}.")
    if name == spec.task.target:
        raise _refused(f"{name!r} is the target and cannot divide the rows as well.")
    return column


def _cells(path: Path, column: Column, kept: Rows) -> Strings:
    """Return the column's cells as they are written.

    Raises:
        InvalidSpec: some are missing.
    """
    written = replace(column, kind=ColumnKind.CATEGORICAL, cells="string")
    cells = table.load(path, [written]).strings(column.name).take(kept)
    missing = int((cells.codes < 0).sum())
    if missing:
        raise _refused(f"{missing} rows have no {column.name!r}; every row needs one.")
    return cells


def _when(column: Column, cells: Strings) -> Floats:
    used, codes = np.unique(cells.codes, return_inverse=True)
    written = [cells.values[code] for code in used]
    known = moments_of(written, column)
    unread = np.flatnonzero(np.isnan(known))
    if len(unread):
        raise _refused(
            f"{len(unread)} cells of {column.name!r}, such as {written[unread[0]][:40]!r}, are no"
            " number or date; 2024-01-31 13:45 would be one."
        )
    return known[codes]


def _refused(message: str) -> InvalidSpec:
    return InvalidSpec(message, errors=(Detail(message, field="validation.column"),))
