"""What will be done, decided from the spec and the data before anything is trained."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from automl import tasks
from automl.core import metric
from automl.core.catalog import ColumnKind, MetricName, Modality, TaskType
from automl.core.schema import Column, Dataset, Lengths
from automl.core.study import Plan, StudySpec
from automl.data import arrays, leakage, override, table
from automl.data.split import Rows
from automl.data.target import Classes, Target, read_target
from automl.search import folds, request, testset
from automl.search.afford import affordable
from automl.search.cost import SIGNS_A_WORD

INSPECTED_CELLS = 10_000_000
"""Larger tables are not searched for leaking columns: that would hold up the request."""

JUDGED_ROWS = 1_000_000
"""The baseline is judged on so many rows, evenly spread: a plan is made while a client waits."""

READ_TEXTS = 2_000
"""Texts that tell how rare their words are."""


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
    spec = request.settled(spec, dataset)
    columns = override.apply(dataset.columns, spec.columns)
    target_column = request.target_column(columns, spec)
    features = request.feature_columns(columns, spec)
    target = read_target(table_path, target_column, spec.task.type)
    chosen = request.metric_of(spec, target)
    request.check_objective(spec)
    if test is not None:
        testset.check(spec, features, test[0])
    modality = _modality(dataset, features)
    families = request.families_of(spec, modality)
    official = testset.official(spec, dataset, table_path)
    kept = np.flatnonzero(target.present & ~official)
    strategy, count, test_rows = folds.wanted(
        spec, len(kept), len(target.classes), given=test is not None or bool(official.any())
    )
    positive = request.positive_of(spec, target)
    plan = Plan(
        task=spec.task.type,
        target=spec.task.target,
        metric=chosen,
        positive=positive,
        classes=target.classes,
        features=tuple(column.name for column in features),
        families=families,
        strategy=strategy,
        folds=count,
        rows=len(kept),
        test_rows=test_rows,
        official_rows=testset.rows(target_column, spec.task.type, target.classes, *test)
        if test
        else int((target.present & official).sum()),
        dropped_rows=int((~target.present).sum()),
        baseline=_baseline(spec.task.type, chosen, target.y[kept], target.classes, positive),
        warnings=_warnings(columns, features, target, spec)
        + _of_metric(chosen, target)
        + (testset.warnings(features, test[0]) if test else ())
        + (testset.unknown(target_column, target, spec.task.type, *test) if test else ())
        + _suspicions(spec, features, target, path=table_path, column=target_column, test=test),
        modality=modality,
        rare=_rare(table_path, features, kept) if modality is Modality.TEXT else 0.0,
        alike=True,
        contested=modality is Modality.TABLE,
        kin=True,
        **_counts(features),
    )
    plan = affordable(plan, spec, features)
    plan = folds.divided(plan, spec, dataset, table_path, kept=kept, targets=target.y)
    return replace(plan, level=folds.flattered(plan))


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
        "pairable": sum(column.pairable for column in features),
        "shape": features[0].shape,
    }


def _words_in(lengths: Lengths) -> float:
    """Return how many words a text has, also where nothing stands between them."""
    return max(lengths.words, lengths.mean / SIGNS_A_WORD)


def _rare(path: Path, features: Sequence[Column], rows: Rows) -> float:
    """Return which part of the words stands in one text only, among so many of those rows."""
    from automl.features import tokens  # loads SciPy, which plans for tables can do without

    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), READ_TEXTS)).astype(np.intp)]
    frame = table.load(path, features, some)
    return max(tokens.rare(frame.strings(column.name)) for column in features)


def _of_metric(chosen: MetricName, target: Target) -> tuple[tuple[str, str], ...]:
    """Return a warning of rows that decide the metric alone."""
    zeros = int((target.y == 0).sum()) if chosen is MetricName.MAPE else 0
    if not zeros:
        return ()
    rows = "1 row" if zeros == 1 else f"{zeros:,} rows"
    message = (
        f"The target is 0 in {rows}: mape divides by it, so they alone decide what it is."
        " Choose mae or rmse, or leave such rows out."
    )
    return (("TARGET_ZERO", message),)


def _suspicions(
    spec: StudySpec,
    features: Sequence[Column],
    target: Target,
    *,
    path: Path,
    column: Column,
    test: tuple[Dataset, Path] | None,
) -> tuple[tuple[str, str], ...]:
    """Return warnings of what would make a model look too good: columns, and rows of the test.

    Only where looking does not take too long.
    """
    many = len(target.y) * len(features) > INSPECTED_CELLS
    if many or any(column.kind.array for column in features):
        return ()
    frame = table.load(path, features)
    found = leakage.inspect(frame, target.y, target.classes)
    warnings = tuple((warning.code, warning.message) for warning in found)
    if test is None or test[0].rows * len(features) > INSPECTED_CELLS:
        return warnings
    y = testset.truth(column, spec.task.type, target.classes, *test)
    judged = table.load(test[1], testset.written(features, test[0]))
    return warnings + testset.learned(frame, target, judged, Target(y, target.classes))


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


def _warnings(
    columns: Sequence[Column], features: Sequence[Column], target: Target, spec: StudySpec
) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    known = {column.name for column in features} | {spec.task.target, arrays.PART}
    left_out = [column for column in columns if column.name not in known]
    if left_out:
        names = ", ".join(f"{column.name} ({column.kind.value})" for column in left_out[:20])
        found.append(("COLUMNS_LEFT_OUT", f"Not used as features: {names}."))
    numbering = {column.name for column in columns if column.kind is ColumnKind.ID}
    if used := [column.name for column in features if column.name in numbering]:
        message = (
            "Used although they may only number the rows, as no other column is left: "
            f"{', '.join(used[:20])}."
        )
        found.append(("ID_COLUMNS_USED", message))
    present = target.present
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
