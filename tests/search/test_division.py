"""Studies whose rows a column divides: whole groups apart, the future apart from the past."""

from pathlib import Path

import numpy as np
import pytest

from automl import pipeline
from automl.core.catalog import FamilyName, TaskType, ValidationStrategy
from automl.core.errors import InvalidSpec
from automl.core.study import Budget, StudySpec, TaskSpec, Validation
from automl.search.plan import make_plan
from automl.search.prepare import Prepared, prepare
from tests import tables

ROWS = 240
COLUMNS = ("person", "when", "hole", "one", "x", "y", "value")
TIME, GROUP = ValidationStrategy.TIME, ValidationStrategy.GROUP


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    random = np.random.default_rng(0)
    lines = []
    for row in random.permutation(ROWS):
        day = f"{1 + row % 28:02}/{1 + row // 28 % 12:02}/2020"
        hole = "" if row == 7 else str(row)
        x = random.normal()
        word = "yes" if x + random.normal() > 0 else "no"
        lines.append([f"p{row % 20}", day, hole, "same", f"{x:.4f}", word, f"{row}"])
    return tables.write(tmp_path_factory.mktemp("data") / "data.csv", COLUMNS, lines)


def _spec(strategy: ValidationStrategy, column: str | None, **more: object) -> StudySpec:
    target = more.pop("target", "y")
    kind = TaskType.REGRESSION if target == "value" else TaskType.CLASSIFICATION
    fraction = more.pop("test_fraction", None)
    return StudySpec(
        "ds_test",
        TaskSpec(kind, str(target)),
        Budget(trials=2),
        validation=Validation(strategy, column, fraction),  # type: ignore[arg-type]
        families=(FamilyName.LINEAR,),
        **more,  # type: ignore[arg-type]
    )


def _prepared(path: Path, folder: Path, spec: StudySpec) -> Prepared:
    dataset, table = tables.dataset(path, folder / "data.parquet")
    plan = make_plan(spec, dataset, table)
    prepared = prepare(plan, spec, dataset, table)
    assert plan.folds == len(prepared.folds)
    assert plan.test_rows == len(prepared.test[1] if prepared.test else ())
    assert plan.strategy is spec.validation.strategy
    return prepared


def test_the_future_is_judged_by_the_past(path: Path, tmp_path: Path) -> None:
    prepared = _prepared(path, tmp_path, _spec(TIME, "when", target="value", test_fraction=0.2))
    assert prepared.test is not None
    assert "when" not in prepared.plan.features
    assert set(prepared.test[1]) == set(range(192, ROWS))
    judged = np.concatenate([valid for _, valid in prepared.folds])
    assert prepared.judged.tolist() == np.sort(judged).tolist()
    for train, valid in prepared.folds:
        assert prepared.y[train].max() < prepared.y[valid].min()


@pytest.mark.parametrize(("strategy", "column"), [(TIME, "when"), (GROUP, "person")])
@pytest.mark.parametrize("test_fraction", [0.0, 0.2])
def test_such_studies_end_with_a_model(
    path: Path, tmp_path: Path, strategy: ValidationStrategy, column: str, test_fraction: float
) -> None:
    dataset, table = tables.dataset(path, tmp_path / "data.parquet")
    spec = _spec(strategy, column, test_fraction=test_fraction)
    result = pipeline.fit(spec, dataset, table)
    assert len(result.trials[0].fold_values) == result.plan.folds == 5 + 3 * (strategy is GROUP)
    assert result.finished.card.source == ("test" if test_fraction else "out_of_fold")
    assert result.finished.card.value > 0.6
    assert column not in [item.name for item in result.finished.card.inputs]


def test_a_column_left_out_may_still_divide(path: Path, tmp_path: Path) -> None:
    from automl.core.study import ColumnOverride

    spec = _spec(GROUP, "person", columns={"person": ColumnOverride(use=False)})
    assert len(_prepared(path, tmp_path, spec).folds) == 8


@pytest.mark.parametrize(
    ("strategy", "column", "message"),
    [
        (GROUP, None, "needs validation.column"),
        (GROUP, "team", "no column 'team'"),
        (GROUP, "y", "is the target"),
        (GROUP, "one", "one group only"),
        (TIME, "one", "'same'"),
        (TIME, "person", "no number or date"),
        (TIME, "hole", "1 rows have no 'hole'"),
    ],
)
def test_a_column_that_cannot_divide_is_refused_with_the_reason(
    path: Path, tmp_path: Path, strategy: ValidationStrategy, column: str | None, message: str
) -> None:
    dataset, table = tables.dataset(path, tmp_path / "data.parquet")
    with pytest.raises(InvalidSpec, match=message) as refused:
        make_plan(_spec(strategy, column), dataset, table)
    assert refused.value.errors[0].field == "validation.column"


def test_a_fold_of_a_single_class_is_refused(tmp_path: Path) -> None:
    lines = [[str(n), str(n % 7), "old" if n < 90 else "new"] for n in range(100)]
    path = tables.write(tmp_path / "drift.csv", ["when", "x", "y"], lines)
    dataset, table = tables.dataset(path, tmp_path / "data.parquet")
    with pytest.raises(InvalidSpec, match="single class"):
        make_plan(_spec(TIME, "when"), dataset, table)
