"""Races over HTTP: a cancel against a completion, and one idempotency key used by many at once."""

import random
import statistics
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
from rich.progress import track

from automl.client import Client
from tests import tables
from tests.endurance.screen import say
from tests.endurance.service import left, running
from tests.torture.evidence import gather
from tests.torture.invariants import breaches
from tests.torture.tenants import ANYONE

COUNT = 200
TWINS = 50
FIRST = 5
"""Studies that are left alone, to learn how long one takes."""

Json = Mapping[str, Any]


def run(folder: Path, count: int) -> list[str]:
    """Race ``count`` times, then send twins; return what was broken."""
    with running(folder) as service, service.client() as client:
        dataset = client.upload(tables.mixed(folder / "data.csv", rows=40))
        usual = statistics.median(_alone(client, dataset["id"]) for _ in range(FIRST))
        broken, outcomes = [], Counter[str]()
        chance = random.Random(0)
        for number in track(range(count), "races"):
            study_id = client.start(_body(dataset["id"], number))["id"]
            time.sleep(chance.uniform(0, 1.1 * usual))
            answer = httpx.post(f"{service.url}/v1/studies/{study_id}/cancel", timeout=30)
            seen = gather(service.url, ANYONE, study_id, [list(client.events(study_id))])
            broken += breaches(seen)
            told = "told so" if answer.status_code == 202 else f"told {answer.status_code}"
            outcomes[f"{seen.study['status']}, {told}"] += 1
        say(f"{count} cancels within {1.1 * usual:.2f} s of the start: {dict(outcomes)}")
        broken += _twins(service.url, dataset["id"])
    return broken + left(service)


def _alone(client: Client, dataset_id: str) -> float:
    began = time.monotonic()
    for _ in client.events(client.start(_body(dataset_id, 0))["id"]):
        pass
    return time.monotonic() - began


def _body(dataset_id: str, seed: int) -> dict[str, Any]:
    return {
        "dataset_id": dataset_id,
        "task": {"type": "classification", "target": "y"},
        "budget": {"trials": 2},
        "families": ["linear"],
        "seed": seed,
    }


def _twins(url: str, dataset_id: str) -> list[str]:
    """Send the same creation many times at once, twice over."""
    content = b"a,y\n" + b"".join(b"%d,%d\n" % (n, n % 2) for n in range(50))
    study = {"json": _body(dataset_id, 0)}
    upload = {"content": content, "headers": {"Content-Type": "text/csv"}}
    broken = []
    for path, given in (("/v1/studies", study), ("/v1/datasets", upload)):
        key = str(uuid.uuid4())
        before = _count(url, path)
        ids, statuses = set[str](), Counter[int]()
        for _ in range(2):
            for status, made in _at_once(url + path, key, given):
                statuses[status] += 1
                ids |= {made} if made else set()
        created = _count(url, path) - before
        say(f"POST {path} {2 * TWINS} times with one key: {dict(statuses)}, {created} created")
        if created != 1 or len(ids) != 1 or not statuses.keys() <= {201, 202, 409}:
            broken.append(f"{path}: {created} created, {len(ids)} ids, {dict(statuses)}")
    return broken


def _at_once(url: str, key: str, given: Mapping[str, Any]) -> list[tuple[int, str | None]]:
    barrier = Barrier(TWINS)
    headers = {**given.get("headers", {}), "Idempotency-Key": key}

    def post(_: int) -> tuple[int, str | None]:
        with httpx.Client(timeout=60.0) as http:
            barrier.wait()
            answer = http.post(url, **{**given, "headers": headers})
        if answer.status_code == 409:
            assert answer.json()["reason"] == "IDEMPOTENCY_IN_FLIGHT", answer.text
        return answer.status_code, answer.json().get("id")

    with ThreadPoolExecutor(TWINS) as pool:
        return list(pool.map(post, range(TWINS)))


def _count(url: str, path: str) -> int:
    with Client(url) as client:
        return sum(1 for _ in client.items(path))
