"""``Client.fit`` against a service that is killed under it, and a service that listens to all."""

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from automl.client import Client, StudyHandle
from tests import tables
from tests.e2e.service import AUTOML, Service, serve, until

SPACE = {"mlp": {"layers": [1], "width": [16], "epochs": [10]}}


class Fitting:
    """A fit in a thread of its own."""

    def __init__(self, url: str, file: Path, trials: int) -> None:
        self.done: list[StudyHandle] = []
        self.client = Client(url, patience=60.0)
        given = {"target": "y", "budget": {"trials": trials}, "families": ["linear", "mlp"],
                 "search_space": SPACE, "progress": False}  # fmt: skip
        self.thread = threading.Thread(target=self._run, args=(file, given))
        self.thread.start()

    def _run(self, file: Path, given: dict[str, Any]) -> None:
        self.done.append(self.client.fit(file, **given))

    def join(self) -> StudyHandle:
        self.thread.join(timeout=180)
        assert self.done, "fit did not come back"
        return self.done[0]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tables.mixed(tmp_path / "data.csv", rows=400, classes=2)


def _trained(service: Service, trials: int) -> None:
    def enough() -> bool:
        # Its socket takes calls while a killed API starts anew, which then waits to answer.
        with httpx.Client(base_url=service.url, timeout=60.0) as http:
            studies = http.get("/v1/studies").json()["items"]
        return bool(studies) and studies[0]["progress"]["trials"]["complete"] >= trials

    until(enough, "nothing was trained")


def test_fit_survives_the_death_of_the_api_and_of_everything(file: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serve(data, workers=1) as service:
        fitting = Fitting(service.url, file, trials=8)
        _trained(service, 1)
        service.kill("api")
        _trained(service, 3)
        family = service.family()
        service.process.kill()
        service.process.wait()
        psutil.wait_procs(family, timeout=10)
    with serve(data, workers=1, port=service.port) as again, fitting.client as client:
        study = fitting.join()
        assert study.status == "succeeded"
        assert [item["id"] for item in client.items("/v1/studies")] == [study.id]
        assert len(list(client.items("/v1/datasets"))) == 1
        board = study.leaderboard()
        assert len(board) == 8
        seqs = [event["seq"] for event in study.events()]
        assert seqs == list(range(1, len(seqs) + 1))
        study.download(tmp_path / "model.onnx")
        offered = {item["format"]: item["bytes"] for item in study.model()["formats"]}
        assert (tmp_path / "model.onnx").stat().st_size == offered["onnx"]
        rows = tmp_path / "rows.csv"
        rows.write_text("size,price,colour,flag\n40,2000,red,1\n")
        assert study.predict(rows)["predictions"][0] in {"class 0", "class 1"}
        assert again.url == service.url


def test_with_a_key_any_address_is_served_and_tenants_are_apart(tmp_path: Path) -> None:
    data = tmp_path / "data"
    environment = {"AUTOML_DATA_DIR": str(data)}

    def create(tenant: str) -> str:
        line = [str(AUTOML), "keys", "create", "--tenant", tenant, "--scope", "write", "--json"]
        done = subprocess.run(
            line,
            env={**os.environ, **environment},  # noqa: TID251 -- a user's shell
            check=True,
            capture_output=True,
            text=True,
        )
        text: str = json.loads(done.stdout)["key"]
        return text

    mine, theirs = create("a"), create("b")
    everywhere = {"AUTOML_HOST": "0.0.0.0"}  # noqa: S104 -- keys are asked for
    with (
        serve(data, workers=1, environment=everywhere) as service,
        Client(service.url, key=mine) as owner,
        Client(service.url, key=theirs) as stranger,
    ):
        assert httpx.get(f"{service.url}/v1/studies").status_code == 401
        dataset = owner.upload(([[1.0], [2.0]], ["x", "y"]))
        assert [item["id"] for item in owner.items("/v1/datasets")] == [dataset["id"]]
        assert list(stranger.items("/v1/datasets")) == []
        connections = psutil.Process(service.process.pid).net_connections()
        assert [line.laddr.ip for line in connections if line.status == "LISTEN"] == ["0.0.0.0"]  # noqa: S104
