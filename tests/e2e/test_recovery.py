"""Kill -9 in mid-trial, a restart of everything, and a clean end."""

from pathlib import Path
from typing import Any

import psutil
import pytest

from automl.client import Client
from tests import tables
from tests.e2e.service import Service, serve, until

LONG = {
    "mlp": {"layers": [2], "width": [64], "epochs": [200], "patience": [50], "batch_size": [32]},
}
"""A trial of many seconds: it must be running when it is struck."""


def _start(client: Client, folder: Path, **budget: float) -> dict[str, Any]:
    dataset = client.upload(tables.mixed(folder / "data.csv", rows=3000, classes=2))
    body = {
        "dataset_id": dataset["id"],
        "task": {"type": "classification", "target": "y"},
        "budget": budget,
        "families": ["mlp"],
        "search_space": LONG,
    }
    return client.start(body)


def _epoch(client: Client, study_id: str) -> int:
    """Return how many epochs of trial 0 are on record."""
    if not client.trials(study_id):
        return 0
    return len(client.get(f"/v1/studies/{study_id}/trials/0")["curve"])


def test_a_trial_whose_worker_is_killed_goes_on_elsewhere_under_its_number(tmp_path: Path) -> None:
    with serve(tmp_path / "data", workers=2) as service, service.client() as client:
        study = _start(client, tmp_path, trials=1)
        until(lambda: _epoch(client, study["id"]) >= 2, "no epoch was trained")
        first = client.get(f"/v1/studies/{study['id']}/trials/0")
        index = _index(service, first["worker"])
        service.kill("worker", index)
        again = until(lambda: _second_attempt(client, study["id"]), "it never ran again")
        assert (again["number"], again["attempts"]) == (0, 2)
        assert again["worker"] != first["worker"]
        assert client.post(f"/v1/studies/{study['id']}/cancel", {})["status"] != "running"


def _index(service: Service, worker: str) -> int:
    """Return which of the worker processes has that worker: its id holds the parent's pid."""
    pids = [str(process.pid) for process in service.parts("worker")]
    return next(index for index, pid in enumerate(pids) if pid in worker)


def _second_attempt(client: Client, study_id: str) -> dict[str, Any] | None:
    trial = client.get(f"/v1/studies/{study_id}/trials/0")
    return trial if trial["attempts"] == 2 and trial["state"] == "running" else None


def _taken_up(client: Client, study_id: str) -> bool:
    trial = client.get(f"/v1/studies/{study_id}/trials/0")
    return bool(trial["attempts"] >= 2 and trial["state"] == "running")


def test_a_killed_child_alone_goes_on_without_waiting_for_its_lease(tmp_path: Path) -> None:
    lasting = {"AUTOML_LEASE_SECONDS": "3600"}
    with (
        serve(tmp_path / "data", workers=1, environment=lasting) as service,
        service.client() as client,
    ):
        study = _start(client, tmp_path, trials=1)
        until(lambda: _epoch(client, study["id"]) >= 2, "no epoch was trained")
        child = service.parts("worker")[0].children(recursive=True)[-1]  # behind a nursery, if any
        child.kill()
        again = until(lambda: _second_attempt(client, study["id"]), "it never ran again")
        assert again["attempts"] == 2


def test_a_service_that_is_killed_whole_goes_on_where_it_stopped(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serve(data, workers=2) as service, service.client() as client:
        study = _start(client, tmp_path, trials=2)
        until(lambda: _epoch(client, study["id"]) >= 2, "no epoch was trained")
        family = service.family()
        service.process.kill()
        service.process.wait()
        _, alive = psutil.wait_procs(family, timeout=10)
        assert not alive, "children outlived their supervisor"
    with serve(data, workers=2) as service, service.client() as client:
        assert client.study(study["id"])["status"] == "running"
        until(lambda: _taken_up(client, study["id"]), "it was not taken up again")
        client.post(f"/v1/studies/{study['id']}/cancel", {})
        events = list(client.events(study["id"]))
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert events[-1]["type"] == "study.cancelled"


@pytest.mark.parametrize("busy", [False, True])
def test_a_term_stops_all_within_ten_seconds_and_leaves_nothing(busy: bool, tmp_path: Path) -> None:
    with serve(tmp_path / "data", workers=2) as service, service.client() as client:
        if busy:
            study = _start(client, tmp_path, trials=2)
            until(lambda: _epoch(client, study["id"]) >= 1, "no epoch was trained")
        family = service.family()
        assert service.stop() <= 10.0
        _, alive = psutil.wait_procs(family, timeout=1)
        assert not alive


def test_pause_gives_trials_back_and_resume_takes_them_up(tmp_path: Path) -> None:
    with serve(tmp_path / "data", workers=1) as service, service.client() as client:
        study = _start(client, tmp_path, seconds=120.0)
        path = f"/v1/studies/{study['id']}"
        until(lambda: _epoch(client, study["id"]) >= 2, "no epoch was trained")
        client.post(f"{path}/pause", {})
        until(lambda: client.study(study["id"])["progress"]["trials"]["waiting"] == 1, "not back")
        elapsed = client.study(study["id"])["progress"]["elapsed_seconds"]
        assert client.study(study["id"])["progress"]["elapsed_seconds"] == elapsed
        client.post(f"{path}/resume", {})
        until(lambda: _second_attempt(client, study["id"]), "not taken up again")
        client.post(f"{path}/cancel", {})
        until(lambda: client.study(study["id"])["status"] == "cancelled", "not cancelled")
