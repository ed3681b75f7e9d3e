"""One process keeps several workers: they beat apart, leave together, and none is left behind."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from typing_extensions import override

from automl.core import neighbours
from automl.core.leases import Order, Worker
from automl.core.trial import Attempt, Finish
from automl.settings import Settings
from tests.workers.fakes import FakeLeases, Inbox, attempt, eventually, fake_child
from workers import keeper as keeper_module
from workers.keeper import Keeper
from workers.slot import Held, Slot
from workers.start import fresh
from workers.worker import keep, passing_on


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "SWEEP_SECONDS", 0.1)
    monkeypatch.setattr(keeper_module, "LOOK_SECONDS", 0.05)


class SharedLeases(FakeLeases):
    """Leases of which a test may hold one worker's heartbeat up, or have it break."""

    def __init__(self, folder: Path, *work: Attempt | Finish) -> None:
        super().__init__(inbox=Inbox(folder, *work))
        self.stuck = self.broken = ""
        self.go_on = threading.Event()

    @override
    def beat(self, worker: Worker, holds: Sequence[Attempt | Finish]) -> Sequence[Order]:
        if worker.id == self.stuck:
            self._note("stuck", worker.id)
            self.go_on.wait()
        if worker.id == self.broken:
            raise ZeroDivisionError
        return super().beat(worker, holds)

    def beats(self, worker: str) -> int:
        return sum(getattr(each, "id", "") == worker for (each,) in self.called("beat"))


@contextmanager
def kept(leases: SharedLeases) -> Iterator[tuple[list[Keeper], list[BaseException]]]:
    """Keep two workers, ``a`` and ``b``, while the block runs; give them, and how it ended."""
    folder = leases.inbox.folder if leases.inbox else Path()
    keepers = [
        Keeper(leases, _slot(folder), worker=name, device="cpu", heartbeat=0.1) for name in "ab"
    ]
    errors: list[BaseException] = []

    def run() -> None:
        try:
            keep(keepers)
        except ZeroDivisionError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield keepers, errors
    finally:
        leases.go_on.set()
        keepers[0].leave()
        thread.join(10)
        assert not thread.is_alive()
        for keeper in keepers:  # of one that broke the child ends with the process
            if keeper._slot.busy:
                keeper._slot.kill()
                keeper._slot.collect()


def _slot(folder: Path) -> Slot:
    return Slot(fresh(fake_child("obedient", folder), Settings().child_environment()))


def test_both_hold_work_and_give_it_back_when_told_to_leave(tmp_path: Path) -> None:
    leases = SharedLeases(tmp_path, attempt(0), attempt(1))
    with kept(leases) as (keepers, _):
        eventually(lambda: all(keeper._slot.held for keeper in keepers))
        held = [keeper._slot.held[0].work for keeper in keepers]
        assert attempt(0) in held
        assert attempt(1) in held
    assert not any(keeper._slot.busy for keeper in keepers)
    assert sorted(leases.called("leave")) == [("a",), ("b",)]
    assert leases.called("crashed") == []


def test_one_that_waits_for_the_store_delays_no_other_heartbeat(tmp_path: Path) -> None:
    leases = SharedLeases(tmp_path)
    leases.stuck = "a"
    with kept(leases):
        eventually(lambda: leases.called("stuck") != [])
        seen = leases.beats("b")
        eventually(lambda: leases.beats("b") > seen + 2)
        assert leases.beats("a") == 0


def test_an_error_in_one_ends_all_in_order_and_is_raised(tmp_path: Path) -> None:
    leases = SharedLeases(tmp_path, attempt(0))
    with kept(leases) as (keepers, errors):
        eventually(lambda: any(keeper._slot.held for keeper in keepers))
        holder = next(keeper for keeper in keepers if keeper._slot.held)
        leases.broken = "b" if holder._worker == "a" else "a"
        eventually(lambda: errors != [])
        assert not holder._slot.busy  # its child has ended, and said before that it holds nothing
        assert leases.called("leave") == [(holder._worker,)]
    assert leases.called("crashed") == []


def test_a_bell_is_passed_to_one_that_is_idle_in_turn(tmp_path: Path) -> None:
    leases = SharedLeases(tmp_path)
    keepers = [
        Keeper(leases, _slot(tmp_path), worker=name, device="cpu", heartbeat=0.1) for name in "abc"
    ]
    rung: list[str] = []
    for keeper in keepers:
        keeper.wake = lambda name=keeper._worker: rung.append(name)  # type: ignore[method-assign,misc]
    ring = passing_on(keepers)
    for _ in range(4):
        ring()
    assert rung == ["a", "b", "c", "a"]
    keepers[1]._slot.held = (Held(attempt(), 0.0),)
    rung.clear()
    for _ in range(3):
        ring()
    assert rung == ["c", "c", "a"]
    for keeper in keepers:
        keeper._slot.held = (Held(attempt(), 0.0),)
    ring()  # all are busy, and it is one's again
    assert len(rung) == 4


def test_ids_of_one_process_differ() -> None:
    assert len({neighbours.name() for _ in range(1000)}) == 1000
