from pathlib import Path

from benchmarks.peers.lightgbm import System as Lightgbm
from benchmarks.peers.ours import System as Ours
from benchmarks.results import append, read, remaining
from benchmarks.systems import System
from benchmarks.tables import keys
from tests.benchmarks.problems import key, result


def test_what_was_appended_is_read(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    assert read(path) == []
    runs = [result(key(), 0.5), result(key(split=1), None)]
    for run in runs:
        append(path, run)
    assert read(path) == runs


def test_the_last_line_of_a_key_counts_and_stands_last(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    failed, other, again = result(key(), None), result(key("flaml"), 1.0), result(key(), 0.5)
    for run in (failed, other, again):
        append(path, run)
    assert read(path) == [other, again]


def test_a_torn_line_is_dropped_and_the_next_stands_on_its_own(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    append(path, result(key(), 0.5))
    with path.open("a") as file:
        file.write('{"system": "ou')
    assert read(path) == [result(key(), 0.5)]
    append(path, result(key(split=1), 0.6))
    assert [run.key.split for run in read(path)] == [0, 1]


def test_only_what_is_missing_remains() -> None:
    wanted = [key(), key(split=1), key(split=2), key()]
    done = [result(key(), 0.5), result(key(split=1), None), result(key(split=2, version="0"), 0.5)]
    assert remaining(wanted, done, retry=False) == [key(split=2)]
    assert remaining(wanted, done, retry=True) == [key(split=1), key(split=2)]


def test_a_system_without_a_budget_runs_once_for_all() -> None:
    systems = [
        System("ours", "1", Path("python"), Ours),
        System("lightgbm", "4", Path("python"), Lightgbm),
    ]
    every = list(keys(["a", "b"], systems, [10, 60], [0, 1], 2))
    todo = remaining(every, [], retry=False)
    assert len(todo) == 2 * 2 * (2 + 1)
    assert {run.budget for run in todo if run.system == "lightgbm"} == {None}
    assert [run.split for run in todo] == sorted(run.split for run in todo)
