"""A study in trials gives one leaderboard and one file, whoever runs it and whatever dies."""

import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from automl import pipeline
from automl.client import Client
from automl.core.catalog import ExportFormat, TaskType
from automl.core.study import Budget, StudySpec, TaskSpec
from tests import tables
from tests.e2e.service import serve, until

TRIALS = 30
SPACE: dict[str, Any] = {
    "mlp": {"layers": [1, 2], "width": [8, 32], "epochs": [10], "batch_size": [64]},
    "resnet": {"layers": [1], "width": [16], "epochs": [10], "batch_size": [64]},
    "realmlp": {"layers": [1], "width": [16], "epochs": [10], "batch_size": [64]},
    "tabm": {"layers": [1], "width": [16], "members": [4], "epochs": [10], "batch_size": [64]},
    "lightgbm": {"max_rounds": {"low": 20, "high": 60}},
    "catboost": {"max_rounds": {"low": 20, "high": 60}},
    "random_forest": {"trees": [10, 20]},
    "extra_trees": {"trees": [10, 20]},
}
Outcome = tuple[list[tuple[Any, ...]], bytes]


@pytest.fixture(scope="module")
def csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tables.mixed(tmp_path_factory.mktemp("data") / "data.csv", rows=500, classes=3)


@pytest.fixture(scope="module")
def undisturbed(csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The study through ``pipeline.fit``: no server, no queue."""
    dataset, table = tables.dataset(csv, tmp_path_factory.mktemp("local") / "data.parquet")
    spec = StudySpec(
        dataset.id,
        TaskSpec(TaskType.CLASSIFICATION, "y"),
        Budget(trials=TRIALS),
        search_space=SPACE,
        seed=5,
    )
    result = pipeline.fit(spec, dataset, table)
    board = [
        (
            t.number,
            t.state.value,
            t.candidate.family.value,
            dict(t.candidate.params),
            t.value,
            t.epochs,
        )
        for t in result.trials
    ]
    return board, result.finished.files[ExportFormat.ONNX]


@pytest.mark.parametrize("workers", [1, 3])
def test_the_service_equals_pipeline_fit(
    workers: int, csv: Path, undisturbed: Outcome, tmp_path: Path
) -> None:
    with serve(tmp_path / "data", workers=workers) as service, service.client() as client:
        study = _start(client, csv)
        for _ in client.events(study["id"]):
            pass
        assert _outcome(client, study["id"], tmp_path) == undisturbed


def test_five_kills_change_nothing(csv: Path, undisturbed: Outcome, tmp_path: Path) -> None:
    """Workers with their children, the API, and the broker with its data gone."""
    moments = iter(random.Random(7).sample(range(3, TRIALS - 2), 5))
    strikes = ["worker", "api", "worker", "valkey", "worker"]
    with serve(tmp_path / "data", workers=3) as service, service.client() as client:
        study = _start(client, csv)
        for kind, moment in zip(strikes, sorted(moments), strict=True):
            until(lambda m=moment: _ended(client, study["id"]) >= m, f"stuck before {moment}")  # type: ignore[misc]
            service.kill(kind)
            if kind == "valkey":
                shutil.rmtree(service.data_dir / "broker", ignore_errors=True)
        seqs = [event["seq"] for event in client.events(study["id"])]
        assert seqs == list(range(1, len(seqs) + 1))
        assert _outcome(client, study["id"], tmp_path) == undisturbed


def _start(client: Client, csv: Path) -> dict[str, Any]:
    dataset = client.upload(csv)
    return client.start(
        {
            "dataset_id": dataset["id"],
            "task": {"type": "classification", "target": "y"},
            "budget": {"trials": TRIALS},
            "search_space": SPACE,
            "seed": 5,
        }
    )


def _ended(client: Client, study_id: str) -> int:
    counts = client.study(study_id)["progress"]["trials"]
    return int(sum(counts.values()) - counts["running"] - counts["waiting"])


def _outcome(client: Client, study_id: str, folder: Path) -> Outcome:
    study = client.study(study_id)
    assert study["status"] == "succeeded", study["error"]
    board = [
        (t["number"], t["state"], t["family"], t["params"], t["value"], t["epochs"])
        for t in client.trials(study_id, sort="number")
    ]
    return board, client.download(study_id, folder / "model.onnx").read_bytes()
