"""Simulated workers: the product's own parent, line, loop and runner, with nothing to train.

A worker is two threads here and two processes there: a `Keeper` that beats, sweeps and listens, and
the loop `drain` with the real `Runner`, so that the store is asked exactly what a worker asks it.
Only what computes is replaced: an evaluation returns at once (or after a sleep) with random bytes,
an ask returns always the same candidate, and rows of data are not loaded.
"""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe
from typing import Any
from unittest import mock

import numpy as np
from typing_extensions import override

from automl.bootstrap import log_to_stderr
from automl.core import neighbours
from automl.core.learner import Control
from automl.core.state import State
from automl.core.trial import Attempt, CurvePoint, Turn
from automl.runner import Runner
from automl.search.evaluate import Evaluation
from automl.service.cache import Cache
from automl.settings import Settings
from automl.store import SqlStore, open_store
from tests.store.values import CANDIDATE
from workers import celery_app, tasks
from workers.drain import drain
from workers.keeper import Keeper
from workers.line import Line
from workers.slot import Slot
from workers.start import fresh


@dataclass(frozen=True, slots=True)
class Trade:
    """What a simulated trial is: seconds that it sleeps, and the bytes of each of its two files."""

    seconds: float = 0.0
    bytes: int = 20_000


@dataclass(slots=True)
class Seen:
    """What the workers of a process saw: seconds of each act, and trials by tenant and study."""

    acts: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    served: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __iadd__(self, other: "Seen") -> "Seen":
        """Add what others saw."""
        for name, seconds in other.acts.items():
            self.acts[name] += seconds
        self.served += other.served
        return self


class Timed:
    """A store's leases, each act of theirs timed while ``on``."""

    def __init__(self, leases: Any, seen: Seen, on: threading.Event) -> None:
        self._leases, self._seen, self._on = leases, seen, on
        self._trial = 0.0

    def __getattr__(self, name: str) -> Any:
        act = getattr(self._leases, name)

        def timed(*given: Any, **options: Any) -> Any:
            begun = time.perf_counter()
            answer = act(*given, **options)
            seconds = time.perf_counter() - begun
            if self._on.is_set():
                self._note(name, seconds, given, found=answer is not None)
            return answer

        return timed

    def _note(self, name: str, seconds: float, given: Any, *, found: bool) -> None:
        if name == "claim":
            name, self._trial = ("claim", 0.0) if found else ("look", self._trial)
        self._seen.acts[name].append(seconds)
        if name in {"claim", "begin", "complete"}:
            self._trial += seconds
        if name == "complete":
            self._seen.acts["claim + begin + complete"].append(self._trial)
            self._seen.served[given[0].tenant, given[0].study_id] += 1


class Watched:
    """A store whose leases are timed."""

    def __init__(self, store: SqlStore, seen: Seen, on: threading.Event) -> None:
        self.leases = Timed(store.leases, seen, on)
        self.unit = store.unit
        self.artifacts = store.artifacts


class Timing(Runner):
    """A runner that times whole trials, from the claim's answer to the commit."""

    def __init__(self, store: Any, worker: str, seen: Seen, on: threading.Event) -> None:
        super().__init__(store, Cache.__new__(Cache), worker=worker)
        self._seen, self._on = seen, on

    @override
    def answer(self, turn: Turn) -> Attempt | None:
        """Look at the history, ask and begin, timed together."""
        begun = time.perf_counter()
        attempt = super().answer(turn)
        if self._on.is_set() and attempt is not None:
            self._seen.acts["answer"].append(time.perf_counter() - begun)
        return attempt


class ThreadSlot(Slot):
    """A slot whose child is a thread of this process; whatever else it does is the real one's."""

    def __init__(self, work: Callable[[Connection], None]) -> None:
        super().__init__(fresh([], {}))
        self._work = work
        self._thread: threading.Thread | None = None

    @property
    @override
    def busy(self) -> bool:
        """Whether there is a child."""
        return self._thread is not None

    @override
    def start(self) -> None:
        """Start a child."""
        self._line, theirs = Pipe()
        self._thread = threading.Thread(target=self._work, args=(theirs,), daemon=True)
        self._thread.start()
        self.started_at = time.monotonic()

    @override
    def kill(self) -> None:
        """Leave it: threads cannot be killed, and these end when they are told to."""

    @override
    def collect(self) -> int:
        """Wait for the child's end."""
        if self._thread is not None and self._line is not None:
            self._thread.join()
            self._line.close()
        self._thread = self._line = None
        self._note(())
        return 0

    @override
    def memory(self) -> int:
        """Return 0: nobody looks."""
        return 0


def run(settings: Settings, workers: int, trade: Trade, line: Connection) -> None:
    """Be so many workers until told to stop; say what was seen in between the orders.

    The process is told ``on`` and ``off`` around what counts, and then ``end``.
    """
    log_to_stderr("WARNING")
    store, seen, on = open_store(settings), Seen(), threading.Event()
    with _nothing_to_train(trade):
        keepers = [_keeper(settings, store, seen, on) for _ in range(workers)]
        threads = [threading.Thread(target=keeper.run, daemon=True) for keeper in keepers]
        for thread in threads:
            thread.start()
        if settings.broker_url:
            bells = celery_app.create(settings.broker_url, celery_app.PATIENT)
            tasks.listen(bells, random.choice(keepers).wake)
        line.send("there")
        for order in iter(line.recv, "end"):
            if order == "wake":
                for keeper in keepers:
                    keeper.wake()
            on.set() if order == "on" else on.clear()
        for keeper in keepers:
            keeper.leave()
        for thread in threads:
            thread.join(20)
    line.send(seen)
    store.close()


def _keeper(settings: Settings, store: SqlStore, seen: Seen, on: threading.Event) -> Keeper:
    name = neighbours.name()
    watched: Any = Watched(store, seen, on)

    def work(connection: Connection) -> None:
        with connection:
            drain(watched.leases, Timing(watched, name, seen, on), Line(connection), worker=name)

    return Keeper(
        watched.leases,
        ThreadSlot(work),
        worker=name,
        device="cpu",
        heartbeat=settings.heartbeat_seconds,
    )


@contextmanager
def _nothing_to_train(trade: Trade) -> Iterator[None]:
    """Replace what computes in a worker for as long as the block runs."""

    def evaluate(_prepared: Any, _candidate: Any, control: Control, **_: Any) -> Evaluation:
        time.sleep(trade.seconds)
        control.report(CurvePoint(1, 0.5))
        noise = np.frombuffer(random.randbytes(trade.bytes), dtype=np.uint8)
        halves = noise.view(np.float32) if trade.bytes % 4 == 0 else noise.astype(np.float32)
        value = random.random()
        return Evaluation(value, (value,) * 5, 1, 1000, halves, State({}, {"w": noise}), ())

    def prepared(studies: Any, tenant: str, study_id: str) -> Any:
        with studies._store.unit() as unit:  # noqa: SLF001 -- in place of the method itself
            return mock.Mock(spec_set=["spec"], spec=unit.studies.get(tenant, study_id).spec)

    with (
        mock.patch("automl.runner.runner.evaluate", evaluate),
        mock.patch("automl.runner.runner.ask", return_value=CANDIDATE),
        mock.patch("automl.runner.studies.Studies.prepared", prepared),
    ):
        yield
