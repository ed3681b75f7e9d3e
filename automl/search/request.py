"""What a request says, held against the dataset: target, features, metric, families."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from automl import families
from automl.core import metric
from automl.core.catalog import ColumnKind, FamilyName, MetricName, Modality
from automl.core.errors import Detail, InvalidSpec
from automl.core.schema import Column, Dataset
from automl.core.study import ColumnOverride, StudySpec
from automl.data import arrays, override
from automl.data.header import cleaned
from automl.data.target import Target
from automl.search.spaces import check_restrictions

ENCODED = (
    ColumnKind.NUMERIC,
    ColumnKind.CATEGORICAL,
    ColumnKind.BOOLEAN,
    ColumnKind.DATETIME,
    ColumnKind.TEXT,
    ColumnKind.IMAGE,
    ColumnKind.SERIES,
    ColumnKind.VOLUME,
)
"""The kinds that become features today."""


def settled(spec: StudySpec, dataset: Dataset) -> StudySpec:
    """Return the spec with its target, which beside arrays needs no name where there is but one.

    Columns may be called as the header of their file has them, with blanks around their names.

    Raises:
        InvalidSpec: which column is the target must be said.
    """
    spec = _named(spec)
    if spec.task.target:
        return spec
    apart = (arrays.INPUT, arrays.PART)
    targets = [column.name for column in dataset.columns if column.name not in apart]
    if not dataset.modality.arrays or len(targets) != 1:
        known = ", ".join(map(repr, targets[:20]))
        raise InvalidSpec(
            f"task.target must name the column to predict: {known}.",
            errors=(Detail("is required here", field="task.target"),),
        )
    return replace(spec, task=replace(spec.task, target=targets[0]))


def _named(spec: StudySpec) -> StudySpec:
    by = spec.validation.column
    return replace(
        spec,
        task=replace(spec.task, target=cleaned(spec.task.target)),
        columns={cleaned(name): change for name, change in spec.columns.items()},
        validation=replace(spec.validation, column=None if by is None else cleaned(by)),
    )


def feature_columns(columns: Sequence[Column], spec: StudySpec) -> tuple[Column, ...]:
    """Return the columns that become features, in the dataset's order.

    The column that divides the rows is none: new rows come from groups and times not seen. What
    numbers the rows, as the steps of a measurement do, is one only where there is no other.

    Raises:
        InvalidSpec: there is none.
    """
    apart = (spec.task.target, spec.validation.column)
    rest = [c for c in columns if c.name not in apart]
    found = tuple(c for c in rest if _encoded(c)) or _numbering(rest, spec)
    if not found:
        raise InvalidSpec(
            "No column is left to learn from: every one but the target is constant, an id,"
            " a date that cannot be read, left out, or what divides the rows (validation.column)."
            " Strings that all differ are taken for ids: to have them read, upload the file with"
            " the modality text.",
            errors=(Detail("at least one usable column is needed", field="columns"),),
        )
    return tuple(c for c in found if c.kind.array) or found


def _encoded(column: Column) -> bool:
    unread = column.kind is ColumnKind.DATETIME and column.date is None
    return column.kind in ENCODED and not unread


def _numbering(columns: Sequence[Column], spec: StudySpec) -> tuple[Column, ...]:
    """Return as numbers the ids that are such; what the user calls an id stays one."""
    ids = [
        column
        for column in columns
        if column.kind is ColumnKind.ID
        and column.min is not None
        and spec.columns.get(column.name, ColumnOverride()).kind is None
    ]
    return override.apply(ids, {c.name: ColumnOverride(ColumnKind.NUMERIC) for c in ids})


def target_column(columns: Sequence[Column], spec: StudySpec) -> Column:
    """Return the column of the target, which is one of the ``columns`` that are used.

    Raises:
        InvalidSpec: there is none, or ``spec.columns`` leaves it out.
    """
    name = spec.task.target
    for column in columns:
        if column.name == name:
            return column
    if name in spec.columns:  # else it would be no column of the dataset
        raise InvalidSpec(
            f'columns leaves out {name!r}, which is the target; leave out its "use": false, as a'
            " target is never a feature.",
            errors=(Detail("is the target and must be used", field=f"columns.{name}"),),
        )
    known = ", ".join(repr(column.name) for column in columns[:20])
    raise InvalidSpec(
        f"There is no column {name!r}; the dataset has {known}.",
        errors=(Detail(f"no column {name!r}", field="task.target"),),
    )


def metric_of(spec: StudySpec, target: Target) -> MetricName:
    """Return the metric that is asked for, or the task's own.

    Raises:
        InvalidSpec: it says nothing of such a target.
    """
    classes = len(target.classes)
    allowed = metric.allowed(spec.task.type, classes)
    chosen = spec.task.metric or metric.default(spec.task.type, classes)
    if chosen not in allowed:
        kind = f"{classes} classes" if classes else "regression"
        raise InvalidSpec(
            f"Metric {chosen.value} does not fit {kind}; choose one of {', '.join(allowed)}.",
            errors=(Detail(f"{chosen.value} does not fit {kind}", field="task.metric"),),
        )
    if chosen is MetricName.RMSLE and np.nanmin(target.y) < 0:
        raise InvalidSpec(
            "Metric rmsle compares logarithms and the target has negative values; choose rmse.",
            errors=(Detail("the target has negative values", field="task.metric"),),
        )
    return chosen


def positive_of(spec: StudySpec, target: Target) -> int | None:
    """Return which of two classes counts as positive: the second, where nothing is asked for.

    One that is spelled otherwise is found if only case differs, or if true stands for 1 beside 0.

    Raises:
        InvalidSpec: what is asked for is none of two classes.
    """
    if spec.task.positive is None:
        return 1 if len(target.classes) == 2 else None
    names = [str(label) for label in target.classes]
    found = _spelled(spec.task.positive, names)
    if len(names) != 2 or found is None:
        raise InvalidSpec(
            f"positive={spec.task.positive!r} must be one of two classes, here {names[:10]}."
            if names
            else "positive names one of two classes; regression has none, so leave it out.",
            errors=(Detail("not one of two classes", field="task.positive"),),
        )
    return found


def _spelled(asked: str, names: Sequence[str]) -> int | None:
    """Return which name is meant: the very one, else the only one that case tells apart."""
    if {*names} == {"0", "1"}:
        asked = {"true": "1", "false": "0"}.get(asked.casefold(), asked)
    for spelling in (str, str.casefold):
        found = [index for index, name in enumerate(names) if spelling(name) == spelling(asked)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def check_objective(spec: StudySpec) -> None:
    """Refuse what replay order cannot promise: a measured time is another on every machine."""
    if spec.budget.replay and spec.objective.max_row_ms is not None:
        raise InvalidSpec(
            "objective.max_row_ms is measured, so it needs a budget in seconds; with trials alone"
            " equal studies end in equal files, and max_model_bytes bounds those.",
            errors=(Detail("needs budget.seconds", field="objective.max_row_ms"),),
        )


def families_of(spec: StudySpec, modality: Modality) -> tuple[FamilyName, ...]:
    """Return the families that are asked for, or all that serve.

    Raises:
        InvalidSpec: one does not serve, or its search space is asked for in a way it does not know.
    """
    serving = tuple(
        f.name for f in families.specs() if spec.task.type in f.tasks and modality in f.modalities
    )
    chosen = serving if spec.families is None else spec.families
    unfit = [name for name in chosen if name not in serving]
    if unfit:
        raise InvalidSpec(
            f"Family {unfit[0].value} does not serve {spec.task.type.value} of a {modality.value};"
            f" {', '.join(serving)} do.",
            errors=(Detail(f"{unfit[0].value} does not serve this", field="families"),),
        )
    check_restrictions(spec, chosen, modality)
    return chosen
