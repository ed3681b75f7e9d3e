"""What the page costs with many trials: time to see them, size of an update, memory of the tab.

    python -m benchmarks.dashboard [--trials 10000] [--epochs 100] [--minutes 5] [--folder FOLDER]

Stores trials through the store's ports, copies their rows until there are enough (a trial at a time
would take hours), serves them with ``automl api``, and opens the study in Chromium while two hands
train on. A folder that is named is kept, and filled only once.
"""

import argparse
import gzip
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx
from playwright.sync_api import CDPSession, Page, expect, sync_playwright

from api import pages
from automl.core.catalog import FamilyName, TrialFailure
from automl.core.leases import Outcome
from automl.core.ports import Store
from automl.core.study import Budget, StudySpec, TaskSpec
from automl.core.trial import Attempt, Candidate, CurvePoint, Turn
from automl.settings import Settings
from automl.store import open_store
from tests.api.harness import PLAN, add_dataset
from tests.servers import free_port
from tests.store.values import queue

FAMILIES = (FamilyName.MLP, FamilyName.LIGHTGBM, FamilyName.REALMLP, FamilyName.LINEAR)
WORKERS = ("hand-1", "hand-2")
STORED = 20
"""Trials that go through the ports; the others are copies of them, a little worse and later."""

LEASE_SECONDS = 3600.0
PACE = 0.1
"""Seconds between two epochs of the hands that train on."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = asked.folder or Path(name)
        settings = Settings(
            data_dir=folder, port=free_port(), lease_seconds=LEASE_SECONDS, log_level="warning"
        )
        store = open_store(settings)
        store.migrate()
        hands = Hands(store, random.Random(0))
        study_id = fill(hands, folder, asked.trials, asked.epochs)
        scripts()
        with served(settings) as url:
            latency(f"{url}/v1/studies/{study_id}")
            watch(url, study_id, hands, minutes=asked.minutes)
        store.close()


def fill(hands: "Hands", folder: Path, trials: int, epochs: int) -> str:
    """Return the id of a study of so many trials, made before if the folder has a note of it."""
    note = folder / "study"
    if not note.exists():
        began = time.monotonic()
        study_id = hands.study(min(STORED, trials), epochs, budget=10 * trials)
        multiply(folder / "automl.sqlite", trials)
        note.write_text(study_id)
        print(f"{trials} trials of {epochs} epochs stored in {time.monotonic() - began:.0f} s")
    return note.read_text()


def multiply(database: Path, trials: int) -> None:
    """Copy the rows of the only study's trials until it has so many; their arrays stay single."""
    with sqlite3.connect(database) as sql:
        ((base, first, last),) = sql.execute(
            "select next_number, (select max(seq) from events where type = 'study.started'), "
            "last_seq from studies"
        )
        copies = -(-trials // base) - 1
        later = f"+ 3 * {base} * k"
        for table, where, changed in (
            (
                "trials",
                "true",
                {
                    "number": f"number + {base} * k",
                    "value": "value * (1 + 0.001 * k)",
                    "started_at": f"started_at {later}",
                    "finished_at": f"finished_at {later}",
                    "out_of_fold": "null",
                    "fitted": "null",
                    "checkpoint": "null",
                },
            ),
            ("points", "true", {"trial": f"trial + {base} * k"}),
            (
                "events",
                f"seq > {first}",
                {
                    "seq": f"seq + {last - first} * k",
                    "at": f"at {later}",
                    "data": f"json_set(data, '$.trial', data ->> '$.trial' + {base} * k)",
                },
            ),
        ):
            names = [row[1] for row in sql.execute(f"pragma table_info({table})")]
            chosen = ", ".join(changed.get(name, f'"{name}"') for name in names)
            sql.execute(
                f"with recursive n(k) as (values (1) union all select k + 1 from n "
                f"where k < {copies}) insert into {table} select {chosen} from {table}, n "
                f"where {where}"
            )
        counted = ("complete", "pruned", "failed", "attempts", "next_number", "open_from")
        changes = ", ".join(f"{name} = {name} * {copies + 1}" for name in counted)
        sql.execute(
            f"update studies set {changes}, last_seq = {first + (last - first) * (copies + 1)}"
        )


class Hands:
    """Workers without a process: they begin and end trials, and train nothing."""

    def __init__(self, store: Store, chance: random.Random) -> None:
        self._store = store
        self._chance = chance

    def study(self, trials: int, epochs: int, *, budget: int) -> str:
        """Store a study of so many trials that may have more, and return its id."""
        spec = StudySpec(
            dataset_id=add_dataset(self._store).id,
            task=TaskSpec(PLAN.task, PLAN.target),
            budget=Budget(trials=budget),
            name=f"{budget} trials",
        )
        study = queue(self._store, spec, PLAN)
        for number in range(trials):
            attempt = self.begin(WORKERS[number % len(WORKERS)])
            self.tell(attempt, *self.curve(epochs))
            self.end(attempt, epochs)
        return study.id

    def begin(self, worker: str) -> Attempt:
        """Begin the next trial."""
        turn = self._store.leases.claim(worker)
        if not isinstance(turn, Turn):
            raise TypeError(f"a turn was expected, not {turn}")
        draw = self._chance
        params = {
            "learning_rate": round(10 ** draw.uniform(-4, -1), 6),
            "layers": draw.randint(1, 6),
            "dropout": round(draw.uniform(0, 0.5), 3),
            "activation": draw.choice(("relu", "silu", "selu")),
        }
        candidate = Candidate(draw.choice(FAMILIES), params)
        attempt = self._store.leases.begin(worker, turn, candidate)
        if attempt is None:
            raise RuntimeError("the study moved on; is a worker about?")
        return attempt

    def curve(self, epochs: int) -> Iterator[CurvePoint]:
        """Yield the points of a trial that learns a little."""
        level, rate = self._chance.uniform(0.1, 0.6), self._chance.uniform(0.02, 0.2)
        for epoch in range(1, epochs + 1):
            loss = level + (1 - rate) ** epoch + self._chance.gauss(0, 0.01)
            yield CurvePoint(epoch, loss * 0.9, loss, loss, 0.01 * 0.98**epoch, 1 / epoch, epoch)

    def tell(self, attempt: Attempt, *points: CurvePoint) -> None:
        """Store points of a trial, and one event of the last."""
        self._store.leases.record(attempt, points)

    def end(self, attempt: Attempt, epochs: int) -> None:
        """End a trial: most complete, some pruned, a few failed."""
        leases, kind = self._store.leases, self._chance.random()
        if kind < 0.15:
            leases.prune(attempt, 2.0)
        elif kind < 0.2:
            leases.fail(attempt, TrialFailure.NON_FINITE_LOSS, "the loss was nan", 1.0)
        else:
            value = self._chance.betavariate(2, 5)
            content = [f"{attempt.study_id} {attempt.number}".encode()]
            arrays = self._store.artifacts.put(attempt.tenant, "x/y", content)
            outcome = Outcome(value, (value,), epochs, 3.0, 1000, arrays.id, arrays.id)
            leases.complete(attempt, outcome)


def scripts() -> None:
    """Print what the scripts weigh, all in one."""
    found = b"".join(page.content for name, page in pages.load().items() if name.endswith(".js"))
    print(f"JavaScript: {len(gzip.compress(found)) / 1000:.1f} kB gzipped, {len(found)} bytes")


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """Serve the store with a process of its own and yield the URL."""
    program = shutil.which("automl", path=str(Path(sys.executable).parent)) or "automl"
    process = subprocess.Popen(
        [program, "api", "--port", str(settings.port)], env=settings.child_environment()
    )
    url = f"http://127.0.0.1:{settings.port}"
    try:
        for _ in range(600):
            try:
                httpx.get(f"{url}/healthz").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=15)


