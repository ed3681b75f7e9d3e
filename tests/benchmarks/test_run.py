import csv
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.autogluon import System as Autogluon
from benchmarks.peers.lightgbm import System as Lightgbm
from benchmarks.problem import load
from benchmarks.results import Result
from benchmarks.run import lay_out, run
from benchmarks.scores import BadAnswers, score
from benchmarks.split import split
from benchmarks.systems import NoSystem, System, find
from tests.benchmarks.problems import folder, key

PYTHON = Path(sys.executable)


def test_a_reference_is_fitted_judged_and_weighed(tmp_path: Path) -> None:
    done = ran(System("lightgbm", "4", PYTHON, Lightgbm), tmp_path)
    assert (done.status, done.why, done.metric) == ("ok", None, "roc_auc")
    assert done.error is not None
    assert 0 <= done.error <= 1
    assert (done.rows, done.test_rows, done.columns) == (150, 50, 2)
    assert done.versions["lightgbm"]
    for measured in (done.fit_seconds, done.rows_per_second, done.row_milliseconds):
        assert measured
    assert done.peak_megabytes
    assert done.model_megabytes
    assert done.overrun is None


def test_a_system_that_fails_is_a_result(tmp_path: Path) -> None:
    done = ran(System("autogluon", "1", PYTHON, Autogluon), tmp_path)
    assert done.status == "failed"
    assert done.why is not None
    assert done.why.startswith("ModuleNotFoundError")
    assert done.error is None


def ran(system: System, path: Path) -> Result:
    problem = load(str(folder(path / "a", rows=200)))
    return run(system, key(system.name), problem, split(problem, 0), budget=5)


def test_a_worker_gets_no_target_of_test_rows(tmp_path: Path) -> None:
    problem = load(str(folder(tmp_path / "a")))
    part = split(problem, 0)
    system = System("lightgbm", "4", PYTHON, Lightgbm)
    lay_out(tmp_path, system, key("lightgbm"), problem, part, budget=5)
    with (tmp_path / "train.csv").open() as file:
        train = list(csv.DictReader(file))
    with (tmp_path / "test.csv").open() as file:
        header, *test = csv.reader(file)
    assert [row["y"] for row in train] == [str(int(y == "yes")) for y in problem.cells(part.train)]
    assert header == ["x", "colour"]
    assert test == [row[:2] for row in part.test]


def test_scores_of_each_kind() -> None:
    shares = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
    two = score(np.array([0, 1, 1, 0]), shares, labels=2)
    assert (two.error, two.scores["roc_auc"], two.scores["accuracy"]) == (0, 1, 0.75)
    three = score(np.array([0, 1, 2]), np.eye(3)[[0, 1, 0]], labels=3)
    assert three.error == pytest.approx(-np.log(1e-7) / 3, rel=1e-3)  # one certain mistake
    numbers = score(np.array([1.0, 3.0]), np.array([1.0, 1.0]), labels=0)
    assert numbers.error == pytest.approx(np.sqrt(2))


def test_answers_that_cannot_be_scored() -> None:
    with pytest.raises(BadAnswers, match=r"shape \(2,\), not \(2, 3\)"):
        score(np.array([0, 1]), np.array([0.1, 0.2]), labels=3)
    with pytest.raises(BadAnswers, match="not finite"):
        score(np.array([0.0, 1.0]), np.array([0.1, np.nan]), labels=0)


def test_a_system_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NoSystem, match="no adapter for 'sklearn'"):
        find("sklearn", None)
    with pytest.raises(NoSystem, match="give their folder as --peers"):
        find("autogluon:best_quality", None)
    with pytest.raises(NoSystem, match=r"make it with benchmarks/peers/install\.sh"):
        find("flaml", tmp_path)
    assert find("ours:auto", None).variant == "auto"
