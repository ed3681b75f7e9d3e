"""Hundreds of event streams at once, with descriptors for all of them and with too few."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.endurance.events import ENDS, start, whole
from tests.endurance.screen import say
from tests.endurance.service import running
from tests.endurance.weight import Watch, megabytes

COUNT = 300
TRIALS = 100
DESCRIPTORS = (1024, 512)

Json = Mapping[str, Any]


@dataclass
class Crowd:
    """Clients on one study's events."""

    http: httpx.AsyncClient
    path: str
    at_once: int = 0
    most: int = 0
    waited: int = 0
    health: list[float] = field(default_factory=list)

    async def follow(self) -> list[Json]:
        """Return all events, coming back as told where there was no place."""
        events: list[Json] = []
        while not events or events[-1]["type"] not in ENDS:
            last = str(events[-1]["seq"]) if events else "0"
            headers = {"Accept": "text/event-stream", "Last-Event-ID": last}
            async with self.http.stream("GET", self.path, headers=headers) as answer:
                if answer.status_code == 200:
                    await self._read(answer, events)
                    continue
                await answer.aread()
                assert answer.status_code == 503, answer.text
                assert answer.json()["reason"] in {"TOO_MANY_STREAMS", "BUSY"}
            self.waited += 1
            await asyncio.sleep(float(answer.headers["Retry-After"]))
        return events

    async def _read(self, answer: httpx.Response, events: list[Json]) -> None:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    events.append(json.loads(line.removeprefix("data: ")))  # noqa: PERF401 -- a cut stream keeps what came
        finally:
            self.at_once -= 1

    async def ask(self, url: str) -> None:
        """Ask for the health again and again."""
        while True:
            began = time.monotonic()
            (await self.http.get(f"{url}/healthz")).raise_for_status()
            self.health.append(time.monotonic() - began)
            await asyncio.sleep(0.05)


def run(folder: Path, count: int) -> list[str]:
    """Watch one study by ``count`` clients under each limit; return what was broken."""
    broken = []
    for limit in DESCRIPTORS:
        place = folder / str(limit)
        place.mkdir()
        broken += _under(limit, place, count)
    return broken


def _under(limit: int, folder: Path, count: int) -> list[str]:
    within = ["bash", "-c", f'ulimit -n {limit}; exec "$@"', "-"]
    with running(folder, within=within) as service, service.client() as client:
        study_id = start(client, folder, trials=TRIALS)
        with Watch(service, 0.5) as watch:
            path = f"{service.url}/v1/studies/{study_id}/events"
            crowd, views = asyncio.run(_crowd(service.url, path, count))
        log = whole(client, study_id)
    same = sum(view == log for view in views)
    descriptors = max(watch.series("api", lambda weight: weight.descriptors))
    memory = max(watch.series("api", lambda weight: weight.memory))
    crowd.health.sort()
    say(f"ulimit -n {limit}: {crowd.most} of {count} streams at once, {crowd.waited} times told")
    say(f"  to wait; {same} clients saw all {len(log)} events once; API: at most {descriptors}")
    say(f"  descriptors, {megabytes(memory)}; health meanwhile: p99 {_p99(crowd.health):.0f} ms")
    return [] if same == count else [f"{count - same} clients saw another log (limit {limit})"]


async def _crowd(url: str, path: str, count: int) -> tuple[Crowd, list[list[Json]]]:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    async with httpx.AsyncClient(timeout=60.0, limits=limits) as http:
        crowd = Crowd(http, path)
        asking = asyncio.create_task(crowd.ask(url))
        views = await asyncio.gather(*(crowd.follow() for _ in range(count)))
        asking.cancel()
        return crowd, views


def _p99(ordered: list[float]) -> float:
    return 1e3 * ordered[int(0.99 * len(ordered))]
