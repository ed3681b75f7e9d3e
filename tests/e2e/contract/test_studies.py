"""A study from its start to its report, and how it is steered."""

import json
import re

import httpx
import pytest

from tests.e2e.contract.page import (
    COUNTS,
    POINT,
    STUDY,
    TIME,
    TRIAL,
    Json,
    body,
    ended,
    items,
    refused,
)
from tests.e2e.service import until


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


def test_control(http: httpx.Client, dataset: Json) -> None:
    """Paused, resumed, cancelled with a model, resumed after the end, deleted."""
    made = http.post("/v1/studies", json=body(dataset, budget={"seconds": 600})).json()
    path = f"/v1/studies/{made['id']}"
    until(lambda: http.get(path).json()["best"], "nothing was trained")
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
