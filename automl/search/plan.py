"""What will be done, decided from the spec and the data before anything is trained."""

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from automl import families, tasks
from automl.core import metric
from automl.core.catalog import (
    ColumnKind,
    FamilyName,
    MetricName,
    Modality,
    TaskType,
    ValidationStrategy,
)
from automl.core.errors import Detail, InvalidSpec
from automl.core.schema import Column, Dataset, Lengths
from automl.core.study import Plan, StudySpec, finish_reserve
from automl.data import arrays, leakage, override, split, table
from automl.data.sample import sample
from automl.data.target import Classes, Target, read_target
from automl.features import pairs
from automl.search import cost, division
from automl.search.portfolio import PATIENT
from automl.search.portfolios import series
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

INSPECTED_CELLS = 10_000_000
"""Larger tables are not searched for leaking columns: that would hold up the request."""

HOLDOUT_ROWS = 60_000
"""From here on one holdout judges well enough, and folds cost too much."""

HOLDOUT_IMAGES = 3_000
"""From here on one holdout judges images and volumes: a network needs long for each fold."""

IMAGE_FOLDS = 5

BOOSTED_SHARE = 0.4
"""Of the search's seconds boosted trees may take so many with their defaults, on all folds."""

JUDGED_ROWS = 1_000_000
"""The baseline is judged on so many rows, evenly spread: a plan is made while a client waits."""

MOST_CELLS = 100_000_000
"""Larger tables are sampled: so many cells take a worker about 2 GB."""

ARRAY_BYTES = 1 << 30
"""Of arrays as networks see them: a worker holds up to five copies of some of them."""

FEWEST_ROWS = 20_000
"""Fewer are never drawn from more."""

_SIGNS_A_WORD = 6

TIME_FOLDS = 5
"""The first of them learns from a sixth of the rows: with more it would learn from too few."""


def make_plan(
    spec: StudySpec, dataset: Dataset, table_path: Path, test: tuple[Dataset, Path] | None = None
) -> Plan:
    """Return what a study of ``spec`` on the dataset will do.

    Args:
        spec: the request.
        dataset: its dataset, whose canonical table lies at ``table_path``.
        table_path: local Parquet file.
        test: the dataset of ``spec.test_dataset_id`` and its table, if there is one.

    Raises:
        InvalidSpec: the spec does not fit the data; names the field and the remedy.
    """
    spec = settled(spec, dataset)
    columns = override.apply(dataset.columns, spec.columns)
    target_column = _target_column(columns, spec.task.target)
    features = feature_columns(columns, spec)
    target = read_target(table_path, target_column, spec.task.type)
    chosen = _metric(spec, target)
    _check_objective(spec)
    if test is not None:
        _check_test(spec, features, *test)
    modality = _modality(dataset, features)
    chosen_families = _families(spec, modality)
    official = official_test(spec, dataset, table_path)
    usable = target.y[_present(target) & ~official]
    strategy, folds, test_rows = wanted(
        spec, len(usable), len(target.classes), given=test is not None or bool(official.any())
    )
    positive = _positive(spec, target)
    plan = Plan(
        task=spec.task.type,
        target=spec.task.target,
        metric=chosen,
        positive=positive,
        classes=target.classes,
        features=tuple(column.name for column in features),
        families=chosen_families,
        strategy=strategy,
        folds=folds,
        rows=len(usable),
        test_rows=test_rows,
        official_rows=int((_present(target) & official).sum()),
        dropped_rows=int((~_present(target)).sum()),
        baseline=_baseline(spec.task.type, chosen, usable, target.classes, positive),
        warnings=_warnings(columns, features, target, spec)
        + (_fitted(features, test[0]) if test else ())
        + _leaks(table_path, features, target),
        modality=modality,
        **_counts(features),
    )
    plan = _paying(_affordable(_bearable(plan, spec, features), spec), spec)
    return _divided(plan, spec, dataset, table_path, target)


def _modality(dataset: Dataset, features: Sequence[Column]) -> Modality:
    """Return what the features are: of a text with a corrected kind, or as the target, a table."""
    plain = any(column.kind is not ColumnKind.TEXT for column in features)
    return Modality.TABLE if dataset.modality is Modality.TEXT and plain else dataset.modality


