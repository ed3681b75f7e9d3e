"""A trial in training gives its place to a study that has none, and goes on later."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from automl.core.catalog import ExportFormat, FamilyName, StudyStatus, TrialState
from automl.core.errors import DiskFull, StoreUnavailable, TrialGivesWay
from automl.core.leases import Leases
from automl.core.ports import Store
from automl.core.state import State
from automl.core.study import Budget, Study
from automl.core.trial import Attempt, Candidate
from automl.runner import control, way
from automl.runner.control import AttemptControl
from automl.runner.way import Way
from automl.store.claim import AWAY_SECONDS
from tests.runner.bench import BRIEF, MLP, TENANT, Bench, Orders, open_bench
from tests.store import values

LINEAR = (FamilyName.LINEAR,)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trials give way however little they have trained."""
    monkeypatch.setattr(way, "READY_SHARE", float("inf"))


@pytest.mark.usefixtures("at_once")
def test_another_study_has_its_first_trial_before_a_long_one_ends(bench: Bench) -> None:
    long = bench.study(budget=Budget(trials=1), families=MLP, space=BRIEF)
    runner = bench.runner(checkpoint_seconds=0.0)
    attempt = bench.attempt(runner)
    short = bench.study(budget=Budget(trials=1), families=LINEAR)
    runner.run(attempt, line := Orders())
    assert line.looks > 1  # it had begun
    (given,) = bench.trials(long)
    assert (given.state, given.attempts) == (TrialState.WAITING, 1)
    other = bench.attempt(runner)
    assert other.study_id == short.id
    bench.runner().run(other, Orders())
    assert bench.trials(short)[0].state is TrialState.COMPLETE
    assert bench.trials(long)[0].state is TrialState.WAITING
    assert bench.work_off(short, bench.runner()).status is StudyStatus.SUCCEEDED
    assert bench.work_off(long, bench.runner()).status is StudyStatus.SUCCEEDED
    assert bench.trials(long)[0].attempts == 2


def undisturbed(folder: Path) -> tuple[Any, ...]:
    folder.mkdir()
    bench = open_bench(folder)
    study = bench.study(budget=Budget(trials=1), families=MLP, space=BRIEF)
    bench.work_off(study, bench.runner())
    result = outcome(bench, study)
    bench.store.close()
    return result


@pytest.mark.usefixtures("at_once")
def test_who_gives_way_again_and_again_ends_in_the_same_bytes(bench: Bench, tmp_path: Path) -> None:
    """Two studies of networks, a worker: each gives way to the other after every epoch."""
    one, two = (bench.study(budget=Budget(trials=1), families=MLP, space=BRIEF) for _ in range(2))
    runner, order = bench.runner(checkpoint_seconds=0.0), []
    while not (bench.read(one).status.ended and bench.read(two).status.ended):
        if (work := bench.claim(runner)) is not None:
            order.append(work.study_id)
            values.age(bench.store, AWAY_SECONDS + 1.0)  # it trains for so long
            runner.run(work, Orders())
    turns = sum(before != after for before, after in pairwise(order))
    assert turns > 20
    assert max(trial.attempts for trial in bench.trials(one)) > 10
    assert outcome(bench, one) == outcome(bench, two) == undisturbed(tmp_path / "alone")


def outcome(bench: Bench, study: Study) -> tuple[Any, ...]:
    """Return the leaderboard and the model's bytes."""
    stands = bench.read(study)
    assert stands.model_id is not None
    with bench.store.unit() as unit:
        model = unit.models.get(TENANT, stands.model_id)
    board = [(t.number, t.candidate, t.value, t.fold_values, t.rungs) for t in bench.trials(study)]
    return board, b"".join(bench.store.artifacts.read(model.formats[ExportFormat.ONNX].id))


@dataclass
class Clock:
    now: float = 100.0

    def monotonic(self) -> float:
        return self.now


@dataclass
class Place:
    """A control at a clock that a test sets, and a store that says who waits."""

    clock: Clock
    control: AttemptControl
    asked: int = 0
    waits: bool | Exception = True
    full: bool = False
    """Whether no checkpoint finds room."""
    held: int = 1
    """How many train together."""
    tries: int = 0
    """Checkpoints, stored or not."""
    beside: list[AttemptControl] = field(default_factory=list)

    def save(self, after: float) -> None:
        """Offer a checkpoint so many seconds later."""
        self.clock.now += after
        self.control.check()
        self.control.save(lambda: State({}))


