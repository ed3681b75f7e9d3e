"""A service that is killed whole under a program that waits for it, and started again."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Any

import psutil
from sklearn.datasets import load_breast_cancer

from automl import AutoMLClassifier
from automl.client import Client
from tests.e2e.service import Service, serve, until

PATIENCE = 120.0
"""Seconds that a program tries on here: a machine that does much else starts a service slowly."""


def _kill(service: Service) -> None:
    family = service.family()
    service.process.kill()
    service.process.wait()
    _, alive = psutil.wait_procs(family, timeout=20)
    assert not alive


def _follow(client: Client, told: "Queue[dict[str, Any]]") -> list[int]:
    """Follow the only study from the first to the last event; return their numbers."""
    study = until(lambda: next(client.items("/v1/studies"), None), "no study was begun")
    seqs = []
    for event in client.events(study["id"]):
        seqs.append(event["seq"])
        told.put(event)
    return seqs


def test_fit_and_events_outlive_it(tmp_path: Path) -> None:
    x, y = load_breast_cancer(return_X_y=True)
    told: Queue[dict[str, Any]] = Queue()
    with serve(tmp_path / "data", workers=1) as service:
        client = Client(service.url, patience=PATIENCE)
        model = AutoMLClassifier(
            budget={"trials": 3},
            families="mlp",
            search_space={"mlp": {"layers": [1], "epochs": [16]}},
            validation={"strategy": "holdout"},
            url=service.url,
        )
        with ThreadPoolExecutor(2) as threads:
            fitting = threads.submit(model.fit, x, y)
            following = threads.submit(_follow, client, told)
            while told.get(timeout=PATIENCE)["type"] != "trial.epoch":
                pass
            _kill(service)
            assert not fitting.done()
            with serve(tmp_path / "data", workers=1, port=service.port):
                seqs = following.result(timeout=2 * PATIENCE)
                fitting.result(timeout=PATIENCE)
                assert model.study_id_ is not None
                study = client.open(model.study_id_)
                assert study.status == "succeeded"
                assert seqs == list(range(1, study.refresh()["last_seq"] + 1))
                assert study.leaderboard()[0]["state"] == "complete"
                assert len(study.leaderboard()) == 3
        client.close()
    assert model.score(x, y) > 0.8
