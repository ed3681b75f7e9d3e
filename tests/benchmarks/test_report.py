import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.anytime import curves, draw
from benchmarks.results import Result, append
from tests.benchmarks.problems import key, result


def some() -> list[Result]:
    return [
        result(key(version="old"), 3.0),
        result(key("lightgbm"), 2.0),
        result(key("autogluon"), None),
        replace(result(key(), 1.0), overrun=-0.5, rows_per_second=500.0),
    ]


def test_a_report_holds_the_last_version_and_is_written_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "results.jsonl"
    for run in some():
        append(path, run)
    report.write(path, systems=None)
    text = path.with_suffix(".md").read_text()
    assert text in capsys.readouterr().out
    assert "| **1.0000** | 2.0000 | failed |" in text
    assert "| ours | 1 of 1 | – | – | −0.5 |" in text
    table = json.loads(path.with_suffix(".json").read_text())[0]
    assert [system["mean_rank"] for system in table["systems"]] == [1, 2, 3]
    assert table["systems"][1]["against"]["error_ratio"] == 0.5
    assert table["sets"][0]["errors"]["autogluon"]["mean"] is None


def test_versions_can_be_compared() -> None:
    (_, _, columns), *others = report.chosen(some(), systems=["ours", "ours@old"])
    assert not others
    assert [(column.name, column.version) for column in columns] == [
        ("ours", "1"),
        ("ours@old", "old"),
    ]


def test_own_intervals_are_counted() -> None:
    told = replace(result(key(), 1.0), scores={"rmse": 1.0})
    inside = replace(told, notes={"estimate": {"low": 0.9, "high": 1.1}})
    beside = replace(told, notes={"estimate": {"low": 1.05, "high": 1.1}})
    assert report.covered([inside, beside, told]) == {"of": 2, "held": 1}
    assert report.covered([told]) is None


def test_a_curve_goes_through_the_seconds_that_were_taken() -> None:
    long = replace(key(), budget=120.0)
    runs = [
        replace(result(long, 0.5), fit_seconds=119.0),
        replace(result(key(), 1.0), fit_seconds=58.0),
        replace(result(key(split=1), 3.0), fit_seconds=62.0),
        replace(result(key("lightgbm"), 2.0), fit_seconds=0.1),
    ]
    ours, lightgbm = curves(runs, "a", ["ours", "lightgbm", "flaml"])
    assert (ours.points, ours.budgeted) == ([(60.0, 2.0), (119.0, 0.5)], True)
    assert (lightgbm.points, lightgbm.budgeted) == ([(0.5, 2.0)], False)
    page = draw(runs, ["a"], ["ours", "lightgbm"])
    assert page.count("<circle") == 3 + 2
    assert "a: RMSE" in page
