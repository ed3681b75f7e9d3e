"""A database that is away: what clients are told, how soon it is over, and no heap of threads."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests import tables
from tests.e2e.service import until
from tests.torture.apart import Apart
from tests.torture.figure import Figure
from tests.torture.proxy import Fault
from tests.torture.tenants import Tenant, admit

AWAY_SECONDS = 12.0
CLIENTS = 20
WANTED_ANSWER = 5.0
WANTED_BACK = 10.0
MORE_THREADS = CLIENTS + 5
"""A thread a client that waits, and a few: more would be a heap that grows with the requests."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a client got for a request: 0 for no answer at all."""

    seconds: float
    status: int
    retry_after: str | None


@dataclass(frozen=True, slots=True)
class Outage:
    """What was seen of one: answers while it lasted, seconds until the first success after it."""

    told: Sequence[Told]
    back: float
    threads: int
    """The most that one process of the service had."""


def measure(folder: Path) -> Figure:
    """Return what clients meet while the database is stopped, and while it is silent; twice."""
    with Apart(folder, workers=2, environment={}) as arena:
        tenant, *_ = admit(arena.database_url)
        study = _begin(arena, tenant, tables.mixed(folder / "data.csv", rows=3000))
        before = _threads(arena)
        ways: tuple[Callable[[], AbstractContextManager[object]], ...] = (
            lambda: _stopped(arena),
            lambda: arena.database.under(Fault.BLACK_HOLE),
        )
        outages = [_outage(arena, tenant, way) for way in (*ways, *ways)]
        with tenant.client(arena.url) as client:
            client.post(f"/v1/studies/{study}/cancel", {})
            until(lambda: client.study(study)["status"] == "cancelled", "it does not go on")
    return _figure(before, outages)


def _figure(before: int, outages: Sequence[Outage]) -> Figure:
    told = [each for outage in outages for each in outage.told]
    slowest = max(each.seconds for each in told)
    refused = [each for each in told if each.status == 503]
    others = [each.status for each in told if each.status not in {200, 503}]
    longest = max((float(each.retry_after or "inf") for each in refused), default=float("inf"))
    back = max(outage.back for outage in outages)
    threads = [outage.threads for outage in outages]
    return Figure(
        promise="honest degradation",
        wanted=f"store down: 503 with `Retry-After` ≤ {WANTED_ANSWER:g} s; "
        f"back ≤ {WANTED_BACK:g} s without a restart",
        measured=f"{len(refused)} × 503 with `Retry-After` ≤ {longest:g} s, {len(others)} other "
        f"failures, slowest answer {slowest:.1f} s; back {back:.1f} s after the database; threads "
        f"of a process at most {before} before, {threads[0]} in the first outage, {threads[-1]} in "
        "the last",
        kept=bool(refused)
        and not others
        and max(slowest, longest) <= WANTED_ANSWER
        and back <= WANTED_BACK
        and max(threads) <= before + MORE_THREADS,
    )


def _begin(arena: Apart, tenant: Tenant, table: Path) -> str:
    """Start a study that would go on for ever, so that workers need the database too."""
    with tenant.client(arena.url) as client:
        body = {
            "dataset_id": client.upload(table)["id"],
            "task": {"type": "classification", "target": "y"},
            "budget": {"seconds": 3600},
        }
        return str(client.start(body)["id"])


def _outage(
    arena: Apart, tenant: Tenant, way: Callable[[], AbstractContextManager[object]]
) -> Outage:
    over = threading.Event()
    with ThreadPoolExecutor(CLIENTS) as pool:
        with way():
            asking = [pool.submit(_ask_on, arena.url, tenant, over) for _ in range(CLIENTS)]
            threads = _most_threads(arena)
            over.set()
            told = [each for client in asking for each in client.result()]
        back = time.monotonic()
        until(lambda: _ask(arena.url, tenant).status == 200, "it is not back")
        return Outage(told, time.monotonic() - back, threads)


def _ask_on(url: str, tenant: Tenant, over: threading.Event) -> list[Told]:
    told = []
    while not over.is_set():
        told.append(_ask(url, tenant))
        time.sleep(0.2)
    return told


def _ask(url: str, tenant: Tenant) -> Told:
    begun = time.monotonic()
    try:
        answer = httpx.get(f"{url}/v1/studies", headers=tenant.headers, timeout=15.0)
    except httpx.TransportError:
        return Told(time.monotonic() - begun, 0, None)
    took = time.monotonic() - begun
    return Told(took, answer.status_code, answer.headers.get("Retry-After"))


def _most_threads(arena: Apart) -> int:
    most, deadline = 0, time.monotonic() + AWAY_SECONDS
    while time.monotonic() < deadline:
        most = max(most, _threads(arena))
        time.sleep(0.25)
    return most


def _threads(arena: Apart) -> int:
    """Return the threads of the API or the worker's parent that has the most."""
    processes: list[psutil.Process] = [*arena.crew.of("api"), *arena.crew.of("worker")]
    return max(process.num_threads() for process in processes)


@contextmanager
def _stopped(arena: Apart) -> Iterator[None]:
    arena.postgres.stop()
    yield
    arena.postgres.start()
