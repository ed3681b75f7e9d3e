"""Hundreds of event streams at once, with descriptors for all of them and with too few."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
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
            crowd, views = asyncio.run(_crowd(path, count))
        log = whole(client, study_id)
    same = sum(view == log for view in views)
    descriptors = max(watch.series("api", lambda weight: weight.descriptors))
    memory = max(watch.series("api", lambda weight: weight.memory))
    say(f"ulimit -n {limit}: {crowd.most} of {count} streams at once, {crowd.waited} times told")
    say(f"  to wait; {same} clients saw all {len(log)} events once; API: at most {descriptors}")
    say(f"  descriptors, {megabytes(memory)}")
    return [] if same == count else [f"{count - same} clients saw another log (limit {limit})"]


async def _crowd(path: str, count: int) -> tuple[Crowd, list[list[Json]]]:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    async with httpx.AsyncClient(timeout=60.0, limits=limits) as http:
        crowd = Crowd(http, path)
        return crowd, await asyncio.gather(*(crowd.follow() for _ in range(count)))
