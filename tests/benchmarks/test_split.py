from pathlib import Path

import pytest
from sklearn.model_selection import train_test_split

from benchmarks.problem import NoProblem, guess_task, load
from benchmarks.split import draw, split
from tests.benchmarks.problems import folder
from tests.tables import write


def test_a_quarter_is_tested_stratified_by_the_number_as_seed(tmp_path: Path) -> None:
    problem = load(str(folder(tmp_path / "a")))
    for number in (0, 1):
        train, test = train_test_split(
            problem.rows, test_size=0.25, random_state=number, stratify=problem.cells(problem.rows)
        )
        part = split(problem, number)
        assert (part.train, part.test, part.labels) == (train, test, ["no", "yes"])
    assert split(problem, 0).test != split(problem, 1).test


def test_the_official_test_part_is_the_first_split_and_joined_for_others(tmp_path: Path) -> None:
    problem = load(str(folder(tmp_path / "a", test=12)))
    first, second = split(problem, 0), split(problem, 1)
    assert first.test == problem.official
    assert sorted(first.train) == sorted(problem.rows)
    assert first.train != problem.rows  # files may be sorted by class
    assert first.train == split(problem, 0).train
    assert sorted(second.train + second.test) == sorted(problem.rows + problem.official)
    assert len(second.test) == 13


def test_a_class_of_one_row_is_learned_from() -> None:
    classes = ["a"] * 20 + ["b"] * 20 + ["c"]
    train, test = draw(41, classes, seed=0)
    assert 40 in train
    assert sorted(train + test) == list(range(41))
    assert sum(classes[i] == "a" for i in test) == 5


def test_more_classes_than_test_rows_are_drawn_without_strata() -> None:
    train, test = draw(8, ["a", "b", "c", "d"] * 2, seed=0)
    assert len(test) == 2
    assert sorted(train + test) == list(range(8))


def test_test_rows_of_a_class_never_seen_are_left_out(tmp_path: Path) -> None:
    path = folder(tmp_path / "a", test=2)
    write(path / "test.csv", ["x", "colour", "y"], [["1", "", "yes"], ["2", "", "perhaps"]])
    assert [row[0] for row in split(load(str(path)), 0).test] == ["1"]


def test_rows_without_a_target_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", ["x", "y"], [["1", "0.5"], ["2", ""], ["3", "1.5"]])
    problem = load(f"{path}:y")
    assert (problem.name, problem.task, len(problem.rows)) == ("a", "regression", 2)


def test_a_users_folder_names_its_target(tmp_path: Path) -> None:
    write(tmp_path / "orders.csv", ["x", "y"], [["1", "a"], ["2", "b"]])
    assert load(f"{tmp_path}:y").task == "classification"
    with pytest.raises(NoProblem, match="has no column 'z'; it has x, y"):
        load(f"{tmp_path}:z")
    with pytest.raises(NoProblem, match="name the column to predict"):
        load(str(tmp_path))
    write(tmp_path / "more.csv", ["x", "y"], [])
    with pytest.raises(NoProblem, match="found 2"):
        load(f"{tmp_path}:y")


def test_few_whole_numbers_are_classes() -> None:
    assert guess_task(["1", "2", "1"]) == "classification"
    assert guess_task(["1.5", "2"]) == "regression"
    assert guess_task([str(i) for i in range(30)]) == "regression"
    assert guess_task(["1", "b"]) == "classification"
