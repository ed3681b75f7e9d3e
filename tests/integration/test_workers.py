"""``automl api`` and ``automl worker`` apart, over PostgreSQL and a broker on TCP."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from automl.client import Client
from tests import servers, tables
from tests.e2e.service import AUTOML, until
from tests.stopwatch import Stopwatch

STOP_SECONDS = 6.5
LONG = {"mlp": {"layers": [2], "width": [64], "epochs": [200], "patience": [50]}}


@dataclass
class Cluster:
    """An API and workers, each started by hand."""

    folder: Path
    environment: dict[str, str]
    url: str
    slots: int = 1
    """Workers in each of the worker processes."""
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [AUTOML, *command], env=self.environment, stdout=log, stderr=log
            )
        self.processes.append(process)
        return process

    def work(self) -> None:
        self.start("worker", "--device", "cpu", "--slots", str(self.slots))

    def ensure(self, workers: int) -> None:
        """Return when exactly so many worker processes are up; the dead are replaced."""
        self.processes = [process for process in self.processes if process.poll() is None]
        for _ in range(workers + 1 - len(self.processes)):  # one of them is the API
            self.work()
        until(lambda: len(self.live()) == workers * self.slots, "the workers are not up")

    def live(self) -> set[str]:
        try:
            answer = httpx.get(f"{self.url}/v1/workers", timeout=5)
        except httpx.TransportError:
            return set()
        return {str(item["id"]) for item in answer.json()["items"]} if answer.is_success else set()


@contextmanager
def cluster(
    folder: Path, database: str, broker: str, *, workers: int, slots: int = 1
) -> Iterator[Cluster]:
    port = servers.free_port()
    environment = {
        **os.environ,  # noqa: TID251 -- a user's shell
        "AUTOML_DATA_DIR": str(folder),
        "AUTOML_PORT": str(port),
        "AUTOML_DATABASE_URL": database,
        "AUTOML_BROKER_URL": broker,
        "AUTOML_WORKERS": "2",
    }
    made = Cluster(folder, environment, f"http://127.0.0.1:{port}", slots)
    try:
        for _ in range(workers):
            made.work()  # before there is a schema
        made.start("api")
        made.ensure(workers)
        yield made
    finally:
        for process in made.processes:
            process.terminate()
        for process in made.processes:
            process.wait(15)


@pytest.fixture
def apart(tmp_path: Path, postgres: servers.Postgres, valkey: servers.Valkey) -> Iterator[Cluster]:
    with cluster(tmp_path, postgres.database(), valkey.tcp_url, workers=2) as made:
        yield made


@pytest.fixture
def together(
    tmp_path: Path, postgres: servers.Postgres, valkey: servers.Valkey
) -> Iterator[Cluster]:
    with cluster(tmp_path, postgres.database(), valkey.tcp_url, workers=1, slots=2) as made:
        yield made


def start(client: Client, folder: Path, **more: Any) -> str:
    dataset = client.upload(tables.mixed(folder / "data.csv", rows=3000))
    task = {"type": "classification", "target": "y"}
    return str(client.start({"dataset_id": dataset["id"], "task": task, **more})["id"])


def long_trial(client: Client, folder: Path) -> str:
    study = start(client, folder, budget={"trials": 1}, families=["mlp"], search_space=LONG)
    until(lambda: epochs(client, study) >= 1, "no epoch was trained")
    return study


def epochs(client: Client, study: str) -> int:
    if not client.trials(study):
        return 0
    return len(client.get(f"/v1/studies/{study}/trials/0")["curve"])


def trial(client: Client, study: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v1/studies/{study}/trials/0")
    return found


def holder(made: Cluster, worker: str) -> "subprocess.Popen[bytes]":
    return next(process for process in made.processes if f"-{process.pid}-" in worker)


def test_a_study_runs_apart_as_it_does_embedded(apart: Cluster) -> None:
    with Client(apart.url) as client:
        study = start(
            client,
            apart.folder,
            budget={"trials": 4},
            families=["linear", "mlp"],
            search_space={"mlp": {"layers": [1], "width": [8], "epochs": [5]}},
        )
        until(lambda: client.study(study)["status"] == "succeeded", "no model")
        assert client.study(study)["model_id"]


def test_a_killed_worker_group_loses_nothing(apart: Cluster) -> None:
    with Client(apart.url) as client:
        study = long_trial(client, apart.folder)
        first = trial(client, study)["worker"]
        struck = psutil.Process(holder(apart, first).pid)
        group = [struck, *struck.children(recursive=True)]
        for process in group:
            process.kill()
        until(lambda: trial(client, study)["worker"] != first, "it never ran again")
        assert trial(client, study)["number"] == 0
        client.post(f"/v1/studies/{study}/cancel", {})


def test_a_killed_parent_takes_its_children_along_and_their_trials_go_on(
    together: Cluster,
) -> None:
    with Client(together.url) as client:
        mlps: dict[str, Any] = {"families": ["mlp"], "search_space": LONG}
        study = start(client, together.folder, budget={"trials": 2}, **mlps)
        until(lambda: len(running(client, study)) == 2, "they do not train at once")
        before = running(client, study)
        assert set(before) == together.live()
        parent = psutil.Process(holder(together, before[0]).pid)
        children = parent.children(recursive=True)
        assert len(children) >= 2
        parent.kill()
        _, alive = psutil.wait_procs(children, timeout=3)
        assert not alive
        parent.wait()
        together.ensure(1)
        until(lambda: len({*running(client, study)} - {*before}) == 2, "they do not go on")
        client.post(f"/v1/studies/{study}/cancel", {})


def running(client: Client, study: str) -> list[str]:
    """Return the workers of the trials that are running."""
    trials = client.get(f"/v1/studies/{study}/trials")["items"]
    return [trial["worker"] for trial in trials if trial["state"] == "running"]


def test_a_term_gives_the_trial_back_uncounted(apart: Cluster) -> None:
    with Client(apart.url) as client:
        study = long_trial(client, apart.folder)
        first = trial(client, study)["worker"]
        process = holder(apart, first)
        family = psutil.Process(process.pid).children(recursive=True)
        with Stopwatch() as watch:
            process.terminate()
            assert process.wait(15) == 0
        assert watch.seconds <= STOP_SECONDS
        _, alive = psutil.wait_procs(family, timeout=1)
        assert not alive
        assert first not in apart.live()
        until(lambda: trial(client, study)["worker"] != first, "not taken up")
        types = [event["type"] for event in client.get(f"/v1/studies/{study}/events")["items"]]
        assert "trial.released" in types
        assert "worker.lost" not in types
        client.post(f"/v1/studies/{study}/cancel", {})


def test_a_frozen_worker_comes_back_to_a_lost_lease(apart: Cluster) -> None:
    with Client(apart.url) as client:
        study = long_trial(client, apart.folder)
        first = trial(client, study)["worker"]
        parent = psutil.Process(holder(apart, first).pid)
        frozen = [parent, *parent.children(recursive=True)]
        for process in frozen:
            process.send_signal(signal.SIGSTOP)
        until(lambda: trial(client, study)["worker"] != first, "it never ran again")
        for process in frozen:
            process.send_signal(signal.SIGCONT)
        until(lambda: first in apart.live(), "the worker did not come back")
        client.post(f"/v1/studies/{study}/cancel", {})
        until(lambda: client.study(study)["status"] == "cancelled", "not cancelled")
        assert trial(client, study)["attempts"] == 2


def test_without_a_broker_idle_workers_find_new_work(
    tmp_path: Path, postgres: servers.Postgres
) -> None:
    broker = f"redis://127.0.0.1:{servers.free_port()}/0"  # nobody listens there
    with ExitStack() as stack:
        made = stack.enter_context(cluster(tmp_path, postgres.database(), broker, workers=1))
        client = stack.enter_context(Client(made.url))
        study = start(client, tmp_path, budget={"trials": 1}, families=["linear"])
        until(lambda: client.study(study)["status"] == "succeeded", "nobody came")
