"""The service about itself: its routes, what it refuses, and what is not built yet.

What the page promises and is not built yet stands in `NOT_BUILT`, each with its refusal: whoever
builds it moves it up.
"""

import re

import httpx
import pytest

from tests.e2e.contract.page import DATASET, MODEL, STUDY, TRIAL, Json, body, items, refused

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
    "task multilabel": ("/v1/studies", {"task": {"type": "multilabel", "target": "y"}}),
    "task forecasting": ("/v1/studies", {"task": {"type": "forecasting", "target": "y"}}),
    "task segmentation": ("/v1/studies", {"task": {"type": "segmentation", "target": "y"}}),
}


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
