"""The worker's parent over a real child process and leases in memory."""

import errno
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import Pipe
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from automl.core import neighbours
from automl.core.catalog import TrialFailure
from automl.core.errors import SchemaMissing, StoreUnavailable
from automl.core.leases import Order
from automl.core.trial import Attempt, Finish
from automl.settings import Settings
from tests.workers.fakes import FakeLeases, Inbox, attempt, eventually, fake_child, turn
from workers import keeper as keeper_module
from workers.keeper import Keeper, Limits
from workers.line import Line, key
from workers.slot import Held, Slot
from workers.start import Child, Fresh, fresh

HEARTBEAT = 0.1
GRACE = 0.4
NO_LIMITS = Limits()

Offer = Callable[..., FakeLeases]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "GRACE_SECONDS", GRACE)
    monkeypatch.setattr(keeper_module, "OVERSTAY_SECONDS", GRACE)
    monkeypatch.setattr(keeper_module, "SWEEP_SECONDS", 0.1)
    monkeypatch.setattr(keeper_module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(keeper_module, "STORE_AWAY_SECONDS", 0.1)


@pytest.fixture
def offer(tmp_path: Path) -> Offer:
    return lambda *work: FakeLeases(inbox=Inbox(tmp_path, *work))


@contextmanager
def keep(leases: FakeLeases, how: str, limits: Limits = NO_LIMITS) -> Iterator[Keeper]:
    assert leases.inbox is not None
    slot = Slot(fresh(fake_child(how, leases.inbox.folder), Settings().child_environment()))
    keeper = Keeper(leases, slot, worker="w", device="cpu", heartbeat=HEARTBEAT, limits=limits)
    thread = threading.Thread(target=keeper.run)
    thread.start()
    try:
        yield keeper
    finally:
        keeper.leave()
        thread.join(10)
        assert not thread.is_alive()
        assert not slot.busy


def test_waiting_work_starts_a_child_without_any_bell(offer: Offer) -> None:
    work = attempt(3, seconds_left=9.0)
    leases = offer(work)
    with keep(leases, "obedient"):
        eventually(lambda: [work] in leases.held)
        beats = [worker for (worker,) in leases.called("beat")]
    assert any(getattr(worker, "trial", None) == 3 for worker in beats)
    assert leases.called("release") == []  # the child obeyed by itself
    assert leases.called("leave") == [("w",)]


def test_a_worker_of_this_machine_whose_process_is_gone_is_buried(offer: Offer) -> None:
    leases = offer()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    host, _, last = neighbours.name().rsplit("-", 2)
    dead, elsewhere = f"{host}-{gone.pid}-{last}", f"{host}-{gone.pid}-{'0' * len(last)}"
    leases.present_ids = [dead, elsewhere, neighbours.name(), "odd"]
    with keep(leases, "obedient"):
        eventually(lambda: leases.called("bury") != [])
    assert leases.called("bury") == [(dead,)]
    assert dead not in leases.present_ids


def test_the_parent_claims_nothing(offer: Offer) -> None:
    leases = offer(attempt())
    with keep(leases, "broken") as keeper:
        eventually(lambda: keeper._early_deaths == 1)
        assert keeper._slot.held == ()
    for name in ("claim", "crashed", "release"):
        assert leases.called(name) == []


def test_a_bell_warms_a_child_up_and_beats_at_once(offer: Offer) -> None:
    leases = offer()
    with keep(leases, "obedient") as keeper:
        eventually(lambda: len(leases.called("waits")) > 1)
        assert not keeper._slot.busy
        keeper.wake()
        eventually(lambda: keeper._slot.busy)


def test_a_death_while_holding_counts_and_work_goes_on_at_once(offer: Offer) -> None:
    first, again = attempt(token=1), attempt(token=2)
    leases = offer(first, again)
    with keep(leases, "crash"):
        eventually(lambda: len(leases.called("crashed")) == 2)
    assert leases.called("crashed") == [(first,), (again,)]
    assert leases.called("release") == []


def test_who_ended_with_the_nursery_is_not_at_fault(
    offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fresh, "lost", True)
    work = attempt()
    leases = offer(work)
    with keep(leases, "crash"):
        eventually(lambda: leases.called("release") == [(work,)])
    assert leases.called("crashed") == []


def test_a_finish_that_ended_with_the_nursery_is_free_at_once_and_not_at_fault(
    offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fresh, "lost", True)
    leases = offer(Finish("st_1", "default", 4, None))
    with keep(leases, "crash") as keeper:
        eventually(lambda: leases.called("bury") == [(keeper._worker,)])
    assert leases.called("crashed") == []


def test_a_finish_that_dies_counts_too(offer: Offer) -> None:
    work = Finish("st_1", "default", 4, None)
    leases = offer(work)
    with keep(leases, "crash"):
        eventually(lambda: leases.called("crashed") == [(work,)])


def test_a_turn_that_kills_who_answers_it_counts_and_has_no_lease(offer: Offer) -> None:
    leases = offer(turn(3))
    with keep(leases, "crash"):
        eventually(lambda: leases.called("crashed") == [(turn(3),)])
    assert not any(leases.held)


def test_a_turn_that_is_never_answered_counts_too(
    offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_module, "ASK_SECONDS", 0.2)
    leases = offer(turn(3))
    with keep(leases, "stubborn"):
        eventually(lambda: leases.called("crashed") == [(turn(3),)])


def test_a_turn_whose_child_ended_with_the_nursery_is_forgotten(
    offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fresh, "lost", True)
    work = attempt()
    leases = offer(turn(3), work)
    with keep(leases, "crash"):
        eventually(lambda: leases.called("release") == [(work,)])
    assert leases.called("crashed") == []


@pytest.mark.parametrize(("order", "outcome"), [(Order.STOP, "cancel"), (Order.RELEASE, "release")])
def test_what_does_not_stop_is_killed(offer: Offer, order: Order, outcome: str) -> None:
    work = attempt()
    leases = offer(work)
    with keep(leases, "stubborn"):
        eventually(lambda: [work] in leases.held)
        leases.order = order
        told = time.monotonic()
        eventually(lambda: leases.called(outcome) == [(work,)])
        assert time.monotonic() - told >= GRACE
    assert leases.called("crashed") == []


def test_an_obedient_child_is_not_killed(offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "GRACE_SECONDS", 5.0)  # it may still be starting
    work = attempt()
    leases = offer(work)
    with keep(leases, "obedient") as keeper:
        eventually(lambda: [work] in leases.held)
        leases.order = Order.STOP
        eventually(lambda: not leases.held[-1])
        assert keeper._slot.busy
    assert leases.called("cancel") == []


def test_a_trial_that_allocates_without_end_fails_and_the_next_one_runs(offer: Offer) -> None:
    endless, modest = attempt(0), attempt(1)
    leases = offer(endless, modest)
    with keep(leases, "greedy", Limits(bytes=200 << 20)) as keeper:
        eventually(lambda: [endless] in leases.held)
        child = keeper._slot._child
        eventually(lambda: [modest] in leases.held)
        assert isinstance(child, Fresh)
        assert (
            child._process.returncode == -signal.SIGKILL
        )  # its end was waited for: no orphan, no zombie
    (failed,) = leases.called("fail")
    assert failed[:2] == (endless, TrialFailure.OUT_OF_MEMORY)
    assert leases.called("crashed") == []


def test_too_much_time_fails_the_trial(offer: Offer) -> None:
    work = attempt()
    leases = offer(work)
    with keep(leases, "stubborn", Limits(seconds=0.2)):
        eventually(lambda: bool(leases.called("fail")))
    assert leases.called("fail")[0][:2] == (work, TrialFailure.TIME_LIMIT)


def test_a_trial_s_time_limit_is_not_a_finish_s(offer: Offer) -> None:
    leases = offer(Finish("st_1", "default", 4, None))
    with keep(leases, "stubborn", Limits(seconds=60.0)) as keeper:
        eventually(lambda: keeper._slot.held != ())
        (finish,) = keeper._slot.held
        finish.since -= 3600.0
        looked = len(leases.held)
        eventually(lambda: len(leases.held) > looked + 3)
        assert keeper._slot.held == (finish,)
    assert leases.called("crashed") == []


GROUP = (attempt(0), attempt(1), attempt(2))


def each_of(group: Sequence[Attempt]) -> list[tuple[object, ...]]:
    return [(work,) for work in group]


def test_the_parent_beats_for_a_whole_group_and_shows_the_first(offer: Offer) -> None:
    leases = offer(*GROUP)
    with keep(leases, "group-obedient"):
        eventually(lambda: list(GROUP) in leases.held)
        eventually(lambda: any(getattr(w, "trial", None) == 0 for (w,) in leases.called("beat")))
        leases.orders[key(GROUP[0])] = Order.STOP
        eventually(lambda: list(GROUP[1:]) in leases.held)
        assert not any(leases.called(name) for name in ("cancel", "release", "crashed"))


def test_a_death_counts_for_each_of_a_group(offer: Offer) -> None:
    leases = offer(*GROUP)
    with keep(leases, "group-crash"):
        eventually(lambda: len(leases.called("crashed")) == 3)
    assert leases.called("crashed") == each_of(GROUP)


def test_one_of_a_group_that_does_not_stop_ends_and_the_others_go_back(offer: Offer) -> None:
    leases = offer(*GROUP)
    with keep(leases, "group-stubborn"):
        eventually(lambda: list(GROUP) in leases.held)
        leases.orders[key(GROUP[1])] = Order.STOP
        eventually(lambda: len(leases.called("release")) == 2)
    assert leases.called("cancel") == [(GROUP[1],)]
    assert leases.called("release") == each_of([GROUP[0], GROUP[2]])
    assert leases.called("crashed") == []


@pytest.mark.parametrize(
    ("how", "limits"),
    [("group-greedy", Limits(bytes=200 << 20)), ("group-stubborn", Limits(seconds=0.2))],
)
def test_a_group_over_a_limit_goes_back_since_none_is_known_to_be_at_fault(
    offer: Offer, how: str, limits: Limits
) -> None:
    leases = offer(*GROUP)
    with keep(leases, how, limits):
        eventually(lambda: len(leases.called("release")) == 3)
    assert leases.called("release") == each_of(GROUP)
    assert leases.called("fail") == leases.called("crashed") == []


def test_leaving_gives_a_whole_group_back(offer: Offer) -> None:
    leases = offer(*GROUP)
    with keep(leases, "group-stubborn"):
        eventually(lambda: list(GROUP) in leases.held)
    assert leases.called("release") == each_of(GROUP)


def test_leaving_kills_and_gives_back_what_does_not_let_go(offer: Offer) -> None:
    work = attempt()
    leases = offer(work)
    with keep(leases, "stubborn"):
        eventually(lambda: [work] in leases.held)
    assert leases.called("release") == [(work,)]
    assert leases.called("leave") == [("w",)]


def test_a_store_that_is_away_ends_nothing(offer: Offer) -> None:
    work = attempt()
    leases = offer(work)
    with keep(leases, "obedient") as keeper:
        eventually(lambda: [work] in leases.held)
        leases.away = True
        time.sleep(4 * HEARTBEAT)
        assert [each.work for each in keeper._slot.held] == [work]
        threads = threading.active_count()
        seen = len(leases.called("beat"))
        leases.away = False
        eventually(lambda: len(leases.called("beat")) > seen)
        assert threading.active_count() <= threads
    assert leases.called("crashed") == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SchemaMissing, [("store.empty", "info"), ("store.back", "info")]),
        (StoreUnavailable, [("store.away", "warning"), ("store.back", "warning")]),
    ],
)
def test_a_store_that_is_still_being_made_is_no_reason_to_warn(
    offer: Offer,
    monkeypatch: pytest.MonkeyPatch,
    error: type[StoreUnavailable],
    said: list[tuple[str, str]],
) -> None:
    leases = offer()
    asked: list[str] = []

    def refuse(*_: object) -> None:
        asked.append("beat")
        raise error

    with capture_logs() as logs, monkeypatch.context() as patch:
        patch.setattr(leases, "beat", refuse)
        with keep(leases, "obedient"):
            eventually(lambda: len(asked) > 2)
            patch.undo()
            eventually(lambda: bool(leases.called("beat")))
    assert [(line["event"], line["log_level"]) for line in logs] == said


