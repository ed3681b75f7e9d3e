"""What the service costs: start, idle memory, time between trials, first result, API latency.

    python -m benchmarks.service

Runs a whole embedded service in a fresh folder and 100 trials of a tiny network on iris; every
figure is printed as it is measured. Memory is proportional (PSS) over all processes.
"""

import csv
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
from sklearn.datasets import load_iris

from automl.cli.service import service
from automl.client import Client

LOADING_SECONDS = 15.0
"""So long after the start the nursery has loaded."""

IDLE_SECONDS = 40.0
"""Nobody has asked a nursery for a child for so long: it has gone."""

TINY = {
    "mlp": {
        "layers": [1],
        "width": [8],
        "epochs": [5],
        "batch_size": [128],
        "shape": ["brick"],
        "dropout": [0.0],
        "normalization": ["none"],
    }
}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = iris(folder / "iris.csv")
        with service(folder / "data", print) as url, Client(url) as client:
            time.sleep(LOADING_SECONDS)
            idle("idle after the start, the nursery there")
            time.sleep(IDLE_SECONDS)
            idle("idle once the nursery has gone")
            dataset = client.upload(table)
            study(client, dataset, {"trials": 2})  # the workers are warm now
            first_result(client, dataset)
            gaps(client, url, dataset)
            print(f"waiting {IDLE_SECONDS:g} s for the workers to grow light again")
            time.sleep(IDLE_SECONDS)
            idle("idle after work")


def iris(path: Path) -> Path:
    bunch = load_iris()
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "c", "d", "species"])
        for cells, label in zip(bunch.data, bunch.target, strict=True):
            writer.writerow([*cells, bunch.target_names[label]])
    return path


def study(client: Client, dataset: dict[str, Any], budget: dict[str, float]) -> dict[str, Any]:
    started = start(client, dataset, budget)
    for _ in client.events(started["id"]):
        pass
    return client.study(started["id"])


def start(client: Client, dataset: dict[str, Any], budget: dict[str, float]) -> dict[str, Any]:
    body = {
        "dataset_id": dataset["id"],
        "task": {"type": "classification", "target": "species"},
        "budget": budget,
        "families": ["mlp"],
        "search_space": TINY,
    }
    return client.start(body)


def first_result(client: Client, dataset: dict[str, Any]) -> None:
    took = []
    for _ in range(5):
        began = time.monotonic()
        started = start(client, dataset, {"trials": 1})
        took += [
            time.monotonic() - began
            for event in client.events(started["id"])
            if event["type"] == "trial.completed"
        ]
    shown = ", ".join(f"{seconds:.2f}" for seconds in took)
    print(f"POST of a study to its first finished trial, warm: {shown} s")


def gaps(client: Client, url: str, dataset: dict[str, Any]) -> None:
    """Measure the time a worker spends between two trials, and the API's latency meanwhile."""
    stop, latencies = threading.Event(), list[float]()
    caller = threading.Thread(target=call, args=(url, stop, latencies))
    caller.start()
    began = time.monotonic()
    ended = study(client, dataset, {"trials": 100})
    seconds = time.monotonic() - began
    stop.set()
    caller.join()
    ends: dict[str, float] = {}
    between, training = [], []
    for event in client.get(f"/v1/studies/{ended['id']}/events", limit="500")["items"]:
        at, data = stamp(event["at"]), event["data"]
        if event["type"] == "trial.started" and data["worker"] in ends:
            between.append(at - ends.pop(data["worker"]))
        if event["type"] in {"trial.completed", "trial.pruned", "trial.failed"}:
            ends[data["worker"]] = at
        if event["type"] == "trial.completed":
            training.append(data["seconds"])
    latencies.sort()
    print(f"100 trials on iris in {seconds:.1f} s; a trial's own median {median(training)} ms")
    print(f"end of a trial to the start of the next on its worker: median {median(between)} ms")
    p99 = 1e3 * latencies[int(0.99 * len(latencies))]
    print(f"API meanwhile: {len(latencies)} calls, median {median(latencies)} ms, p99 {p99:.0f} ms")


def median(seconds: list[float]) -> str:
    return f"{1e3 * statistics.median(seconds):.0f}"


def stamp(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def call(url: str, stop: threading.Event, latencies: list[float]) -> None:
    with httpx.Client(base_url=url) as http:
        while not stop.is_set():
            for path in ("/v1/studies", "/healthz", "/v1/datasets", "/v1/workers"):
                began = time.monotonic()
                http.get(path).raise_for_status()
                latencies.append(time.monotonic() - began)
            time.sleep(0.01)


def idle(when: str) -> None:
    """Print the proportional memory of every process of the service."""
    roots = [child for child in psutil.Process().children() if "serve" in child.cmdline()]
    total = 0.0
    for process in [roots[0], *roots[0].children(recursive=True)]:
        size = process.memory_full_info().pss / 1e6
        total += size
        print(f"  {size:6.1f} MB  {' '.join(process.cmdline())[-60:]}")
    print(f"{when}: {total:.0f} MB of proportional memory")


if __name__ == "__main__":
    main()