def _counts(features: Sequence[Column]) -> dict[str, Any]:
    """Return what the plan says of the features' kinds: what they cost."""
    texts = [column for column in features if column.kind is ColumnKind.TEXT]
    return {
        "categories": sum(column.kind is ColumnKind.CATEGORICAL for column in features),
        "texts": len(texts),
        "words": sum(_words_in(column.lengths) for column in texts if column.lengths),
        "pairable": sum(map(pairs.pairable, features)),
        "shape": features[0].shape,
    }


def _words_in(lengths: Lengths) -> float:
    """Return how many words a text has, also where nothing stands between them."""
    return max(lengths.words, lengths.mean / _SIGNS_A_WORD)


def _leaks(path: Path, features: Sequence[Column], target: Target) -> tuple[tuple[str, str], ...]:
    """Return warnings of columns that tell too much, where looking does not take too long."""
    many = len(target.y) * len(features) > INSPECTED_CELLS
    if many or any(column.kind.array for column in features):
        return ()
    found = leakage.inspect(table.load(path, features), target.y, target.classes)
    return tuple((warning.code, warning.message) for warning in found)


def settled(spec: StudySpec, dataset: Dataset) -> StudySpec:
    """Return the spec with its target, which beside arrays needs no name where there is but one.

    Raises:
        InvalidSpec: which column is the target must be said.
    """
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


