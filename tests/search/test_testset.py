"""Test datasets that are written otherwise than what was learned from."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from automl.core.catalog import TaskType
from automl.core.errors import InvalidSpec
from automl.core.schema import Dataset
from automl.core.study import Budget, StudySpec, TaskSpec
from automl.search.plan import make_plan
from automl.search.prepare import prepare
from tests import tables

VALUES = [0.5 + n % 7 for n in range(40)]
CLASSES = ["pq"[n % 2] for n in range(40)]
Table = tuple[Dataset, Path]


def _table(folder: Path, name: str, a: Sequence[object], y: Sequence[object]) -> Table:
    rows = [(str(left), str(right)) for left, right in zip(a, y, strict=True)]
    file = tables.write(folder / f"{name}.csv", ("a", "y"), rows)
    return tables.dataset(file, folder / f"{name}.parquet", id=f"ds_{name}")


def _spec(data: Dataset, test: Dataset, task: TaskType = TaskType.CLASSIFICATION) -> StudySpec:
    return StudySpec(data.id, TaskSpec(task, "y"), Budget(trials=1), test_dataset_id=test.id)


@pytest.mark.parametrize("task", TaskType)
def test_numbers_are_read_as_the_test_file_writes_them(task: TaskType, tmp_path: Path) -> None:
    y = CLASSES if task is TaskType.CLASSIFICATION else VALUES
    commas = [str(value).replace(".", ",") for value in VALUES]
    data, table = _table(tmp_path, "points", VALUES, y)
    test = _table(tmp_path, "commas", commas, CLASSES if y is CLASSES else commas)
    spec = _spec(data, test[0], task)
    prepared = prepare(make_plan(spec, data, table, test), spec, data, table, test)
    assert prepared.test is not None
    frame, truth = prepared.test
    np.testing.assert_array_equal(frame.numbers("a"), VALUES)
    assert truth.tolist() == ([n % 2 for n in range(40)] if y is CLASSES else VALUES)


def test_per_cents_in_one_of_both_are_refused(tmp_path: Path) -> None:
    data, table = _table(tmp_path, "shares", [value / 10 for value in VALUES], CLASSES)
    test = _table(tmp_path, "signs", [f"{value * 10:.0f}%" for value in VALUES], CLASSES)
    with pytest.raises(InvalidSpec, match="'a' has per cent signs in only one"):
        make_plan(_spec(data, test[0]), data, table, test)


FLAGS = ["01"[n % 3 > 0] for n in range(40)]
TRUTHS = [("False", "True")[n % 3 > 0] for n in range(40)]


@pytest.mark.parametrize(
    ("learned", "judged", "says"),
    [
        (VALUES, ["old"] * 40, "'a' holds numbers, but in the test dataset text such as 'old'"),
        (VALUES, [f"x{n}" for n in range(40)], "'a' holds numbers, but .* such as 'x"),
        (FLAGS, TRUTHS, "'a' holds numbers, but in the test dataset text such as 'True'"),
        (TRUTHS, FLAGS, "'a' holds 'True', but in the test dataset text such as '1'"),
    ],
)
def test_columns_that_cannot_be_read_alike_are_refused(
    learned: Sequence[object], judged: Sequence[object], says: str, tmp_path: Path
) -> None:
    """They would be missing in every row, and the estimate be of rows without them."""
    data, table = _table(tmp_path, "learned", learned, CLASSES)
    test = _table(tmp_path, "judged", judged, CLASSES)
    with pytest.raises(InvalidSpec, match=says):
        make_plan(_spec(data, test[0]), data, table, test)


@pytest.mark.parametrize(
    ("learned", "judged"),
    [
        (VALUES, ["", "NA"] * 20),
        (VALUES, ["2", "old"] * 20),
        (FLAGS, ["1"] * 40),
        (TRUTHS, ["TRUE", "false"] * 20),
    ],
)
def test_columns_of_which_some_cells_are_read_are_taken(
    learned: Sequence[object], judged: Sequence[object], tmp_path: Path
) -> None:
    data, table = _table(tmp_path, "learned", learned, CLASSES)
    test = _table(tmp_path, "judged", judged, CLASSES)
    assert make_plan(_spec(data, test[0]), data, table, test).official_rows == 40


def test_classes_that_nothing_was_learned_of_are_told(tmp_path: Path) -> None:
    data, table = _table(tmp_path, "two", VALUES, CLASSES)
    test = _table(tmp_path, "three", VALUES, ["r", "r", "", *CLASSES[3:]])
    spec = _spec(data, test[0])
    plan = make_plan(spec, data, table, test)
    message = dict(plan.warnings)["TEST_CLASSES_UNKNOWN"]
    assert message.startswith("2 rows of the test dataset are left out")
    assert "'r'" in message
    prepared = prepare(plan, spec, data, table, test)
    assert prepared.test is not None
    assert len(prepared.test[1]) == plan.official_rows == 37
    assert (plan.rows, plan.test_rows) == (40, 0)


@pytest.mark.parametrize("task", TaskType)
def test_test_rows_that_were_learned_are_told(task: TaskType, tmp_path: Path) -> None:
    numbers = [n + 0.25 for n in range(60)]
    y = ["pq"[n % 2] for n in range(60)] if task is TaskType.CLASSIFICATION else numbers
    data, table = _table(tmp_path, "all", numbers, y)
    commas = [str(value).replace(".", ",") for value in [*numbers[:15], *(-n for n in numbers[:5])]]
    test = _table(tmp_path, "part", commas, y[:20])
    plan = make_plan(_spec(data, test[0], task), data, table, test)
    message = dict(plan.warnings)["TEST_ROWS_LEARNED"]
    assert message.startswith("15 of 20 rows of the test dataset also stand in")


def test_test_rows_may_be_like_learned_ones_where_these_are_alike(tmp_path: Path) -> None:
    data, table = _table(tmp_path, "few", VALUES, CLASSES)
    test = _table(tmp_path, "same", VALUES[:20], CLASSES[:20])
    plan = make_plan(_spec(data, test[0]), data, table, test)
    assert "TEST_ROWS_LEARNED" not in dict(plan.warnings)


@pytest.mark.parametrize(("y", "says"), [("r", "but \\['r'\\]"), ("", "empty in every row")])
def test_a_test_set_that_judges_nothing_is_refused(y: str, says: str, tmp_path: Path) -> None:
    data, table = _table(tmp_path, "two", VALUES, CLASSES)
    test = _table(tmp_path, "none", VALUES, [y] * 40)
    with pytest.raises(InvalidSpec, match=says) as caught:
        make_plan(_spec(data, test[0]), data, table, test)
    assert caught.value.errors[0].field == "test_dataset_id"
