"""The child's loop over a real line and a runner that only takes notes."""

from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import pytest

from automl.core.errors import StoreUnavailable
from automl.core.leases import Order
from automl.core.trial import Attempt, Finish, Turn
from tests.workers.fakes import FakeLeases, Work, attempt, turn
from workers.drain import drain
from workers.line import Hold, Line, decode, encode, key
from workers.line import Work as Said


class Notes:
    def __init__(self, then: Callable[[Hold], None] = lambda _: None) -> None:
        self.done: list[Hold] = []
        self._then = then

    def answer(self, turn: Turn) -> Attempt | None:
        return attempt(turn.number)

    def run(self, work: Hold, line: Line) -> None:
        self.done.append(work)
        self._then(work)


def clock(step: float = 1.0) -> Callable[[], float]:
    ticks = iter(range(10**9))
    return lambda: step * next(ticks)


@pytest.fixture
def ends() -> tuple[Line, Connection]:
    ours, theirs = Pipe()
    return Line(theirs), ours


def held(parent: Connection) -> list[tuple[Said, ...]]:
    said = []
    while parent.poll():
        said.append(decode(parent.recv_bytes()))
    return said


def run(line: Line, notes: Notes, *work: Work) -> FakeLeases:
    leases = FakeLeases(*work)
    drain(leases, notes, line, worker="w", patience=3.0, clock=clock())
    return leases


def test_everything_claimable_is_done_in_order(ends: tuple[Line, Connection]) -> None:
    notes = Notes()
    waiting = attempt(1)
    run(ends[0], notes, waiting, turn(2))
    assert notes.done == [waiting, attempt(2)]
    assert held(ends[1]) == [(waiting,), (), (turn(2),), (), (attempt(2),), ()]


def test_a_turn_whose_answer_nobody_foresaw_is_what_the_child_was_at(
    ends: tuple[Line, Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Notes()

    def answer(turn: Turn) -> Attempt | None:
        raise ZeroDivisionError

    monkeypatch.setattr(notes, "answer", answer)
    with pytest.raises(ZeroDivisionError):
        run(ends[0], notes, turn(2))
    assert held(ends[1]) == [(turn(2),)]


def test_a_turn_that_the_store_s_absence_left_open_is_nobody_s_fault(
    ends: tuple[Line, Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.drain.AWAY_SECONDS", 0.01)
    notes = Notes()

    def answer(turn: Turn) -> Attempt | None:
        raise StoreUnavailable

    monkeypatch.setattr(notes, "answer", answer)
    run(ends[0], notes, turn(2))
    assert held(ends[1]) == [(turn(2),), ()]


def test_nothing_is_held_that_nobody_works_on(ends: tuple[Line, Connection]) -> None:
    run(ends[0], Notes(lambda _: ends[0].take(attempt(2))), attempt(1))
    assert held(ends[1])[-1] == ()


def test_patience_ends(ends: tuple[Line, Connection]) -> None:
    leases = run(ends[0], Notes())
    assert 1 <= len(leases.called("claim")) <= 4


def test_looks_in_vain_grow_rare_until_a_bell_rings(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = Pipe()
    line, parent = Line(theirs), ours
    listen, waits = line.listen, list[float]()

    def fast(seconds: float) -> bool:
        waits.append(seconds)
        if len(waits) == 5:
            parent.send_bytes(b'{"order": "look"}')
        return listen(0.0)

    monkeypatch.setattr(line, "listen", fast)
    drain(FakeLeases(), Notes(), line, worker="w", patience=8.0, clock=clock())
    assert waits[:6] == [0.05, 0.1, 0.2, 0.4, 0.4, 0.05]


def test_a_store_that_is_away_is_waited_for(
    ends: tuple[Line, Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.drain.AWAY_SECONDS", 0.01)
    leases, notes = FakeLeases(attempt(0)), Notes()
    answers = iter([StoreUnavailable(), None])

    def claim(worker: str) -> Work | None:
        failure = next(answers, None)
        if failure is not None:
            raise failure
        return leases.work.popleft() if leases.work else None

    monkeypatch.setattr(leases, "claim", claim)
    drain(leases, notes, ends[0], worker="w", patience=9.0, clock=clock())
    assert notes.done == [attempt(0)]


def test_leaving_ends_the_loop_and_releases(ends: tuple[Line, Connection]) -> None:
    line, parent = ends
    seen: list[Order] = []

    def leave(work: Hold) -> None:
        parent.send_bytes(b'{"order": "leave"}')
        line.listen(1.0)
        seen.append(line.order(work))

    notes = Notes(leave)
    run(line, notes, attempt(0), attempt(1))
    assert notes.done == [attempt(0)]
    assert seen == [Order.RELEASE]


def test_an_order_reaches_only_the_hold_it_was_given_for(ends: tuple[Line, Connection]) -> None:
    line, parent = ends
    old, new = attempt(0, token=1), attempt(0, token=2)
    line.take(new)
    parent.send_bytes(b'{"order": "stop", "key": ["st_1", 0, 1]}')
    line.listen(1.0)
    assert line.order(new) is Order.GO_ON
    assert key(old) == ("st_1", 0, 1)
    parent.send_bytes(b'{"order": "stop", "key": ["st_1", 0, 2]}')
    line.listen(1.0)
    assert line.order(new) is Order.STOP
    line.let_go(new)
    line.take(attempt(1))
    assert line.order(attempt(1)) is Order.GO_ON


def test_each_of_several_holds_has_its_own_order(ends: tuple[Line, Connection]) -> None:
    line, parent = ends
    one, two, three = (attempt(number) for number in range(3))
    for work in (one, two, three):
        line.take(work)
    parent.send_bytes(b'{"order": "stop", "key": ["st_1", 1, 1]}')
    line.listen(1.0)
    orders = [line.order(work) for work in (one, two, three)]
    assert orders == [Order.GO_ON, Order.STOP, Order.GO_ON]
    line.let_go(two)
    line.let_go(two)
    assert held(parent) == [(one,), (one, two), (one, two, three), (one, three)]
    line.leave()
    assert line.order(three) is Order.RELEASE


def test_the_end_of_the_parent_is_the_end(ends: tuple[Line, Connection]) -> None:
    line, parent = ends
    parent.close()
    line.listen(1.0)
    assert line.leaving


def test_work_survives_the_line() -> None:
    finish = Finish("st_1", "default", 4, 2.5)
    works = (attempt(3, 5, 9.5), attempt(seconds_left=None), finish, turn(4))
    assert decode(encode(works)) == works
    assert decode(encode(())) == ()
