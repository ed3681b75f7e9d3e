"""Leases in memory: what was asked of them, and answers that a test lays out."""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from automl.core.catalog import FamilyName, StudyFailure, TrialFailure
from automl.core.errors import StoreUnavailable
from automl.core.leases import Leases, Order, Outcome, Worker
from automl.core.model import Model
from automl.core.trial import Attempt, Candidate, CurvePoint, Finish, Rungs, Turn
from workers.line import Key, decode, encode, key

Work = Attempt | Finish | Turn
ENOUGH_SECONDS = 180.0


def attempt(number: int = 0, token: int = 1, seconds_left: float | None = None) -> Attempt:
    candidate = Candidate(FamilyName.MLP, {"layers": 2, "dropout": 0.5, "activation": "relu"})
    return Attempt("st_1", "default", number, token, candidate, seconds_left, None)


def turn(number: int = 0) -> Turn:
    return Turn("st_1", "default", 1, number, None)


def eventually(holds: Callable[[], bool], seconds: float = ENOUGH_SECONDS) -> None:
    """Return as soon as something holds; fail when it never does."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def fake_child(how: str, folder: Path) -> list[str]:
    """Return the command line of a child that behaves so and finds its work in the folder."""
    return [sys.executable, "-m", "tests.workers.fake_child", how, str(folder)]


class Inbox:
    """Work in a folder: laid out by a test, taken by whichever child comes."""

    def __init__(self, folder: Path, *work: Work) -> None:
        self.folder = folder
        for index, item in enumerate(work):
            (folder / f"{index:03}").write_bytes(encode((item,)))

    def __bool__(self) -> bool:
        return any(self.folder.iterdir())

    def popleft(self) -> Work | None:
        """Return the first piece and remove it; None when there is none."""
        for path in sorted(self.folder.iterdir()):
            try:
                (work,) = decode(path.read_bytes())
                path.unlink()
            except FileNotFoundError:  # another child was faster
                continue
            return work
        return None


class FakeLeases:
    """Remembers every call as (name, hold or worker id, the rest)."""

    def __init__(self, *work: Work, inbox: Inbox | None = None) -> None:
        self.work = deque(work)
        self.inbox = inbox
        self.order = Order.GO_ON
        self.orders: dict[Key, Order] = {}
        self.present_ids: list[str] = []
        self.away = False
        self.calls: list[tuple[object, ...]] = []
        self.held: list[Sequence[Attempt | Finish]] = []
        self._lock = threading.Lock()

    def called(self, name: str) -> list[tuple[object, ...]]:
        with self._lock:
            return [call[1:] for call in self.calls if call[0] == name]

    def waits(self) -> bool:
        self._note("waits")
        return bool(self.inbox or self.work)

    def claim(self, worker: str) -> Work | None:
        self._note("claim", worker)
        return self.work.popleft() if self.work else None

    def begin(
        self, worker: str, turn: Turn, candidate: Candidate, *, free: float = 0.0
    ) -> Attempt | None:
        self._note("begin", worker, turn, candidate, free)
        return attempt(turn.number)

    def exhaust(self, turn: Turn, *, broke: str = "") -> None:
        self._note("exhaust", turn, broke)

    def another(self, attempt: Attempt, held: int, most: int) -> Turn | None:
        self._note("another", attempt, held, most)
        return None

    def rejoin(
        self, worker: str, attempt: Attempt, numbers: Sequence[int], most: int
    ) -> Sequence[Attempt]:
        self._note("rejoin", worker, attempt, numbers, most)
        return ()

    def in_the_way(self, attempt: Attempt, held: int = 1) -> bool:
        self._note("in_the_way", attempt, held)
        return False

    def beat(self, worker: Worker, holds: Sequence[Attempt | Finish]) -> Sequence[Order]:
        self._note("beat", worker)
        self.held.append(holds)
        return [self.orders.get(key(hold), self.order) for hold in holds]

    def leave(self, worker: str) -> None:
        self._note("leave", worker)

    def present(self, prefix: str) -> Sequence[str]:
        return [worker for worker in self.present_ids if worker.startswith(prefix)]

    def bury(self, workers: Collection[str]) -> None:
        self._note("bury", *workers)
        self.present_ids = [worker for worker in self.present_ids if worker not in workers]

    def record(self, attempt: Attempt, points: Sequence[CurvePoint]) -> None:
        self._note("record", attempt, points)

    def checkpoint(self, attempt: Attempt, artifact_id: str) -> None:
        self._note("checkpoint", attempt, artifact_id)

    def complete(self, attempt: Attempt, outcome: Outcome) -> None:
        self._note("complete", attempt, outcome)

    def prune(self, attempt: Attempt, seconds: float, rungs: Rungs = ()) -> None:
        self._note("prune", attempt, seconds, rungs)

    def fail(self, attempt: Attempt, reason: TrialFailure, message: str, seconds: float) -> None:
        self._note("fail", attempt, reason, message)

    def cancel(self, attempt: Attempt, seconds: float) -> None:
        self._note("cancel", attempt)

    def release(self, attempt: Attempt) -> None:
        self._note("release", attempt)

    def give_way(self, attempt: Attempt) -> None:
        self._note("give_way", attempt)

    def crashed(self, work: Work) -> None:
        self._note("crashed", work)

    def publish(self, finish: Finish, model: Model) -> None:
        self._note("publish", finish, model)

    def give_up(self, hold: Attempt | Finish, reason: StudyFailure, detail: str) -> None:
        self._note("give_up", hold, reason, detail)

    def reap(self) -> int:
        self._note("reap")
        return 0

    def _note(self, *call: object) -> None:
        if self.away:
            raise StoreUnavailable
        with self._lock:
            self.calls.append(call)


_PROOF: type[Leases] = FakeLeases
