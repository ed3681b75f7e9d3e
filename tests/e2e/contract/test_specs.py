"""What a study may be asked for."""

import httpx
import pytest

from tests.e2e.contract.page import Json, body

METRICS = {
    "classification": ("roc_auc", "log_loss", "accuracy", "balanced_accuracy", "f1", "f1_macro",
                       "precision", "recall", "average_precision"),
    "regression": ("rmse", "mae", "r2", "mape", "rmsle"),
}  # fmt: skip


def test_a_dry_run_answers_with_the_plan(http: httpx.Client, dataset: Json) -> None:
    answer = http.post("/v1/studies?dry_run=true", json=body(dataset))
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() >= {"families", "split", "folds", "estimates"}
    assert answer.json()["families"] == ["linear", "mlp"]


@pytest.mark.parametrize(
    "part",
    [
        {"objective": {"max_model_bytes": 100_000}},
        {"objective": {"max_row_ms": 5.0}, "budget": {"seconds": 60, "trials": None}},
        {"validation": {"strategy": "holdout", "column": None, "test_fraction": 0.2}},
        {"validation": {"strategy": "kfold", "test_fraction": 0}},
        {"validation": {"strategy": "auto", "test_fraction": "auto"}, "ensemble": False},
        {"columns": {"colour": {"use": False}, "flag": {"kind": "categorical"}}, "priority": 9},
        {"task": {"type": "classification", "target": "y", "metric": "f1", "positive": "class 0"}},
        {"task": {"type": "regression", "target": "size", "metric": "mae"}, "families": None,
         "search_space": None},
        {"families": ["mlp"], "search_space": {"mlp": {
            "layers": [2, 3], "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
            "dropout": 0.1}}},
    ],
)  # fmt: skip
def test_every_part_of_a_request_is_taken(http: httpx.Client, dataset: Json, part: Json) -> None:
    answer = http.post("/v1/studies?dry_run=true", json=body(dataset, **part))
    assert answer.status_code == 200, answer.text


def test_rows_are_divided_by_groups_and_in_time(http: httpx.Client) -> None:
    lines = [f"{n % 13}.5,g{n % 9},2024-01-{1 + n % 28:02},{'ab'[n % 5 < 2]}" for n in range(200)]
    content = "\n".join(["x,group,day,y", *lines]) + "\n"
    made = http.post("/v1/datasets?name=grouped", content=content).json()
    for strategy, column in (("group", "group"), ("time", "day")):
        validation = {"strategy": strategy, "column": column}
        answer = http.post("/v1/studies?dry_run=true", json=body(made, validation=validation))
        assert answer.status_code == 200, answer.text
        assert answer.json()["split"]["strategy"] == strategy
    http.delete(f"/v1/datasets/{made['id']}")


def test_every_metric_is_known(http: httpx.Client, dataset: Json) -> None:
    targets = {"classification": "y", "regression": "price"}
    for kind, metrics in METRICS.items():
        for metric in (*metrics, "auto"):
            task = {"type": kind, "target": targets[kind], "metric": metric}
            answer = http.post("/v1/studies?dry_run=true", json=body(dataset, task=task))
            assert answer.status_code == 200, (metric, answer.text)
