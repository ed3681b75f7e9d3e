"""One worker, a long training and a short study that comes later: neither waits for the other."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psutil

from automl import pipeline
from automl.client import Client
from automl.core.catalog import ExportFormat, FamilyName, TaskType
from automl.core.study import Budget, StudySpec, TaskSpec
from tests import tables
from tests.e2e.service import Service, serve, until

LONG = {
    "mlp": {"layers": [2], "width": [64], "epochs": [60], "patience": [50], "batch_size": [32]},
}
"""A trial of many seconds, with many checkpoints."""

EAGER = {"AUTOML_CHECKPOINT_SECONDS": "1"}


def test_a_short_study_does_not_wait_for_a_long_training(tmp_path: Path) -> None:
    """And the long one ends as if nobody had come.

    Though it is paused while it waits at its checkpoint, and the whole service is killed then.
    """
    csv = tables.mixed(tmp_path / "data.csv", rows=3000, classes=2)
    with _service(tmp_path) as service, service.client() as client:
        dataset = client.upload(csv)["id"]
        long = _start(client, dataset, families=["mlp"], search_space=LONG)
        until(lambda: _seen(client, long, "trial.epoch"), "no epoch was trained")
        short = _start(client, dataset, families=["linear"])
        until(lambda: _seen(client, short, "trial.completed"), "it had no turn")
        assert _seen(client, long, "trial.released")
        assert not _seen(client, long, "trial.completed")
        client.post(f"/v1/studies/{long}/pause", {})
        _kill(service)
    with _service(tmp_path) as service, service.client() as client:
        assert client.study(long)["status"] == "paused"
        client.post(f"/v1/studies/{long}/resume", {})
        for study in (short, long):
            for _ in client.events(study):
                pass
        assert client.study(short)["status"] == "succeeded"
        value = client.study(long)["best"]["value"]
        model = client.download(long, tmp_path / "model.onnx").read_bytes()
    assert (value, model) == _undisturbed(csv, tmp_path)


def _service(folder: Path) -> AbstractContextManager[Service]:
    return serve(folder / "data", workers=1, environment=EAGER)


def _kill(service: Service) -> None:
    """Kill the supervisor, and see all others end."""
    family = service.family()
    service.process.kill()
    service.process.wait()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive, f"outlived their supervisor: {alive}"


def _undisturbed(csv: Path, folder: Path) -> tuple[float | None, bytes]:
    """Return the long study's value and model where nobody else is there."""
    dataset, table = tables.dataset(csv, folder / "data.parquet")
    spec = StudySpec(
        dataset.id,
        TaskSpec(TaskType.CLASSIFICATION, "y"),
        Budget(trials=1),
        families=(FamilyName.MLP,),
        search_space=LONG,
    )
    result = pipeline.fit(spec, dataset, table)
    return result.trials[0].value, result.finished.files[ExportFormat.ONNX]


def _start(client: Client, dataset: str, **what: Any) -> str:
    body = {
        "dataset_id": dataset,
        "task": {"type": "classification", "target": "y"},
        "budget": {"trials": 1},
        **what,
    }
    return str(client.start(body)["id"])


def _seen(client: Client, study: str, kind: str) -> bool:
    """Return whether an event of that kind happened in a study so far."""
    events = client.get(f"/v1/studies/{study}/events", limit="1000")["items"]
    return any(event["type"] == kind for event in events)
