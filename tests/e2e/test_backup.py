"""A copy of the store, taken while a study runs, is a service that goes on by itself."""

import hashlib
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from automl.client import Client
from tests import servers, tables
from tests.e2e.service import Service, serve, until

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
VACUUM = "VACUUM INTO 'copy.sqlite'"
DUMP = ["pg_dump", "--format=custom", "--file", "copy.dump"]
RESTORE = ["pg_restore", "--dbname"]
BRISK = {"AUTOML_LEASE_SECONDS": "2", "AUTOML_HEARTBEAT_SECONDS": "0.5"}
"""The copy's workers wait for the leases of those they never were."""
TRIALS = 8


def test_the_page_names_these_commands() -> None:
    for words in (VACUUM, " ".join(DUMP), " ".join(RESTORE)):
        assert words in PAGE


def test_a_copy_of_sqlite_goes_on(tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    with serve(original, workers=2, environment=BRISK) as service:
        study_id = _start(service, tmp_path)
        with closing(sqlite3.connect(original / "automl.sqlite")) as database:
            database.execute(VACUUM.replace("copy.sqlite", str(tmp_path / "copy.sqlite")))
        outcome = _outcome(service, study_id, tmp_path)
    copy.mkdir()
    (tmp_path / "copy.sqlite").rename(copy / "automl.sqlite")
    with serve(copy, workers=2, environment=BRISK) as service:
        assert _outcome(service, study_id, tmp_path, running=True) == outcome


def test_a_copy_of_postgresql_goes_on(postgres: servers.Postgres, tmp_path: Path) -> None:
    file, first, second = tmp_path / "copy.dump", postgres.database(), postgres.database()
    with serve(tmp_path / "original", workers=2, environment=_on(first)) as service:
        study_id = _start(service, tmp_path)
        _run(postgres, DUMP[0], *DUMP[1:3], str(file), first)
        outcome = _outcome(service, study_id, tmp_path)
    _run(postgres, *RESTORE, second, str(file))
    with serve(tmp_path / "copy", workers=2, environment=_on(second)) as service:
        assert _outcome(service, study_id, tmp_path, running=True) == outcome


def _on(url: str) -> Mapping[str, str]:
    return {**BRISK, "AUTOML_DATABASE_URL": url}


def _run(server: servers.Postgres, program: str, *arguments: str) -> None:
    subprocess.run([server.binaries / program, *arguments], check=True, capture_output=True)


def _start(service: Service, folder: Path) -> str:
    """Return a study that has some results, and has not ended."""
    with service.client() as client:
        dataset = client.upload(tables.mixed(folder / "data.csv", rows=400, classes=2))
        body = {
            "dataset_id": dataset["id"],
            "task": {"type": "classification", "target": "y"},
            "budget": {"trials": TRIALS},
            "families": ["linear", "mlp"],
            "search_space": {"mlp": {"layers": [1], "width": [8], "epochs": [10]}},
        }
        study_id = str(client.start(body)["id"])
        until(lambda: _complete(client, study_id) >= 2, "no trial was completed")
    return study_id


def _complete(client: Client, study_id: str) -> int:
    return int(client.study(study_id)["progress"]["trials"]["complete"])


def _outcome(
    service: Service, study_id: str, folder: Path, *, running: bool = False
) -> tuple[list[tuple[Any, ...]], str]:
    """Return leaderboard and digest of the model that the study ends with."""
    with service.client() as client:
        if running:
            assert client.study(study_id)["status"] == "running"
        for _ in client.events(study_id):
            pass
        study = client.study(study_id)
        assert study["status"] == "succeeded", study["error"]
        content = client.download(study_id, folder / "model.onnx").read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        formats = client.get(f"/v1/models/{study['model_id']}")["formats"]
        assert digest in {item["sha256"] for item in formats}
        board = [
            (trial["number"], trial["state"], trial["family"], trial["value"])
            for trial in client.trials(study_id, sort="number")
        ]
    return board, digest
