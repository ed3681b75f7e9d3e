"""Clients that come and go on running studies: each sees every event once, all see the same."""

import random
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.progress import Progress

from automl.client import Client
from automl.client.transport import server_sent
from tests.endurance.screen import say
from tests.endurance.service import little, running

COUNT = 50
CLIENTS = 20
TRIALS = 150
MOST_READ = 8
"""Events that a client takes at most before it goes away again."""
ENDS = {"study.succeeded", "study.failed", "study.cancelled"}
NETWORK = {
    "mlp": {"layers": [1], "width": [8], "epochs": [20], "patience": [20], "batch_size": [128]}
}

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """What one client saw, how often it reconnected, and how often while the study ran."""

    events: list[Json]
    reconnects: int


def run(folder: Path, count: int) -> list[str]:
    """Let clients reconnect ``count`` times each at least; return what was broken."""
    with running(folder) as service, service.client() as client, Progress() as progress:
        study_id = start(client, folder, trials=TRIALS)
        path = f"{service.url}/v1/studies/{study_id}/events"
        tasks = [progress.add_task(f"client {n}") for n in range(CLIENTS)]

        def act(number: int) -> View:
            chance = random.Random(number)
            return watch(path, chance, lambda n: progress.update(tasks[number], completed=n))

        with ThreadPoolExecutor(CLIENTS) as pool:
            views = list(pool.map(act, range(CLIENTS)))
        log = whole(client, study_id)
    reconnects = [view.reconnects for view in views]
    say(f"{CLIENTS} clients, {min(reconnects)} to {max(reconnects)} reconnects each")
    say(f"{len(log)} events, each seen once by {sum(v.events == log for v in views)} clients")
    broken = [f"client {n} saw another log" for n, view in enumerate(views) if view.events != log]
    if [event["seq"] for event in log] != list(range(1, len(log) + 1)):
        broken.append("the log has gaps")
    if min(reconnects) < count:
        broken.append(f"a client reconnected only {min(reconnects)} times: no proof")
    return broken


def start(client: Client, folder: Path, *, trials: int) -> str:
    """Start a study of many short trials that tells much; return its id."""
    dataset = client.upload(little(folder / "little.csv", rows=200))
    body = {
        "dataset_id": dataset["id"],
        "task": {"type": "regression", "target": "y"},
        "budget": {"trials": trials},
        "families": ["mlp"],
        "search_space": NETWORK,
    }
    study_id: str = client.start(body)["id"]
    return study_id


def whole(client: Client, study_id: str) -> list[Json]:
    """Return the log page by page."""
    log: list[Json] = []
    while page := client.get(f"/v1/studies/{study_id}/events", after=str(len(log)))["items"]:
        log += page
    return log


def watch(path: str, chance: random.Random, tell: Any) -> View:
    """Read a few events, go away, come back with the last one's number, until the log ends."""
    events: list[Json] = []
    connections = 0
    with httpx.Client(timeout=60.0) as http:
        while not events or events[-1]["type"] not in ENDS:
            last = str(events[-1]["seq"]) if events else "0"
            headers = {"Accept": "text/event-stream", "Last-Event-ID": last}
            with http.stream("GET", path, headers=headers) as answer:
                answer.raise_for_status()
                events += some(answer, chance.randint(1, MOST_READ))
            connections += 1
            tell(100 * len(events) / (6 * TRIALS))
            time.sleep(chance.uniform(0, 0.05))
    return View(events, connections - 1)


def some(answer: httpx.Response, most: int) -> Iterator[Json]:
    """Yield at most so many of a stream's events."""
    for number, event in enumerate(server_sent(answer.iter_lines()), 1):
        yield event
        if number == most:
            return
