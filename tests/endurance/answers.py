"""How fast the API answers while every core trains: each route's median and 99th percentile."""

import os
import statistics
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from rich.progress import track

from automl.client import Client
from tests import tables
from tests.e2e.service import until
from tests.endurance.screen import say
from tests.endurance.service import running

COUNT = 60
"""Seconds."""
CALLERS = 4
PAUSE = 0.02
API_MS, HEALTH_MS = 200, 50
HEALTH = "/healthz"
LONG = {"mlp": {"layers": [4], "width": [256], "epochs": [200], "patience": [50]}}


def run(folder: Path, count: int) -> list[str]:
    """Call for ``count`` seconds from several threads; return what was too slow."""
    cores = os.cpu_count() or 1
    with running(folder, workers=cores) as service, service.client() as client:
        study_id = _train(client, folder, seconds=count + 120)
        until(lambda: _trains(client, study_id) == cores, "not every worker trains")
        paths = _paths(study_id)
        with ThreadPoolExecutor(CALLERS) as pool:
            calls = [pool.submit(_call, service.url, paths, count) for _ in range(CALLERS)]
            for _ in track(range(count), "calling"):
                time.sleep(1)
            took: dict[str, list[float]] = defaultdict(list)
            for call in calls:
                for path, spans in call.result().items():
                    took[path] += spans
        trained = _trains(client, study_id)
        client.post(f"/v1/studies/{study_id}/cancel", {})
    api = [span for path, spans in took.items() if path != HEALTH for span in spans]
    say(f"{cores} workers training throughout ({trained} at the end), {CALLERS} callers")
    for path, spans in sorted(took.items()):
        say(f"  {_told(spans)}  {path.replace(study_id, '{id}')}")
    say(f"  {_told(api)}  all of /v1")
    broken = [f"API p99 {_p99(api):.0f} ms"] if _p99(api) >= API_MS else []
    slow = _p99(took[HEALTH])
    return broken + ([f"health p99 {slow:.0f} ms"] if slow >= HEALTH_MS else [])


def _train(client: Client, folder: Path, *, seconds: float) -> str:
    dataset = client.upload(tables.mixed(folder / "data.csv", rows=4000))
    body = {
        "dataset_id": dataset["id"],
        "task": {"type": "classification", "target": "y"},
        "budget": {"seconds": seconds},
        "families": ["mlp"],
        "search_space": LONG,
    }
    study_id: str = client.start(body)["id"]
    return study_id


def _trains(client: Client, study_id: str) -> int:
    return int(client.study(study_id)["progress"]["trials"]["running"])


def _paths(study_id: str) -> list[str]:
    study = f"/v1/studies/{study_id}"
    lists = ["/v1/studies", "/v1/datasets", "/v1/models", "/v1/workers"]
    return [HEALTH, *lists, study, f"{study}/trials", f"{study}/events?limit=50"]


def _call(url: str, paths: list[str], seconds: float) -> dict[str, list[float]]:
    """Call every path in turn, as a page that is open does; return the seconds each call took."""
    took: dict[str, list[float]] = defaultdict(list)
    until_at = time.monotonic() + seconds
    with httpx.Client(base_url=url, timeout=30.0) as http:
        while time.monotonic() < until_at:
            for path in paths:
                began = time.monotonic()
                http.get(path).raise_for_status()
                took[path].append(time.monotonic() - began)
                time.sleep(PAUSE)
    return took


def _told(spans: list[float]) -> str:
    middle = 1e3 * statistics.median(spans)
    return f"{len(spans):6} calls: median {middle:5.1f} ms, p99 {_p99(spans):6.1f} ms"


def _p99(spans: list[float]) -> float:
    return 1e3 * sorted(spans)[int(0.99 * len(spans))]
