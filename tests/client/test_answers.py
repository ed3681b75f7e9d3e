"""How answers look: as text, in a notebook, as a data frame."""

import sys
from typing import Any

import pytest

from automl.client import Dataset, Leaderboard, Model, Predictions, Report
from automl.client.curve import MOST_DOTS, curve

EVIL = "<script>alert(1)</script>\x1b[31m\u202e"
DATASET: dict[str, Any] = {
    "id": "ds_1", "name": "adult", "rows": 32561, "modality": "table", "shape": None,
    "columns": [
        {"name": "age", "kind": "numeric", "missing": 0, "unique": 73, "min": 17, "max": 90,
         "top": []},
        {"name": "job", "kind": "categorical", "missing": 9, "unique": 2, "min": None, "max": None,
         "top": [["sales", 4], ["none", 3]]},
    ],
    "warnings": [{"code": "DUPLICATE_ROWS", "message": "24 rows occur more than once."}],
}  # fmt: skip
ESTIMATES = {"roc_auc": {"value": 0.9273, "low": 0.92, "high": 0.93}}
MODEL: dict[str, Any] = {
    "id": "mdl_1", "metric": {"name": "roc_auc"},
    "test": {"source": "test", "metrics": ESTIMATES},
    "members": [{"trial": 3, "family": "lightgbm", "weight": 0.75}],
    "formats": [{"format": "onnx", "bytes": 8662, "sha256": "ab" * 32}],
}  # fmt: skip
REPORT: dict[str, Any] = {
    "task": {"type": "classification", "target": "income", "metric": "roc_auc"},
    "data": {"rows": 32561}, "source": "out_of_fold", "baseline": 0.5, "metrics": ESTIMATES,
    "members": [{"trial": 3, "family": "lightgbm", "weight": 1.0, "params": {"leaves": 31}}],
    "importance": {"columns": [{"column": "age", "mean": 0.04, "std": 0.001}]},
    "warnings": [{"code": "X", "message": "Few rows."}],
}  # fmt: skip


def trial(number: int, value: float | None, **params: Any) -> dict[str, Any]:
    return {"number": number, "value": value, "family": "mlp", "state": "complete",
            "seconds": 1.0, "params": params}  # fmt: skip


def named(answer: Any, name: str) -> Any:
    """Return the answer with every text in it replaced by a name."""
    if isinstance(answer, dict):
        return {key: named(item, name) for key, item in answer.items() if key != "metrics"} | (
            {"metrics": {name: ESTIMATES["roc_auc"]}} if "metrics" in answer else {}
        )
    if isinstance(answer, list):
        return [named(item, name) for item in answer]
    return name if isinstance(answer, str) else answer


def test_answers_say_what_they_are() -> None:
    assert repr(Dataset(DATASET)) == "<dataset ds_1: adult, 32,561 rows, 2 columns>"
    arrays = Dataset(DATASET | {"modality": "image", "shape": [28, 28], "columns": []})
    assert repr(arrays) == "<dataset ds_1: adult, 32,561 rows, image of 28 × 28>"
    assert repr(Model(MODEL)) == "<model mdl_1: roc_auc 0.9273 (0.92 to 0.93)>"
    judged = "roc_auc 0.9273 (0.92 to 0.93) on out-of-fold rows, baseline 0.5"
    assert repr(Report(REPORT)) == f"<report: {judged}>"
    found = Predictions(predictions=[1.5, 2.0] * 6, probabilities=None, classes=None)
    assert repr(found).startswith("<12 predictions: 1.5, 2, ")
    board = repr(Leaderboard([trial(4, 0.5, layers=2), trial(0, None)], "rmse"))
    assert board.split("\n")[0] == "2 trials, the best first"
    assert board.split("\n")[2].split() == ["4", "0.5", "mlp", "complete", "1", "layers=2"]


def test_answers_show_themselves_in_a_notebook() -> None:
    html = Dataset(DATASET)._repr_html_()
    assert all(word in html for word in ("17 to 90", "sales, none", "24 rows occur"))
    html = Model(MODEL)._repr_html_()
    assert all(word in html for word in ("0.9273", "lightgbm", "75%", "8,662", "never saw"))
    html = Report(REPORT)._repr_html_()
    assert all(word in html for word in ("income", "age", "leaves=31", "Few rows.", "out-of-fold"))


@pytest.mark.parametrize("kind", [Dataset, Model, Report])
def test_names_are_text(kind: Any) -> None:
    answer = {Dataset: DATASET, Model: MODEL, Report: REPORT}[kind]
    evil = named(answer, EVIL)
    if kind is Model:
        evil["metric"] = {"name": EVIL}
        evil["test"]["metrics"] = {EVIL: ESTIMATES["roc_auc"]}
    for text in (kind(evil)._repr_html_(), repr(kind(evil))):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "<script" not in kind(evil)._repr_html_()


def test_answers_become_data_frames() -> None:
    board = Leaderboard([trial(1, 0.5, layers=2), trial(0, None, leaves=31)], "rmse").to_pandas()
    assert board["number"].tolist() == [1, 0]
    assert board["params.layers"].tolist()[0] == 2
    assert {"value", "family", "params.leaves"} <= set(board.columns)
    found = Predictions(predictions=["a"], probabilities=[[0.25, 0.75]], classes=["b", "a"])
    row = {"prediction": "a", "probability_b": 0.25, "probability_a": 0.75}
    assert found.to_pandas().to_dict("records") == [row]


def test_without_pandas_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        Leaderboard([], "rmse").to_pandas()


def test_the_curve_falls_to_the_best_and_shows_the_baseline() -> None:
    trials = [trial(2, 0.3), trial(0, 0.5), trial(1, 0.6), trial(3, None), trial(4, 0.4)]
    drawn = curve(trials, metric="rmse", maximize=False, baseline=0.9)
    assert drawn.count("<circle") == 4
    assert "baseline" in drawn
    assert "rmse: 0.3 at best after 4 trials" in drawn
    line = drawn.split('<path d="')[1].split('"')[0]
    assert line.count("V") == 2  # down to the best, and along to the last
    assert curve([trial(0, None)], metric="rmse", maximize=False, baseline=0.9) == ""


def test_a_curve_of_many_trials_stays_small() -> None:
    trials = [trial(number, 1 / (number + 1)) for number in range(10_000)]
    drawn = curve(trials, metric=EVIL, maximize=True, baseline=float("nan"))
    assert drawn.count("<circle") <= MOST_DOTS
    assert "nan" not in drawn
    assert "<script" not in drawn
    assert len(drawn) < 60_000