def official_test(
    spec: StudySpec, dataset: Dataset, path: Path
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which rows are the dataset's own test part: none where another is given."""
    part = dataset.column(arrays.PART) if dataset.modality.arrays else None
    if part is None or spec.test_dataset_id is not None:
        return np.zeros(dataset.rows, dtype=bool)
    return np.array([cell == arrays.TEST for cell in table.text(path, part.name)])


def feature_columns(columns: Sequence[Column], spec: StudySpec) -> tuple[Column, ...]:
    """Return the columns that become features, in the dataset's order.

    The column that divides the rows is none: new rows come from groups and times not seen.
    """
    apart = (spec.task.target, spec.validation.column)
    found = tuple(c for c in columns if c.name not in apart and _encoded(c))
    if not found:
        raise InvalidSpec(
            "No column is left to learn from: every one but the target is constant, an id,"
            " a date that cannot be read, or left out.",
            errors=(Detail("at least one usable column is needed", field="columns"),),
        )
    return tuple(c for c in found if c.kind.array) or found


def _encoded(column: Column) -> bool:
    unread = column.kind is ColumnKind.DATETIME and column.date is None
    return column.kind in ENCODED and not unread


def _target_column(columns: Sequence[Column], name: str) -> Column:
    for column in columns:
        if column.name == name:
            return column
    known = ", ".join(repr(column.name) for column in columns[:20])
    raise InvalidSpec(
        f"There is no column {name!r}; the dataset has {known}.",
        errors=(Detail(f"no column {name!r}", field="task.target"),),
    )


def _present(target: Target) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which rows have a target."""
    return target.y >= 0 if target.classes else ~np.isnan(target.y)


def _metric(spec: StudySpec, target: Target) -> MetricName:
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


def _positive(spec: StudySpec, target: Target) -> int | None:
    if spec.task.positive is None:
        return 1 if len(target.classes) == 2 else None
    names = [str(label) for label in target.classes]
    if len(names) != 2 or spec.task.positive not in names:
        raise InvalidSpec(
            f"positive={spec.task.positive!r} must be one of two classes, here {names[:10]}.",
            errors=(Detail("not one of two classes", field="task.positive"),),
        )
    return names.index(spec.task.positive)


def _check_objective(spec: StudySpec) -> None:
    """Refuse what replay order cannot promise: a measured time is another on every machine."""
    if spec.budget.replay and spec.objective.max_row_ms is not None:
        raise InvalidSpec(
            "objective.max_row_ms is measured, so it needs a budget in seconds; with trials alone"
            " equal studies end in equal files, and max_model_bytes bounds those.",
            errors=(Detail("needs budget.seconds", field="objective.max_row_ms"),),
        )


def _check_test(spec: StudySpec, features: Sequence[Column], test: Dataset, path: Path) -> None:
    needed = [spec.task.target, *(column.name for column in features)]
    missing = [name for name in needed if test.column(name) is None]
    if missing:
        raise InvalidSpec(
            f"The test dataset lacks the columns {', '.join(map(repr, missing[:10]))}.",
            errors=(Detail(f"lacks {missing[0]!r}", field="test_dataset_id"),),
        )
    for column in features:
        other = test.column(column.name)
        if column.kind is ColumnKind.NUMERIC and other and _words(other):
            found = f"{other.top[0][0]!r}" if other.top else "text"
            raise InvalidSpec(
                f"Column {column.name!r} holds numbers, but in the test dataset text such as"
                f" {found}.",
                errors=(Detail(f"{column.name!r} holds no numbers", field="test_dataset_id"),),
            )
    for column in features:
        other = test.column(column.name)
        if column.kind.array and other:
            _check_arrays(column, other)
    if not any(cell for cell in table.text(path, spec.task.target)):
        raise InvalidSpec(
            "The test dataset's target is empty in every row.",
            errors=(Detail("no target values", field="test_dataset_id"),),
        )


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


def _fitted(features: Sequence[Column], test: Dataset) -> tuple[tuple[str, str], ...]:
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


def _words(column: Column) -> bool:
    kinds = (ColumnKind.CATEGORICAL, ColumnKind.TEXT)
    return column.kind in kinds and column.cells == "string" and not override.has_numbers(column)


def _divided(plan: Plan, spec: StudySpec, dataset: Dataset, path: Path, target: Target) -> Plan:
    """Return the plan with the folds and test rows that a column allows, if one divides."""
    if plan.strategy not in division.BY_COLUMN:
        return plan
    kept = np.flatnonzero(_present(target) & ~official_test(spec, dataset, path))
    kept = kept[sample(target.y[kept], plan.rows, seed=spec.seed)]
    y, wished = target.y[kept], plan.folds
    parts = division.divide(spec, dataset, path, kept, y, test_rows=plan.test_rows, folds=wished)
    division.check(parts, y, metric=plan.metric, positive=plan.positive)
    return replace(plan, folds=len(parts.folds), test_rows=len(parts.test))


def wanted(
    spec: StudySpec, rows: int, classes: int, *, given: bool
) -> tuple[ValidationStrategy, int, int]:
    """Return strategy, folds and test rows for so many usable rows; a column may allow fewer.

    Where a test set is ``given`` no more rows are set aside.
    """
    test_rows = split.test_size(rows, spec.validation.test_fraction, given)
    return *_validation(spec, rows - test_rows, classes), test_rows


def _validation(spec: StudySpec, rows: int, classes: int) -> tuple[ValidationStrategy, int]:
    """Return the strategy and how many folds: many where data is small, one where it is large."""
    strategy = spec.validation.strategy
    if strategy is ValidationStrategy.TIME:
        return strategy, 1 if rows >= HOLDOUT_ROWS else TIME_FOLDS
    if strategy is ValidationStrategy.GROUP and rows >= HOLDOUT_ROWS:
        return strategy, 3
    if strategy is ValidationStrategy.AUTO:
        large = rows >= HOLDOUT_ROWS
        strategy = ValidationStrategy.HOLDOUT if large else ValidationStrategy.KFOLD
    if strategy is ValidationStrategy.HOLDOUT:
        return strategy, 1
    if rows < 5_000:
        return strategy, max(2, min(8, rows // 2))
    return strategy, 5 if classes <= 10 else 3


def _baseline(
    task: TaskType,
    chosen: MetricName,
    usable: npt.NDArray[Any],
    classes: Classes,
    positive: int | None,
) -> float:
    """Return what the metric is of saying the same of every row: of a million at most."""
    usable = usable[:: max(1, -(-len(usable) // JUDGED_ROWS))]
    outputs = len(classes) or 1
    guess = tasks.load(task).baseline(usable, outputs)
    repeated = np.ascontiguousarray(np.broadcast_to(guess, (len(usable), outputs)))
    return metric.score(chosen, usable, repeated, positive=positive)


def _bearable(plan: Plan, spec: StudySpec, features: Sequence[Column]) -> Plan:
    """Return the plan with a sample of the rows where time or memory would not bear them all."""
    if plan.shape:
        size = 1 if features[0].dtype == "uint8" else 4
        return _sampled(plan, spec, max(1, ARRAY_BYTES // (size * prod(plan.shape))))
    most = MOST_CELLS // (len(plan.features) + cost.TEXT_COLUMNS * plan.texts)
    if spec.budget.seconds is not None:
        once = replace(plan, folds=1)
        share = _boosted_seconds(plan, spec) / cost.seconds(once, _usual(plan))
        most = min(most, int(share * plan.rows))
    return _sampled(plan, spec, max(most, FEWEST_ROWS))


def _sampled(plan: Plan, spec: StudySpec, rows: int) -> Plan:
    if rows >= plan.rows:
        return plan
    given = spec.test_dataset_id is not None or plan.official_rows > 0
    strategy, folds, test_rows = wanted(spec, rows, len(plan.classes), given=given)
    why = "they would not fit into a worker's memory."
    if not plan.shape:
        why = (
            "with all of them not even one boosted model would be trained well within the budget"
            " and the memory."
        )
    message = f"{rows:,} of {plan.rows:,} rows are used, evenly drawn from every class: {why}"
    return replace(
        plan,
        strategy=strategy,
        folds=folds,
        rows=rows,
        test_rows=test_rows,
        warnings=(*plan.warnings, ("ROWS_SAMPLED", message)),
    )


def _boosted_seconds(plan: Plan, spec: StudySpec) -> float:
    """Return what boosted trees may take with their defaults. Only for a budget in seconds."""
    seconds = spec.budget.seconds or 0.0
    return BOOSTED_SHARE * (seconds - finish_reserve(seconds, plan.outputs))


def _usual(plan: Plan) -> FamilyName:
    """Return the family whose defaults say how many folds and rows the budget bears."""
    match plan.modality:
        case Modality.TEXT:
            return FamilyName.LINEAR
        case Modality.SERIES:
            return FamilyName.ROCKET
        case Modality.IMAGE | Modality.VOLUME:
            return FamilyName.RESNET
        case _:
            return FamilyName.LIGHTGBM


def _affordable(plan: Plan, spec: StudySpec) -> Plan:
    """Return the plan with fewer folds where the budget is too short for what they cost.

    With five folds adult had time for a linear model within 10 s (ROC AUC 0.914), with a holdout
    for boosted trees.
    """
    seconds, kfold = spec.budget.seconds, plan.strategy is ValidationStrategy.KFOLD
    if not kfold or spec.validation.strategy is not ValidationStrategy.AUTO:
        return plan
    holdout = replace(plan, strategy=ValidationStrategy.HOLDOUT, folds=1)
    if plan.modality in (Modality.IMAGE, Modality.VOLUME):
        if plan.rows - plan.test_rows >= HOLDOUT_IMAGES:
            return holdout
        plan = replace(plan, folds=min(plan.folds, IMAGE_FOLDS))
    if seconds is None:
        return plan
    most = _boosted_seconds(plan, spec)
    fewer = replace(plan, folds=min(plan.folds, 3))
    fitting = (p for p in (plan, fewer) if cost.seconds(p, _usual(plan)) <= most)
    return next(fitting, holdout)


def _paying(plan: Plan, spec: StudySpec) -> Plan:
    """Return the plan without what pays late: one trial is too much of the budget, or rows are few.

    A family that the spec names stays.
    """
    if spec.families is not None:
        return plan
    late = set(series.late(plan)) if plan.modality is Modality.SERIES else set()
    if spec.budget.seconds is not None:
        most = {name: share * spec.budget.seconds for name, share in PATIENT.items()}
        late |= {name for name in most if cost.seconds(plan, name) > most[name]}
    named = spec.search_space or {}
    kept = tuple(name for name in plan.families if name not in late or name.value in named)
    return replace(plan, families=kept)


def _families(spec: StudySpec, modality: Modality) -> tuple[FamilyName, ...]:
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


def _warnings(
    columns: Sequence[Column], features: Sequence[Column], target: Target, spec: StudySpec
) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    apart = (spec.task.target, arrays.PART)
    left_out = [c for c in columns if c not in features and c.name not in apart]
    if left_out:
        names = ", ".join(f"{column.name} ({column.kind.value})" for column in left_out[:20])
        found.append(("COLUMNS_LEFT_OUT", f"Not used as features: {names}."))
    present = _present(target)
    if not present.all():
        count = int((~present).sum())
        found.append(("TARGET_MISSING", f"{count} rows have no target and are left out."))
    if spec.task.type is TaskType.CLASSIFICATION:
        counts = np.bincount(target.y[present], minlength=len(target.classes))
        rare = [str(target.classes[index]) for index in np.flatnonzero(counts < 5)]
        if rare:
            message = f"Classes with fewer than 5 rows: {', '.join(rare[:10])}."
            found.append(("RARE_CLASSES", message))
    return tuple(found)
