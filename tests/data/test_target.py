"""Targets of any type, and those that cannot be predicted."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from automl.core.catalog import TaskType
from automl.core.errors import InvalidSpec
from automl.data.target import Classes, Target, labels_in, read_target
from tests.data.files import only, take
from tests.tables import write

CLASSIFY, REGRESS = TaskType.CLASSIFICATION, TaskType.REGRESSION


def target(folder: Path, cells: Sequence[str], task: TaskType = CLASSIFY) -> Target:
    rows = [["a", cell] for cell in cells]
    content = write(folder / "source.csv", ["x", "y"], rows).read_bytes()
    profile, path = take(folder, content)
    return read_target(path, only(profile, "y"), task)


@pytest.mark.parametrize(
    ("cells", "classes", "y"),
    [
        (["b", "a", "", "b", "a"], ("a", "b"), [1, 0, -1, 1, 0]),
        (["10", "9", "9", "NA", "10"], (9, 10), [1, 0, 0, -1, 1]),
        (["1", "1.0", "0", "0", "+1"], (0, 1), [1, 1, 0, 0, 1]),
        (["0", "1", "", "1", "0"], (0, 1), [0, 1, -1, 1, 0]),
        (["-1", "1", "1", "-1", "-1"], (-1, 1), [0, 1, 1, 0, 0]),
        (["1.5", "1.50", "10.5", "1.5", "10.5"], ("1.5", "10.5"), [0, 0, 1, 0, 1]),
        (["1,5", "2", "2", "1,5", "2"], ("1,5", "2"), [0, 1, 1, 0, 1]),
        (["yes", "no", "yes", "no", "no"], ("no", "yes"), [1, 0, 1, 0, 0]),
        (["True", "False", "True", "", "False"], ("False", "True"), [1, 0, 1, -1, 0]),
        (["007", "7", "7", "007", "7"], ("007", "7"), [0, 1, 1, 0, 1]),
        (["NA", "x", "NA", "x", "?"], ("?", "NA", "x"), [1, 2, 1, 2, 0]),
        (["B", "a", "é", "a", "B"], ("B", "a", "é"), [0, 1, 2, 1, 0]),
        (["a", "a", "a", "rare", "a"], ("a", "rare"), [0, 0, 0, 1, 0]),
    ],
)
def test_classes(cells: list[str], classes: Classes, y: list[int], tmp_path: Path) -> None:
    found = target(tmp_path, cells)
    assert found.classes == classes
    assert [type(label) for label in found.classes] == [type(label) for label in classes]
    assert found.y.dtype == np.int64
    assert found.y.tolist() == y


def test_integers_beyond_exact_floats_stay_strings(tmp_path: Path) -> None:
    big = str(2**60)
    assert target(tmp_path, [big, "1", "1", big]).classes == ("1", big)


def test_integers_beyond_exact_floats_are_amounts_as_well(tmp_path: Path) -> None:
    big = 2**60 + 1
    found = target(tmp_path, [str(big), "1", "-1.5", f"-{big}", "9" * 300], REGRESS)
    assert found.y.tolist() == [2.0**60, 1.0, -1.5, -(2.0**60), 1e300]
    with pytest.raises(InvalidSpec, match="such as '007' in row 2"):
        target(tmp_path, [str(big), "007", "1"], REGRESS)
    profile, path = take(tmp_path, f"x,y\na,{big}\na,\na,3\n".encode())
    labels = labels_in(path, only(profile, "y"), REGRESS, ())
    np.testing.assert_array_equal(labels, [2.0**60, np.nan, 3.0])


def test_numbers(tmp_path: Path) -> None:
    found = target(tmp_path, ["1.5", "", "NA", "-2", "1e3", "inf"], REGRESS)
    assert found.classes == ()
    np.testing.assert_array_equal(found.y, [1.5, np.nan, np.nan, -2.0, 1e3, np.nan])


def test_all_different_integers_are_a_fine_regression_target(tmp_path: Path) -> None:
    found = target(tmp_path, [str(n) for n in range(50)], REGRESS)
    np.testing.assert_array_equal(found.y, np.arange(50.0))


UNUSABLE = {
    "constant": (["a"] * 9, CLASSIFY, "'a' in every row"),
    "constant with gaps": (["a", ""] * 9, CLASSIFY, "'a' in every row"),
    "missing": ([""] * 9, CLASSIFY, "missing in every row"),
    "all different": ([f"k{n}" for n in range(30)], CLASSIFY, "30 classes in 30 rows"),
    "all different numbers": (
        [f"{n}.5" for n in range(30)],
        CLASSIFY,
        "choose task type regression",
    ),
    "almost all different": ([f"k{n % 28}" for n in range(30)], CLASSIFY, "too few of each"),
    "too many": ([f"k{n % 1_001}" for n in range(3_003)], CLASSIFY, "1,001 classes"),
    "constant number": (["5", ""] * 9, REGRESS, "5 in every row"),
    "no number": ([""] * 9, REGRESS, "missing in every row"),
    "only markers": (["NA", "?"] * 9, REGRESS, "missing in every row"),
    "text": (["a", "b"] * 9, REGRESS, "'a' in row 1"),
    "some text": ([*map(str, range(40)), "oops"], REGRESS, "'oops' in row 41"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_the_unusable_say_what_would_be_right(case: str, tmp_path: Path) -> None:
    cells, task, message = UNUSABLE[case]
    with pytest.raises(InvalidSpec, match=message) as caught:
        target(tmp_path, cells, task)
    assert {error.field for error in caught.value.errors} == {"task.target"}


def test_bad_numbers_are_listed_with_their_rows(tmp_path: Path) -> None:
    with pytest.raises(InvalidSpec) as caught:
        target(tmp_path, ["1", "x", "2", "y", "3"] * 3, REGRESS)
    assert [error.line for error in caught.value.errors] == [2, 4, 7, 9, 12]


@pytest.mark.parametrize(
    ("train", "other", "y"),
    [
        (["a", "b", "a", "b"], ["b", "c", "", "a"], [1, -1, -1, 0]),
        (["1", "2", "1", "2"], ["2.0", "3", "NA", "1"], [1, -1, -1, 0]),
        (["1", "2", "1", "2"], ["2", "oops", "1", "1"], [1, -1, 0, 0]),
        (["1.5", "2", "1.5", "2"], ["2.0", "1.50", "", "7"], [1, 0, -1, -1]),
        (["007", "7", "7", "007"], ["7", "007", "8", "7.0"], [1, 0, -1, -1]),
    ],
)
def test_labels_of_another_table(
    train: list[str], other: list[str], y: list[int], tmp_path: Path
) -> None:
    classes = target(tmp_path, train).classes
    column = only(take(tmp_path, "y,x\n" + "".join(f"{cell},1\n" for cell in train))[0], "y")
    _, path = take(tmp_path, "x,y\n" + "".join(f"1,{cell}\n" for cell in other))
    assert labels_in(path, column, CLASSIFY, classes).tolist() == y


def test_numbers_of_another_table(tmp_path: Path) -> None:
    profile, path = take(tmp_path, "x,y\n" + "1,2.5\n1,\n1,4\n")
    found = labels_in(path, only(profile, "y"), REGRESS, ())
    np.testing.assert_array_equal(found, [2.5, np.nan, 4.0])


DAYS = [f"2024{month:02}{day:02}" for month in range(1, 13) for day in (1, 15)]


def test_whole_numbers_that_look_like_dates_are_predicted_as_they_are(tmp_path: Path) -> None:
    found = target(tmp_path, [*DAYS, ""], REGRESS)
    np.testing.assert_array_equal(found.y, [*map(float, DAYS), np.nan])
    found = target(tmp_path, [*DAYS, "", *DAYS, *DAYS])
    assert found.classes == tuple(map(int, DAYS))
    assert found.y.tolist() == [*range(24), -1, *range(24), *range(24)]
