"""What the contract page says of its resources, and how its refusals look.

Plain HTTP: nothing of ours is imported.
"""

import re
from typing import Any

import httpx

from tests.e2e.service import until

Json = dict[str, Any]


TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
STUDY = {
    "id", "name", "status", "dataset_id", "task", "metric", "budget", "seed", "progress", "best",
    "baseline", "model_id", "error", "last_seq", "created_at", "started_at", "finished_at", "links",
}  # fmt: skip
DATASET = {
    "id", "name", "modality", "format", "bytes", "sha256", "rows", "columns", "shape", "classes",
    "warnings", "created_at",
}  # fmt: skip
TRIAL = {
    "number", "state", "family", "params", "value", "fold_values", "epochs", "seconds", "worker",
    "attempts", "reason", "parameters", "started_at", "finished_at",
}  # fmt: skip
POINT = {
    "epoch", "fold", "train_loss", "valid_loss", "value", "learning_rate", "gradient_norm",
    "seconds",
}  # fmt: skip
MODEL = {
    "id", "study_id", "dataset_id", "task", "metric", "value", "test", "members", "inputs",
    "classes", "formats", "created_at",
}  # fmt: skip
COUNTS = {"waiting", "running", "complete", "pruned", "failed", "cancelled"}
COLUMN = {"name", "kind", "missing", "unique", "min", "max", "top"}


def body(dataset: Json, **more: Any) -> Json:
    return {
        "dataset_id": dataset["id"],
        "task": {"type": "classification", "target": "y"},
        "budget": {"trials": 3},
        "families": ["linear", "mlp"],
        "search_space": {"mlp": {"layers": [1], "width": [8], "epochs": [5]}},
        **more,
    }


def ended(http: httpx.Client, study_id: str) -> Json:
    def look() -> Json | None:
        found: Json = http.get(f"/v1/studies/{study_id}").json()
        return found if found["status"] in {"succeeded", "failed", "cancelled"} else None

    found: Json = until(look, "the study never ended")
    assert found["status"] != "failed", found["error"]
    return found


def refused(answer: httpx.Response, status: int, reason: str | None = None) -> Json:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: Json = answer.json()
    assert problem.keys() >= {"type", "title", "status", "detail", "reason"}
    assert reason is None or problem["reason"] == reason, problem
    return problem


def items(answer: httpx.Response) -> list[Json]:
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page.keys() >= {"items", "next_cursor"}
    found: list[Json] = page["items"]
    return found
