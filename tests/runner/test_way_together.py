"""Trials in training together give their place to a study that has none, and go on together."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typing_extensions import override

from automl.core.catalog import StudyStatus, TrialState
from automl.core.errors import LeaseLost
from automl.core.leases import Order
from automl.core.study import Budget, Study
from automl.core.trial import Attempt, Finish
from automl.runner import Runner, control, way
from automl.runner import companions as companions_module
from automl.runner import together as together_module
from automl.search import group
from automl.search.group import Member
from automl.search.prepare import Prepared
from automl.service import studies
from automl.store import SqlStore, tables
from automl.store.claim import AWAY_SECONDS
from tests.runner.bench import BRIEF, MLP, TENANT, Bench, Orders, open_bench
from tests.runner.test_way import outcome
from tests.store import values

LANES = 3
TIMED = Budget(seconds=3_000.0, trials=LANES)
"""So long that no plan is shortened, and a group."""
SHORT = Budget(trials=1)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let three train together, from the first trial on, and give way after every epoch."""
    monkeypatch.setattr(group, "companions", lambda *_, **__: LANES)
    monkeypatch.setattr(companions_module, "portfolio", lambda *_: ())
    monkeypatch.setattr(way, "READY_SHARE", float("inf"))
    monkeypatch.setattr(control, "CHECKPOINT_SHARE", float("inf"))


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many began together, of each group."""
    found: list[int] = []
    real = group.evaluate_together

    def together(prepared: Prepared, members: Sequence[Member], **how: Any) -> None:
        found.append(len(members))
        real(prepared, members, **how)

    monkeypatch.setattr(together_module, "evaluate_together", together)
    return found


def sweep(bench: Bench, budget: Budget = TIMED) -> Study:
    return bench.study(budget=budget, families=MLP, space=BRIEF)


def runner(bench: Bench) -> Runner:
    return bench.runner(checkpoint_seconds=0.0)


def states(bench: Bench, study: Study) -> list[TrialState]:
    return [trial.state for trial in bench.trials(study)]


def lost(store: SqlStore) -> int:
    """Return how many attempts ended with their worker or were given back."""
    query = select(tables.trials.c.crashes, tables.trials.c.losses)
    with store.database.look() as reader:
        return sum(sum(row) for row in reader.execute(query))


def undisturbed(folder: Path, budget: Budget = TIMED) -> tuple[Any, ...]:
    folder.mkdir()
    bench = open_bench(folder)
    study = sweep(bench, budget)
    bench.work_off(study, runner(bench))
    result = outcome(bench, study)
    bench.store.close()
    return result


def test_a_group_gives_way_as_one(bench: Bench, groups: list[int]) -> None:
    long, worker = sweep(bench), runner(bench)
    worker.run(bench.attempt(worker), line := later(lambda: sweep(bench, SHORT)))
    assert states(bench, long) == [TrialState.WAITING] * LANES
    assert sorted(line.said[-LANES:]) == [("let go", n) for n in range(LANES)]
    curves = [epochs(bench, long, number) for number in range(LANES)]
    assert curves == [curves[0]] * LANES  # all stand at one moment
    assert bench.attempt(worker).study_id != long.id
    assert groups == [LANES]


def later(act: Callable[[], object]) -> Orders:
    """Return a line on which something happens while a group trains."""
    return Orders(at(40, act))


def at(look: int, act: Callable[[], object]) -> Callable[[int], Order]:
    """Return what tells all to go on, and acts at that look."""

    def order(looks: int) -> Order:
        if looks == look:
            act()
        return Order.GO_ON

    return order


def epochs(bench: Bench, study: Study, number: int) -> list[int]:
    with bench.store.unit() as unit:
        return [point.epoch for point in unit.trials.curve(study.id, number)]


def test_two_groups_that_share_a_worker_end_as_if_each_had_one(
    bench: Bench, groups: list[int], tmp_path: Path
) -> None:
    """The second is posted while the first trains: else each would have half of the lanes."""
    one, found = sweep(bench), list[Study]()
    worker, order = runner(bench), []
    worker.run(bench.attempt(worker), later(lambda: found.append(sweep(bench))))
    (two,) = found
    while (work := next_of(bench, worker, one, two)) is not None:
        order.append(work.study_id)
        worker.run(work, Orders())
    assert len(list(groupby(order))) > 20
    assert set(groups) == {LANES}
    assert lost(bench.store) == 0
    assert min(trial.attempts for trial in bench.trials(one)) > 10
    assert outcome(bench, one) == outcome(bench, two) == undisturbed(tmp_path / "alone")


def next_of(bench: Bench, worker: Runner, *found: Study) -> Attempt | Finish | None:
    """Return what is next, of which each has trained for a while; None: the studies have ended."""
    while not all(bench.read(study).status.ended for study in found):
        if (work := bench.claim(worker)) is not None:
            values.age(bench.store, AWAY_SECONDS + 1.0)
            return work
    return None


class Killed(BaseException):
    """A worker's end, which nothing in it hears of."""


