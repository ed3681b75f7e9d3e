"""Trials that take too much, in real worker processes: they end, the worker goes on."""

from pathlib import Path
from typing import Any

import psutil
import pytest

from automl.client import Client
from tests import tables
from tests.e2e.service import Service, serve, until

LONG = {"mlp": {"layers": [4], "width": [256], "epochs": [200], "patience": [50]}}


def study(service: Service, folder: Path, **more: Any) -> tuple[dict[str, Any], list[Any]]:
    """Run a study to its end and return it with its trials."""
    with service.client() as client:
        dataset = client.upload(tables.mixed(folder / "data.csv", rows=4000))
        task = {"type": "classification", "target": "y"}
        started = client.start({"dataset_id": dataset["id"], "task": task, **more})
        return ended(client, started["id"]), list(client.trials(started["id"]))


def ended(client: Client, study_id: str) -> dict[str, Any]:
    status = ("succeeded", "failed", "cancelled")
    until(lambda: client.study(study_id)["status"] in status, "the study never ended")
    found: dict[str, Any] = client.study(study_id)
    return found


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"AUTOML_TRIAL_MAX_BYTES": str(200 << 20)}, "OUT_OF_MEMORY"),
        ({"AUTOML_TRIAL_MAX_SECONDS": "2"}, "TIME_LIMIT"),
    ],
)
def test_a_trial_over_its_limit_ends_and_its_worker_goes_on(
    tmp_path: Path, limit: dict[str, str], reason: str
) -> None:
    # The libraries alone take more than 200 MiB, so every trial is over that limit.
    with serve(tmp_path / "data", workers=1, environment=limit) as service:
        worker = service.parts("worker")[0].pid
        budget = {"trials": 2}
        found, trials = study(service, tmp_path, budget=budget, families=["mlp"], search_space=LONG)
        assert [trial["state"] for trial in trials] == ["failed", "failed"]
        assert [trial["reason"] for trial in trials] == [reason, reason]
        assert [trial["attempts"] for trial in trials] == [1, 1]
        assert found["status"] == "failed"
        assert reason in found["error"]["detail"]
        (alive,) = service.parts("worker")
        assert alive.pid == worker
        assert len(alive.children()) <= 1
        assert alive.status() != psutil.STATUS_ZOMBIE