def test_who_could_not_beat_judges_nobody_else(
    offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = attempt()
    leases = offer(work)
    refused: list[int] = []

    def refuse(*_: object) -> None:
        refused.append(len(leases.called("reap")))
        raise StoreUnavailable

    with keep(leases, "obedient"):
        eventually(lambda: [work] in leases.held)
        with monkeypatch.context() as patch:
            patch.setattr(leases, "beat", refuse)
            eventually(lambda: len(refused) > 4)
        assert len(set(refused)) == 1
        eventually(lambda: len(leases.called("reap")) > refused[-1])


def test_a_child_that_cannot_start_is_not_started_in_a_loop(offer: Offer) -> None:
    leases = offer()
    with keep(leases, "broken") as keeper:
        keeper.wake()
        eventually(lambda: keeper._early_deaths == 1)
        keeper.wake()
        time.sleep(0.3)
        assert keeper._early_deaths == 1
        assert not keeper._slot.busy


def test_a_start_that_fails_is_tried_again_later_and_ends_nothing(offer: Offer) -> None:
    leases = offer()
    with keep(leases, "obedient") as keeper:
        start, tries = keeper._slot._start, []

        def refuse(line: int) -> Child:
            tries.append(line)
            raise OSError(errno.EMFILE, "too many open files")

        keeper._slot._start = refuse
        keeper.wake()
        eventually(lambda: keeper._early_deaths == 1)
        assert not keeper._slot.busy
        keeper._slot._start = start
        eventually(lambda: keeper._start_at < time.monotonic())
        keeper.wake()
        eventually(lambda: keeper._slot.busy)
    assert len(tries) == 1


def test_many_workers_share_their_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "SWEEP_SECONDS", 0.8)
    pauses = [keeper_module.between_sweeps(crowd) for crowd in (0, 1, 8, 16, 1000)]
    assert pauses == [0.8, 0.8, 0.8, 1.6, 4.0]


def test_a_bell_reaches_a_child_that_waits() -> None:
    ours, theirs = Pipe()
    slot = Slot(fresh([], {}))
    slot._line = ours
    slot.ring()
    assert not theirs.poll()  # it is not there yet
    slot._child = Fresh([sys.executable, "-c", ""], {}, theirs.fileno())
    slot.ring()
    assert Line(theirs).listen(1.0)
    slot.held = (Held(attempt(), 0.0),)
    slot.ring()
    assert not theirs.poll()
    slot._child.wait()
