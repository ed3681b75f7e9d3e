"""What a plan refuses and warns of, before anything is trained."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from automl.core.catalog import ColumnKind, MetricName, TaskType, ValidationStrategy
from automl.core.errors import InvalidSpec
from automl.core.schema import Dataset
from automl.core.study import Budget, ColumnOverride, Plan, StudySpec, TaskSpec, Validation
from automl.data.target import Target
from automl.search.plan import make_plan
from automl.search.prepare import prepare
from automl.search.request import positive_of
from tests import tables

UNUSED = ColumnOverride(use=False)


def _table(folder: Path, targets: list[float]) -> tuple[Dataset, Path]:
    rows = [(f"{n % 7}.5", f"{target:g}") for n, target in enumerate(targets)]
    file = tables.write(folder / "data.csv", ("a", "y"), rows)
    return tables.dataset(file, folder / "data.parquet")


def test_a_target_that_columns_leaves_out_is_told_apart_from_none(tmp_path: Path) -> None:
    dataset, table = _table(tmp_path, [1.5 * n for n in range(40)])
    task = TaskSpec(TaskType.REGRESSION, "y")
    spec = StudySpec(dataset.id, task, Budget(trials=1), columns={"y": UNUSED})
    with pytest.raises(InvalidSpec, match="columns leaves out 'y', which is the target") as refused:
        make_plan(spec, dataset, table)
    assert refused.value.errors[0].field == "columns.y"
    spec = StudySpec(dataset.id, TaskSpec(TaskType.REGRESSION, "z"), Budget(trials=1))
    with pytest.raises(InvalidSpec, match="There is no column 'z'"):
        make_plan(spec, dataset, table)


def test_columns_may_be_called_as_their_header_has_them(tmp_path: Path) -> None:
    rows = [(f"{n % 7}.5", f"{n % 5}", f"{n}.5", "x") for n in range(40)]
    file = tables.write(tmp_path / "data.csv", ("a", " g", "y ", " u "), rows)
    dataset, table = tables.dataset(file, tmp_path / "data.parquet")

    def plan(target: str, by: str, unused: str) -> Plan:
        task = TaskSpec(TaskType.REGRESSION, target)
        held = Validation(ValidationStrategy.GROUP, by)
        spec = StudySpec(dataset.id, task, Budget(trials=1), validation=held)
        return make_plan(replace(spec, columns={unused: UNUSED}), dataset, table)

    assert plan("y ", " g", " u ") == plan("y", "g", "u")
    assert plan("y ", " g", " u ").target == "y"


def _numbered(folder: Path, *, more: bool) -> tuple[Dataset, Path]:
    names = ("x", "name", "y", "more")[: 3 + more]
    rows = [(f"{n}", f"n{n}", f"{n % 7}.5", f"{n % 5}.5")[: len(names)] for n in range(100)]
    file = tables.write(folder / "data.csv", names, rows)
    return tables.dataset(file, folder / "data.parquet")


def test_what_numbers_the_rows_is_learned_from_where_nothing_else_is(tmp_path: Path) -> None:
    spec = StudySpec("ds_1", TaskSpec(TaskType.REGRESSION, "y"), Budget(trials=1))
    dataset, table = _numbered(tmp_path, more=False)
    plan = make_plan(spec, dataset, table)
    assert plan.features == ("x",)
    assert dict(plan.warnings)["ID_COLUMNS_USED"].endswith("no other column is left: x.")
    (column,) = prepare(plan, spec, dataset, table).columns
    assert (column.kind, column.cells) == (ColumnKind.NUMERIC, "number")
    called = {"x": ColumnOverride(ColumnKind.ID)}
    with pytest.raises(InvalidSpec, match="No column is left to learn from"):
        make_plan(replace(spec, columns=called), dataset, table)
    dataset, table = _numbered(tmp_path, more=True)
    plan = make_plan(spec, dataset, table)
    assert plan.features == ("more",)
    assert "ID_COLUMNS_USED" not in dict(plan.warnings)


@pytest.mark.parametrize("metric", [MetricName.MAPE, MetricName.MAE])
def test_targets_of_zero_are_told_where_the_metric_divides_by_them(
    metric: MetricName, tmp_path: Path
) -> None:
    task = TaskSpec(TaskType.REGRESSION, "y", metric)

    def warnings(targets: list[float]) -> dict[str, str]:
        dataset, table = _table(tmp_path, targets)
        plan = make_plan(StudySpec(dataset.id, task, Budget(trials=1)), dataset, table)
        return dict(plan.warnings)

    assert "TARGET_ZERO" not in warnings([1.5 + n for n in range(40)])
    told = warnings([0.0, 0.0, *(1.5 + n for n in range(38))])
    assert ("TARGET_ZERO" in told) is (metric is MetricName.MAPE)
    assert "0 in 2 rows" in told.get("TARGET_ZERO", "0 in 2 rows")


@pytest.mark.parametrize(
    ("asked", "classes", "found"),
    [
        ("Yes", ("No", "Yes"), 1),
        ("no", ("No", "Yes"), 0),
        ("yes", ("YES", "yes"), 1),
        ("true", (0, 1), 1),
        ("false", ("False", "True"), 0),
    ],
)
def test_the_positive_class_is_found_by_its_spelling(
    asked: str, classes: tuple[str, ...], found: int
) -> None:
    spec = StudySpec("ds_1", TaskSpec(TaskType.CLASSIFICATION, "y", positive=asked), Budget(3.0))
    assert positive_of(spec, Target(np.array([0, 1]), classes)) == found


@pytest.mark.parametrize(
    ("asked", "classes"),
    [("Yes", ("YES", "yes")), ("maybe", ("No", "Yes")), ("1", ("No", "Yes")), ("true", (1, 2))],
)
def test_a_positive_class_that_is_not_clear_is_told_so(
    asked: str, classes: tuple[str, ...]
) -> None:
    spec = StudySpec("ds_1", TaskSpec(TaskType.CLASSIFICATION, "y", positive=asked), Budget(3.0))
    with pytest.raises(InvalidSpec, match="must be one of two classes, here"):
        positive_of(spec, Target(np.array([0, 1]), classes))
