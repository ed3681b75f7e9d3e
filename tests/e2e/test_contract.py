"""The contract page walked through for tables, by a client written from the page alone.

Plain HTTP against a real service; nothing of ours is imported but what starts the processes. What
the page promises and is not built yet stands in `NOT_BUILT`, each with its refusal: whoever builds
it moves it up.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnxruntime
import pytest

from tests import tables
from tests.e2e.service import Service, serve, until

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

ROUTES = {
    "POST /v1/datasets", "GET /v1/datasets", "GET /v1/datasets/{}", "GET /v1/datasets/{}/preview",
    "GET /v1/datasets/{}/download", "DELETE /v1/datasets/{}",
    "POST /v1/studies", "GET /v1/studies", "GET /v1/studies/{}", "POST /v1/studies/{}/cancel",
    "POST /v1/studies/{}/pause", "POST /v1/studies/{}/resume", "GET /v1/studies/{}/trials",
    "GET /v1/studies/{}/trials/{}", "GET /v1/studies/{}/events", "GET /v1/studies/{}/report",
    "GET /v1/studies/{}/model/download", "DELETE /v1/studies/{}",
    "GET /v1/models", "GET /v1/models/{}", "GET /v1/models/{}/download", "DELETE /v1/models/{}",
    "POST /v1/models/{}/predict",
    "GET /healthz", "GET /readyz", "GET /metrics", "GET /v1/workers", "GET /v1/families",
}  # fmt: skip
"""Every route that the page names but the pages for people, ``/`` and ``/docs``."""

NOT_BUILT: dict[str, tuple[str, Json]] = {
    "modality image": ("/v1/datasets?modality=image", {}),
    "modality text": ("/v1/datasets?modality=text", {}),
    "modality series": ("/v1/datasets?modality=series", {}),
    "modality volume": ("/v1/datasets?modality=volume", {}),
    "task multilabel": ("/v1/studies", {"task": {"type": "multilabel", "target": "y"}}),
    "task forecasting": ("/v1/studies", {"task": {"type": "forecasting", "target": "y"}}),
    "task segmentation": ("/v1/studies", {"task": {"type": "segmentation", "target": "y"}}),
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serve(tmp_path_factory.mktemp("contract") / "data", workers=1) as running:
        yield running


@pytest.fixture(scope="module")
def http(service: Service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tables.mixed(tmp_path_factory.mktemp("files") / "mixed.csv", rows=300, classes=2)


@pytest.fixture(scope="module")
def dataset(http: httpx.Client, file: Path) -> Json:
    with file.open("rb") as content:
        answer = http.post("/v1/datasets", files={"file": ("mixed.csv", content, "text/csv")})
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    assert answer.headers["location"] == f"/v1/datasets/{made['id']}"
    return made


def body(dataset: Json, **more: Any) -> Json:
    return {
        "dataset_id": dataset["id"],
        "task": {"type": "classification", "target": "y"},
        "budget": {"trials": 3},
        "families": ["linear", "mlp"],
        "search_space": {"mlp": {"layers": [1], "width": [8], "epochs": [5]}},
        **more,
    }


@pytest.fixture(scope="module")
def study(http: httpx.Client, dataset: Json) -> Json:
    """A study that has succeeded."""
    answer = http.post("/v1/studies", json=body(dataset, name="walk"))
    assert answer.status_code == 202, answer.text
    made: Json = answer.json()
    assert answer.headers["location"] == f"/v1/studies/{made['id']}"
    assert made.keys() >= STUDY
    assert made["model_id"] is None
    early = http.get(f"/v1/studies/{made['id']}/model/download")
    assert early.status_code in {409, 200}
    if early.status_code == 409:
        assert early.json()["reason"] == "MODEL_NOT_READY"
    return ended(http, made["id"])


@pytest.fixture(scope="module")
def model(http: httpx.Client, study: Json) -> Json:
    found: Json = http.get(f"/v1/models/{study['model_id']}").json()
    return found


def ended(http: httpx.Client, study_id: str) -> Json:
    def look() -> Json | None:
        found: Json = http.get(f"/v1/studies/{study_id}").json()
        return found if found["status"] in {"succeeded", "failed", "cancelled"} else None

    found: Json = until(look, 120, "the study never ended")
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


def test_a_dataset_is_as_the_page_says(http: httpx.Client, dataset: Json, file: Path) -> None:
    assert dataset.keys() >= DATASET
    assert dataset["id"].startswith("ds_")
    assert (dataset["modality"], dataset["format"], dataset["rows"]) == ("table", "csv", 300)
    content = file.read_bytes()
    assert dataset["bytes"] == len(content)
    assert dataset["sha256"] == hashlib.sha256(content).hexdigest()
    assert (dataset["shape"], dataset["classes"]) == (None, None)
    assert TIME.fullmatch(dataset["created_at"])
    kinds = {column["name"]: column["kind"] for column in dataset["columns"]}
    assert kinds == {"size": "numeric", "price": "numeric", "colour": "categorical",
                     "flag": "boolean", "y": "categorical"}  # fmt: skip
    for column in dataset["columns"]:
        assert column.keys() >= COLUMN
    for warning in dataset["warnings"]:
        assert warning.keys() >= {"code", "message"}
    path = f"/v1/datasets/{dataset['id']}"
    assert http.get(path).json() == dataset
    assert dataset in items(http.get("/v1/datasets"))
    rows = http.get(f"{path}/preview?rows=3").json()["rows"]
    with file.open(newline="") as source:
        first = next(csv.DictReader(source))
    assert len(rows) == 3
    shown = {name: "" if cell is None else str(cell) for name, cell in rows[0].items()}
    assert shown.keys() == first.keys()
    assert shown["colour"] == first["colour"]
    assert http.get(f"{path}/download").content == content


def test_a_raw_body_is_taken_and_a_bad_one_leaves_nothing(http: httpx.Client) -> None:
    before = items(http.get("/v1/datasets"))
    raw = http.post("/v1/datasets?name=raw", content=b"a;b\n1;x\n2;y\n",
                    headers={"Content-Type": "text/csv"})  # fmt: skip
    assert (raw.status_code, raw.json()["name"], raw.json()["rows"]) == (201, "raw", 2)
    assert http.delete(raw.headers["location"]).status_code == 204
    refused(http.get(raw.headers["location"]), 404)
    for content in (b"", b"a,b\n", b"a,b\n1,2\n3\n4,5,6\n"):
        problem = refused(http.post("/v1/datasets", content=content), 422)
        assert problem["detail"]
    assert items(http.get("/v1/datasets")) == before


def test_lists_page_and_keep_to_their_limits(http: httpx.Client, study: Json) -> None:
    path = f"/v1/studies/{study['id']}/trials"
    seen: list[int] = []
    cursor: str | None = None
    while True:
        page = http.get(path, params={"limit": 1, **({"cursor": cursor} if cursor else {})}).json()
        seen += [trial["number"] for trial in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [0, 1, 2]
    assert len(items(http.get(path, params={"limit": 10_000}))) == 3
    refused(http.get(path, params={"limit": 0}), 422)
    refused(http.get(path, params={"cursor": "forged"}), 400)


def test_idempotency(http: httpx.Client) -> None:
    headers = {"Idempotency-Key": "once", "Content-Type": "text/csv"}
    answers = [http.post("/v1/datasets?name=i", content=b"a,b\n1,x\n2,y\n", headers=headers)
               for _ in range(2)]  # fmt: skip
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    other = http.post("/v1/datasets?name=i", content=b"a,b\n9,x\n", headers=headers)
    refused(other, 409, "IDEMPOTENCY_KEY_REUSED")
    refused(http.post("/v1/datasets", content=b"a", headers={"Idempotency-Key": "x" * 256}), 422)
    http.delete(f"/v1/datasets/{answers[0].json()['id']}")


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


METRICS = {
    "classification": ("roc_auc", "log_loss", "accuracy", "balanced_accuracy", "f1", "f1_macro",
                       "precision", "recall", "average_precision"),
    "regression": ("rmse", "mae", "r2", "mape", "rmsle"),
}  # fmt: skip


def test_every_metric_is_known(http: httpx.Client, dataset: Json) -> None:
    targets = {"classification": "y", "regression": "price"}
    for kind, metrics in METRICS.items():
        for metric in (*metrics, "auto"):
            task = {"type": kind, "target": targets[kind], "metric": metric}
            answer = http.post("/v1/studies?dry_run=true", json=body(dataset, task=task))
            assert answer.status_code == 200, (metric, answer.text)


def test_a_study_is_as_the_page_says(http: httpx.Client, study: Json, dataset: Json) -> None:
    assert study.keys() >= STUDY
    assert (study["status"], study["name"], study["seed"]) == ("succeeded", "walk", 0)
    assert study["dataset_id"] == dataset["id"]
    assert study["metric"] == {"name": "roc_auc", "direction": "maximize"}
    assert study["progress"].keys() >= {"fraction", "elapsed_seconds", "eta_seconds", "trials"}
    assert study["progress"]["fraction"] == 1.0
    assert study["progress"]["trials"].keys() == COUNTS
    assert sum(study["progress"]["trials"].values()) == 3
    assert study["best"].keys() >= {"trial", "family", "value"}
    assert study["baseline"]["value"] == pytest.approx(0.5)
    assert study["error"] is None
    assert all(TIME.fullmatch(study[name]) for name in ("created_at", "started_at", "finished_at"))
    assert study["id"] in [s["id"] for s in items(http.get("/v1/studies?status=succeeded"))]
    assert study["id"] not in [s["id"] for s in items(http.get("/v1/studies?status=running"))]


def test_the_leaderboard(http: httpx.Client, study: Json) -> None:
    path = f"/v1/studies/{study['id']}/trials"
    board = items(http.get(path, params={"sort": "value"}))
    assert all(trial.keys() >= TRIAL for trial in board)
    values = [trial["value"] for trial in board if trial["value"] is not None]
    assert values == sorted(values, reverse=True)
    assert values[0] == study["best"]["value"]
    for sort in ("number", "seconds", "started_at"):
        assert len(items(http.get(path, params={"sort": sort}))) == 3
    complete = items(http.get(path, params={"state": "complete"}))
    assert {trial["state"] for trial in complete} == {"complete"}
    network = next(trial for trial in board if trial["family"] == "mlp")
    whole = http.get(f"{path}/{network['number']}").json()
    assert whole["curve"]
    assert all(point.keys() >= POINT for point in whole["curve"])
    few = http.get(f"{path}/{network['number']}", params={"max_points": 2}).json()["curve"]
    assert len(few) <= 2
    refused(http.get(f"{path}/99"), 404)


def test_the_event_log(http: httpx.Client, study: Json) -> None:
    path = f"/v1/studies/{study['id']}/events"
    page = http.get(path, params={"limit": 500}).json()
    log = page["items"]
    assert [event["seq"] for event in log] == list(range(1, study["last_seq"] + 1))
    assert page["last_seq"] == study["last_seq"]
    assert all(event.keys() >= {"seq", "type", "at", "data"} for event in log)
    types = [event["type"] for event in log]
    assert types[0] == "study.queued"
    assert types[-1] == "study.succeeded"
    assert {"study.plan", "study.started", "trial.started", "trial.completed", "study.best"} <= set(
        types
    )
    for event in log:
        if event["type"].startswith("trial."):
            assert isinstance(event["data"]["trial"], int)
        if event["type"] == "study.best":
            assert event["data"].keys() >= {"trial", "family", "value"}
    sent = http.get(path, headers={"Accept": "text/event-stream", "Last-Event-ID": "3"}).text
    frames = [part for part in sent.split("\n\n") if "data:" in part]
    ids = [int(re.findall(r"^id: (\d+)$", part, re.M)[0]) for part in frames]
    assert ids == list(range(4, study["last_seq"] + 1))
    assert [json.loads(re.findall(r"^data: (.*)$", part, re.M)[0]) for part in frames] == log[3:]
    after = http.get(path, params={"after": 3, "limit": 2}).json()["items"]
    assert after == log[3:5]


def test_the_report(http: httpx.Client, study: Json) -> None:
    path = f"/v1/studies/{study['id']}/report"
    assert http.get(path).headers["content-type"].startswith("application/json")
    assert http.get(path).json()
    page = http.get(path, headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "http://" not in page.text.replace("http://www.w3.org", "")


def test_a_model_is_as_the_page_says(http: httpx.Client, study: Json, model: Json) -> None:
    assert model.keys() >= MODEL
    assert model["study_id"] == study["id"]
    assert model["test"]["source"] == "out_of_fold"
    assert model["test"]["metrics"]["roc_auc"].keys() >= {"value", "low", "high"}
    assert sum(member["weight"] for member in model["members"]) == pytest.approx(1.0)
    assert [item["name"] for item in model["inputs"]] == ["size", "price", "colour", "flag"]
    assert model["classes"] == ["class 0", "class 1"]
    assert model["id"] in [item["id"] for item in items(http.get("/v1/models"))]


@pytest.mark.parametrize("path", ["models/{model_id}/download", "studies/{id}/model/download"])
def test_downloads(http: httpx.Client, study: Json, model: Json, path: str) -> None:
    path = f"/v1/{path.format(**study)}"
    for offered in model["formats"]:
        whole = http.get(path, params={"format": offered["format"]})
        digest = hashlib.sha256(whole.content).hexdigest()
        assert whole.headers["etag"] == f'"{digest}"'
        assert (digest, len(whole.content)) == (offered["sha256"], offered["bytes"])
        assert whole.headers["content-length"] == str(offered["bytes"])
        part = http.get(
            path,
            params={"format": offered["format"]},
            headers={"Range": "bytes=10-19", "If-Range": whole.headers["etag"]},
        )
        assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert http.get(path).content.startswith(http.get(path, params={"format": "onnx"}).content[:64])
    assert {"onnx"} <= {offered["format"] for offered in model["formats"]}


ROWS: list[Json] = [
    {"size": 40.5, "price": 2000, "colour": "red", "flag": 1},
    {"flag": 0, "colour": None, "price": None, "size": 70, "extra": "ignored"},
    {"size": None, "price": 1.5, "colour": "never seen", "flag": 1},
]


def test_predictions_by_service_and_by_file_agree(http: httpx.Client, model: Json) -> None:
    path = f"/v1/models/{model['id']}/predict"
    answer = http.post(path, json={"rows": ROWS}).json()
    assert answer.keys() >= {"predictions", "probabilities", "classes"}
    assert answer["classes"] == model["classes"]
    text = "size,price,colour,flag\n40.5,2000,red,1\n70,NA,,0\n,1.5,never seen,1\n"
    headers = {"Content-Type": "text/csv", "Accept": "text/csv"}
    table = http.post(path, content=text, headers=headers)
    lines = list(csv.DictReader(io.StringIO(table.text)))
    assert list(lines[0]) == ["prediction", "probability_class 0", "probability_class 1"]
    assert [line["prediction"] for line in lines] == answer["predictions"]
    session = onnxruntime.InferenceSession(http.get(f"/v1/models/{model['id']}/download").content)
    kinds = {item.name: item.type for item in session.get_inputs()}
    assert list(kinds) == [item["name"] for item in model["inputs"]]
    feeds = {
        name: np.array([[_cell(row[name], kind)] for row in ROWS]) for name, kind in kinds.items()
    }
    feeds = {name: cells.astype(object if kinds[name] == "tensor(string)" else float)
             for name, cells in feeds.items()}  # fmt: skip
    prediction, probabilities = session.run(["prediction", "probabilities"], feeds)
    assert list(prediction.ravel()) == answer["predictions"]
    assert np.allclose(probabilities, answer["probabilities"], atol=1e-6)
    assert session.get_modelmeta().custom_metadata_map


def _cell(value: Any, kind: str) -> Any:
    if kind == "tensor(string)":
        return "" if value is None else value
    return np.nan if value is None else float(value)


def test_rows_that_do_not_fit_are_named(http: httpx.Client, model: Json) -> None:
    path = f"/v1/models/{model['id']}/predict"
    problem = refused(http.post(path, json={"rows": [{"size": 1, "price": 1, "flag": 0}]}), 422)
    assert "colour" in problem["detail"]
    wrong = {**ROWS[0], "size": "large"}
    assert "size" in refused(http.post(path, json={"rows": [wrong]}), 422)["detail"]


def test_control(http: httpx.Client, dataset: Json) -> None:
    """Paused, resumed, cancelled with a model, resumed after the end, deleted."""
    made = http.post("/v1/studies", json=body(dataset, budget={"seconds": 600})).json()
    path = f"/v1/studies/{made['id']}"
    until(lambda: http.get(path).json()["best"], 60, "nothing was trained")
    refused(http.delete(path), 409)
    refused(http.delete(f"/v1/datasets/{dataset['id']}"), 409, "DATASET_IN_USE")
    assert [http.post(f"{path}/pause").status_code for _ in range(2)] == [202, 200]
    assert http.get(path).json()["status"] == "paused"
    assert http.post(f"{path}/resume").status_code == 202
    assert [http.post(f"{path}/cancel").status_code for _ in range(2)] == [202, 200]
    first = ended(http, made["id"])
    assert first["status"] == "cancelled"
    assert first["model_id"] is not None
    refused(http.post(f"{path}/pause"), 409)
    more = first["progress"]["trials"]
    added = {"budget": {"trials": sum(more.values()) + 2}}
    assert http.post(f"{path}/resume", json=added).status_code == 202
    again = http.get(path).json()
    assert again["id"] == made["id"]
    assert again["model_id"] == first["model_id"]
    http.post(f"{path}/cancel")
    ended(http, made["id"])
    assert http.delete(path).status_code == 204
    refused(http.get(path), 404)
    refused(http.get(f"/v1/models/{first['model_id']}"), 404)


def test_the_service_about_itself(http: httpx.Client) -> None:
    assert http.get("/healthz").status_code == 200
    assert http.get("/readyz").json().keys() >= {"store", "broker", "workers"}
    assert "automl_" in http.get("/metrics").text
    worker = items(http.get("/v1/workers"))[0]
    assert worker.keys() >= {"id", "device", "state", "current_study", "current_trial",
                             "last_heartbeat_at"}  # fmt: skip
    for family in items(http.get("/v1/families")):
        assert family.keys() >= {"name", "title", "modalities", "tasks", "hyperparameters"}
        for dimension in family["hyperparameters"]:
            assert dimension.keys() >= {"name", "type", "low", "high", "log", "choices", "default"}
    assert http.get("/docs").headers["content-type"].startswith("text/html")
    assert http.get("/").status_code == 200


def test_what_is_refused(http: httpx.Client, dataset: Json) -> None:
    refused(http.post("/v1/studies", json=body(dataset, unknown=1)), 422)
    refused(http.post("/v1/studies", json=body(dataset, budget={})), 422)
    refused(http.post("/v1/studies", json=body({"id": "ds_unknown"})), 404)
    task = {"type": "classification", "target": "nothing"}
    problem = refused(http.post("/v1/studies", json=body(dataset, task=task)), 422)
    assert "nothing" in problem["detail"]
    refused(http.get("/v1/studies/st_unknown"), 404)
    refused(http.get("/v1/studies", headers={"Host": "evil.example"}), 403)
    refused(http.get("/v1/studies", headers={"Origin": "https://evil.example"}), 403)
    refused(http.put("/v1/studies"), 405)


@pytest.mark.parametrize("what", NOT_BUILT)
def test_what_is_not_built_yet_says_so(http: httpx.Client, dataset: Json, what: str) -> None:
    path, part = NOT_BUILT[what]
    given: Json = {"json": body(dataset, **part)} if part else {"content": b"a,b\n1,2\n"}
    refused(http.post(path, **given), 422, "NOT_SUPPORTED")


def test_openapi_says_the_same(http: httpx.Client) -> None:
    document = http.get("/openapi.json").json()
    operations = {
        f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    assert operations.keys() == ROUTES
    schemas = document["components"]["schemas"]

    def fields(route: str, status: str) -> set[str]:
        content = operations[route]["responses"][status]["content"]["application/json"]
        return set(schemas[content["schema"]["$ref"].split("/")[-1]]["properties"])

    assert fields("POST /v1/datasets", "201") >= DATASET
    assert fields("GET /v1/datasets/{}", "200") >= DATASET
    assert fields("POST /v1/studies", "202") >= STUDY
    assert fields("GET /v1/studies/{}", "200") >= STUDY
    assert fields("GET /v1/studies/{}/trials/{}", "200") >= TRIAL | {"curve"}
    assert fields("GET /v1/models/{}", "200") >= MODEL
    answer = fields("POST /v1/models/{}/predict", "200")
    assert answer >= {"predictions", "probabilities", "classes"}
    sent = operations["POST /v1/studies"]["requestBody"]["content"]["application/json"]["schema"]
    accepted = set(schemas[sent["$ref"].split("/")[-1]]["properties"])
    assert accepted == {
        "dataset_id", "test_dataset_id", "task", "columns", "budget", "families", "search_space",
        "validation", "objective", "ensemble", "seed", "priority", "name",
    }  # fmt: skip
    for route, operation in operations.items():
        assert ("security" in operation) == (" /v1/" in route), route