def latency(url: str) -> None:
    """Print how long pages of the leaderboard and a downsampled curve take."""
    with httpx.Client(timeout=60) as http:
        for path in (
            "",
            "/trials?sort=value&limit=50",
            "/trials?sort=value&limit=100",
            "/trials?limit=500",
            "/trials/17?max_points=600",
            "/events?after=0&limit=500",
        ):
            took, size = list[float](), 0
            for _ in range(15):
                began = time.perf_counter()
                size = len(http.get(url + path).raise_for_status().content)
                took.append(1e3 * (time.perf_counter() - began))
            shown = f"median {statistics.median(took):.0f} ms, worst {max(took):.0f} ms"
            print(f"GET …{path or ' the study'}: {shown}, {size / 1000:.1f} kB")


def watch(url: str, study_id: str, hands: Hands, *, minutes: float) -> None:
    """Print what a tab shows when, and how its memory grows while trials go on."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--disable-dev-shm-usage"]
        )
        tab = browser.new_page(viewport={"width": 1280, "height": 800})
        tab.set_default_timeout(120_000)
        session = tab.context.new_cdp_session(tab)
        opened(tab, f"{url}/#/studies/{study_id}")
        scrolled(tab)
        updates(f"{url}/v1/studies/{study_id}", hands)
        memory(tab, session, hands, minutes)
        browser.close()


def opened(tab: Page, address: str) -> None:
    """Print when the page painted, when the best trials stood there, and when all did."""
    began = time.perf_counter()
    tab.goto(address, wait_until="commit")
    tab.locator("table.trials tbody th").first.wait_for()
    first = time.perf_counter() - began
    expect(tab.get_by_text("More trials are coming in")).to_have_count(0, timeout=120_000)
    everything = time.perf_counter() - began
    paint = tab.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    rows = tab.locator("table.trials tbody tr").count()
    print(
        f"first paint {paint:.0f} ms, the best trials after {first:.2f} s, all {everything:.2f} s"
    )
    print(f"rows in the document: {rows}")


def scrolled(tab: Page) -> None:
    """Print how long frames take while the leaderboard is scrolled from end to end."""
    frames = tab.evaluate(
        """() => new Promise((done) => {
          const box = document.querySelector(".long"), took = [];
          let last = performance.now(), step = 0;
          const next = (now) => {
            took.push(now - last); last = now;
            box.scrollTop = (box.scrollHeight * ++step) / 120;
            step < 120 ? requestAnimationFrame(next) : done(took.slice(1));
          };
          requestAnimationFrame(next);
        })"""
    )
    frames.sort()
    middle, late = statistics.median(frames), frames[int(0.95 * len(frames))]
    print(f"scrolling through all rows: a frame takes {middle:.0f} ms, 95 % at most {late:.0f} ms")


def updates(url: str, hands: Hands) -> None:
    """Print how large events are on the wire."""
    seq = httpx.get(url).json()["last_seq"]
    live = hands.begin(WORKERS[0])
    for point in hands.curve(20):
        hands.tell(live, point)
    hands.end(live, 20)
    sizes = []
    with httpx.stream(
        "GET", f"{url}/events?after={seq}", headers={"Accept": "text/event-stream"}
    ) as stream:
        size = 0
        for line in stream.iter_lines():
            size += len(line.encode()) + 1
            if not line and size:
                sizes.append(size)
                size = 0
            if len(sizes) > 20:
                break
    print(f"an event on the wire: median {statistics.median(sizes):.0f} bytes, most {max(sizes)}")


def memory(tab: Page, session: CDPSession, hands: Hands, minutes: float) -> None:
    """Print the tab's heap, garbage collected, while two trials train all the time."""
    end, events, trials = time.monotonic() + 60 * minutes, count(), 0
    print(f"heap at first: {heap(session):.1f} MB")
    every, due = max(20.0, 6 * minutes), time.monotonic()
    while time.monotonic() < end:
        pair = [hands.begin(worker) for worker in WORKERS]
        for points in zip(*(hands.curve(30) for _ in pair), strict=True):
            for attempt, point in zip(pair, points, strict=True):
                hands.tell(attempt, point)
                next(events)
            tab.wait_for_timeout(1000 * PACE)
        for attempt in pair:
            hands.end(attempt, 30)
        trials += len(pair)
        if time.monotonic() >= due:
            due += every
            left = max(0.0, end - time.monotonic())
            print(f"heap {heap(session):.1f} MB after {trials} more trials, {left:.0f} s to go")
    print(f"{next(events)} epochs were told meanwhile")


def heap(session: CDPSession) -> float:
    session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"]
    return used / 1e6


if __name__ == "__main__":
    main()