class Doomed(Orders):
    """The line of a worker that is killed; ``held`` is what it leaves."""

    def __init__(self, work: Attempt | Finish, then: Callable[[int], Order]) -> None:
        super().__init__(then)
        self.held: list[Attempt | Finish] = [work]

    @override
    def take(self, work: Attempt | Finish) -> None:
        self.held.append(work)

    @override
    def let_go(self, work: Attempt | Finish) -> None:
        if work in self.held:
            self.held.remove(work)


def die() -> None:
    raise Killed


def run(bench: Bench, work: Attempt | Finish, then: Callable[[int], Order]) -> None:
    """Run a piece of work in a worker that may be killed, which its parent sees."""
    line = Doomed(work, then)
    try:
        runner(bench).run(work, line)
    except Killed:
        for held in line.held:
            with suppress(LeaseLost):
                bench.store.leases.crashed(held)


def test_who_is_killed_in_a_group_goes_on_alone_and_ends_the_same(
    bench: Bench, groups: list[int], tmp_path: Path
) -> None:
    """The group gives way, comes back and is killed: nobody's last checkpoint is lost."""
    one, worker = sweep(bench), runner(bench)
    worker.run(bench.attempt(worker), later(lambda: sweep(bench, SHORT)))
    before = [epochs(bench, one, number)[-1] for number in range(LANES)]
    while (work := next_of(bench, worker, one)) and work.study_id != one.id:
        worker.run(work, Orders())
    assert work
    run(bench, work, at(3, die))
    assert groups == [LANES] * 2
    assert lost(bench.store) == LANES
    assert bench.work_off(one, worker).status is StudyStatus.SUCCEEDED
    assert groups == [LANES] * 2
    for number, last in enumerate(before):
        found = epochs(bench, one, number)
        assert found == sorted(set(found))
        assert len(found) > last
    board, _ = undisturbed(tmp_path / "alone")
    for trial, (_, candidate, value, *_) in zip(bench.trials(one), board, strict=True):
        assert trial.candidate == candidate
        assert trial.value == pytest.approx(value, abs=1e-3)


def test_who_had_given_way_when_the_worker_was_killed_lost_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first waits at its checkpoint, and the others' attempts count as lost."""
    one, real = sweep(bench), bench.store.leases.give_way

    def give_way(held: Attempt) -> None:
        real(held)
        raise Killed

    monkeypatch.setattr(bench.store.leases, "give_way", give_way)
    run(bench, bench.attempt(runner(bench)), at(40, lambda: sweep(bench, SHORT)))
    assert states(bench, one) == [TrialState.WAITING] * LANES
    assert lost(bench.store) == LANES - 1


def test_in_replay_order_who_gives_way_and_is_killed_ends_in_the_same_bytes(
    bench: Bench, tmp_path: Path
) -> None:
    """There are no groups but the folds of one candidate, and these give way as they stand."""
    found, count = [sweep(bench, SHORT) for _ in range(2)], 0
    while (work := next_of(bench, runner(bench), *found)) is not None:
        count += 1
        run(bench, work, at(3 if count in (3, 8, 13, 18) else 0, die))
    assert (count > 20, lost(bench.store)) == (True, 4)
    expected = undisturbed(tmp_path / "alone", SHORT)
    assert [outcome(bench, study) for study in found] == [expected] * 2


def test_a_group_that_waits_is_cancelled_with_its_study(bench: Bench) -> None:
    one, worker = sweep(bench), runner(bench)
    worker.run(bench.attempt(worker), later(lambda: sweep(bench, SHORT)))
    studies.cancel(bench.store, TENANT, one.id)
    assert states(bench, one) == [TrialState.CANCELLED] * LANES
    assert bench.read(one).status is StudyStatus.CANCELLED


def test_a_group_that_waits_while_its_study_is_paused_goes_on_together(
    bench: Bench, groups: list[int]
) -> None:
    one, worker = sweep(bench), runner(bench)
    worker.run(bench.attempt(worker), later(lambda: sweep(bench, SHORT)))
    studies.pause(bench.store, TENANT, one.id)
    values.age(bench.store, AWAY_SECONDS + 1.0)
    assert bench.attempt(worker).study_id != one.id
    studies.resume(bench.store, TENANT, one.id, add=None)
    worker.run(bench.attempt(worker), Orders())
    assert groups == [LANES] * 2
    assert lost(bench.store) == 0