Make = Callable[..., Place]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Make:
    def made(
        left: float | None = None,
        *,
        family: FamilyName = FamilyName.MLP,
        spent: float = 0.0,
        beside: int = 0,
        prepared: float = 0.0,
    ) -> Place:
        clock = Clock()
        monkeypatch.setattr(control, "time", clock)
        monkeypatch.setattr(way, "time", clock)

        def in_the_way(_: Attempt, held: int) -> bool:
            assert held == found.held
            found.asked += 1
            if isinstance(found.waits, Exception):
                raise found.waits
            return found.waits

        def put(*_: object) -> SimpleNamespace:
            found.tries += 1
            if found.full:
                raise DiskFull
            return SimpleNamespace(id="art_1")

        leases = SimpleNamespace(in_the_way=in_the_way, checkpoint=lambda *_: None)
        artifacts = SimpleNamespace(put=put)
        shared = Way(cast("Leases", leases), pause=10.0, taken=clock.now - prepared)

        def control_of(number: int) -> AttemptControl:
            return AttemptControl(
                cast("Store", SimpleNamespace(leases=leases, artifacts=artifacts)),
                Attempt("st_1", TENANT, number, 1, Candidate(family), left, None),
                Orders(),
                limit=0.0,
                spent=spent if number == 0 else 0.0,
                checkpoint_seconds=10.0,
                way=shared,
            )

        found = Place(clock, control_of(0), held=1 + beside)
        found.beside = [control_of(1 + number) for number in range(beside)]
        found.control.check()
        return found

    return made


def test_it_is_asked_with_a_checkpoint_only(place: Make) -> None:
    here = place()
    here.save(after=9.0)
    assert here.asked == 0
    with pytest.raises(TrialGivesWay):
        here.save(after=1.0)
    assert here.asked == 1


def test_it_keeps_its_place_where_nobody_waits_or_nobody_knows(place: Make) -> None:
    here = place()
    here.waits = False
    here.save(after=10.0)
    here.waits = StoreUnavailable()
    here.save(after=10.0)
    assert here.asked == 2


def test_it_keeps_its_place_where_its_checkpoint_finds_no_room(place: Make) -> None:
    here = place()
    here.full = True
    here.save(after=10.0)
    assert here.asked == 0
    here.full = False
    with pytest.raises(TrialGivesWay):
        here.save(after=10.0)


def test_it_gives_way_once_it_has_trained_ten_times_as_long_as_it_got_ready(place: Make) -> None:
    here = place(prepared=3.0)
    for _ in range(2):
        here.save(after=13.0)
    assert here.asked == 0
    with pytest.raises(TrialGivesWay):
        here.save(after=13.0)


def test_of_those_that_train_together_one_asks_for_all(place: Make) -> None:
    here = place(beside=2)
    here.waits = False
    here.clock.now += 10.0
    for each in (here.control, *here.beside):
        each.save(lambda: State({}))
    assert (here.asked, here.tries) == (1, 3)
    here.waits = True
    with pytest.raises(TrialGivesWay):
        here.save(after=10.0)
    for each in here.beside:
        with pytest.raises(TrialGivesWay):
            each.save(lambda: State({}))
    assert (here.asked, here.tries) == (2, 6)


def test_who_finds_no_room_for_a_checkpoint_stays_and_tries_again_later(place: Make) -> None:
    here = place(beside=1)
    with pytest.raises(TrialGivesWay):
        here.save(after=10.0)
    (other,) = here.beside
    here.full = True
    for _ in range(3):
        here.clock.now += 4.0
        other.save(lambda: State({}))
    assert here.tries == 2
    here.full = False
    here.clock.now += 4.0
    with pytest.raises(TrialGivesWay):
        other.save(lambda: State({}))


def test_all_of_them_keep_their_place_when_one_could_not_be_repeated(place: Make) -> None:
    here = place(left=100.0, spent=45.0, beside=1)
    here.clock.now += 30.0
    (other,) = here.beside
    other.save(lambda: State({}))
    assert here.asked == 1
    assert other.seconds_left() == here.control.seconds_left() == 35.0  # of 70


@pytest.mark.parametrize(("spent", "gives"), [(35.0, True), (45.0, False)])
def test_it_gives_way_while_it_could_be_repeated(place: Make, spent: float, *, gives: bool) -> None:
    here = place(left=100.0, spent=spent)
    if gives:
        with pytest.raises(TrialGivesWay):
            here.save(after=30.0)
        return
    here.save(after=30.0)
    assert here.control.seconds_left() == 35.0  # of 70
    here.save(after=10.0)
    assert here.control.seconds_left() == 25.0  # it hurries once
    here.save(after=40.0)
    assert here.control.seconds_left() == 0.0
    here.control.check()  # and yet the search goes on


def test_who_cannot_plan_does_not_hurry(place: Make) -> None:
    here = place(left=100.0, spent=45.0, family=FamilyName.LIGHTGBM)
    here.save(after=30.0)
    assert here.control.seconds_left() == 70.0
