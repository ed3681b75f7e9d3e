"""Candidates trained beside each other give what each gives alone, and end each for itself."""

import gc
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pytest
import torch
from typing_extensions import override

from automl.core.errors import TrialError, TrialStopped
from automl.core.hyperparameter import Params, Value
from automl.core.learner import Examples, Fitted, Fold, Followed, NetworkFamily
from automl.core.state import State
from automl.families import lanes as stacking
from automl.families.mlp import model as mlp
from automl.families.realmlp import model as realmlp
from automl.families.resnet import model as resnet
from automl.families.tabm import model as tabm
from automl.training import archive, lanes
from automl.training.fit import fit
from automl.training.lanes import Lanes, Outcome
from automl.training.stacked import Stacked
from automl.training.strides import Record
from tests.training.folds import Watcher, classification, equal, regression
from tests.training.test_lanes import falling, folds, near, params

ROWS = (160, 161, 170)

CHANGES: tuple[dict[str, Value], ...] = (
    {"learning_rate": 0.01, "l2": 0.3, "dropout": 0.1, "patience": 2, "epochs": 7},
    {"learning_rate": 0.002, "l2": 0.0, "dropout": 0.4, "schedule": "one_cycle", "clip": 0.5},
    {"learning_rate": 0.03, "penalty": "both", "l1": 1e-4, "dropout": 0.25, "warmup": 0.3},
    {"learning_rate": 0.005, "dropout": 0.1, "fade": True, "epochs": 2, "clip": 5.0},
)


@dataclass
class Entry:
    """A candidate, and what became of it."""

    params: Params
    folds: Sequence[Fold]
    family: NetworkFamily = mlp
    watcher: Watcher = field(default_factory=Watcher)
    resume: State | None = None
    outcome: Outcome | None = None

    @property
    def fitted(self) -> list[Fitted]:
        assert isinstance(self.outcome, list), self.outcome
        return self.outcome

    def check(self) -> None:
        """Fail unless this is what comes of training it alone."""
        for fold, one in zip(self.folds, self.fitted, strict=True):
            other = fit(self.family, self.params, fold, Watcher())
            near(one.state(), other.state())


def beside(*entries: Entry, clock: Callable[[], float] | None = None) -> None:
    """Train them all; every outcome is told once."""
    every = Lanes(stacking, clock=clock) if clock else Lanes(stacking)
    waiting = {
        every.add(each.family, each.params, each.folds, each.watcher, each.resume): each
        for each in entries
    }
    while waiting:
        for training, outcome in every.epoch():
            waiting.pop(training).outcome = outcome


def entries(
    changes: Sequence[Params], *, family: NetworkFamily = mlp, make: Callable[..., Fold]
) -> list[Entry]:
    given = folds(ROWS, make)
    each = [[replace(fold, seed=fold.seed + 10 * n) for fold in given] for n in range(len(changes))]
    return [
        Entry(params(family, change), seen, family)
        for change, seen in zip(changes, each, strict=True)
    ]


@pytest.mark.parametrize("make", [classification, regression])
@pytest.mark.parametrize(
    ("family", "common"),
    [
        (mlp, {}),
        (mlp, {"normalization": "layer", "optimizer": "adam"}),
        # Not Adam, which enlarges rounding: a bias before batch normalization has nothing else.
        (mlp, {"normalization": "batch", "optimizer": "sgd", "nesterov": True, "momentum": 0.5}),
        (mlp, {"optimizer": "rmsprop", "momentum": 0.2, "activation": "mish"}),
        (resnet, {"residual_dropout": 0.1}),
        (realmlp, {}),
        (tabm, {"members": 4, "bins": 6}),
    ],
)
def test_a_candidate_beside_others_is_the_candidate_alone(
    family: NetworkFamily, common: dict[str, Value], make: Callable[..., Fold]
) -> None:
    changes: list[dict[str, Value]] = [{**common, **change} for change in CHANGES]
    if "momentum" in common:
        changes[1]["momentum"] = 0.9
    if family is realmlp:
        changes[1] |= {"beta2": 0.999, "sigma": 0.3, "fade": False, "schedule": "cosine"}
    if family is resnet:
        changes[2]["residual_dropout"] = 0.0
    if make is classification:
        changes[0]["label_smoothing"] = 0.1
        changes[2]["class_weight"] = "balanced"
    given = entries(changes, family=family, make=make)
    beside(*given)
    for each in given:
        each.check()


def test_each_hears_of_its_own_epochs_as_alone() -> None:
    given = entries(CHANGES, make=classification)
    beside(*given)
    for each in given:
        heard = each.watcher.points
        assert [point.epoch for point in heard] == list(range(1, len(heard) + 1))
        assert [point.fold for point in heard] == sorted(point.fold or 0 for point in heard)
        lanes.fit(mlp, each.params, each.folds, alone := Watcher(), stacking=stacking)
        for one, other in zip(heard, alone.points, strict=True):
            assert one.train_loss == pytest.approx(other.train_loss, rel=1e-3)
            assert one.valid_loss == pytest.approx(other.valid_loss, rel=1e-3)
            assert one.learning_rate == pytest.approx(other.learning_rate)
            assert (one.fold, one.fraction) == (other.fold, other.fraction)


def test_one_that_diverges_ends_alone() -> None:
    given = entries(CHANGES[:3], make=regression)
    broken = [replace(f, train=Examples(f.train.x.copy(), f.train.y)) for f in given[1].folds]
    broken[1].train.x[7] = np.nan
    given[1].folds = broken
    beside(*given)
    assert isinstance(given[1].outcome, TrialError)
    assert "diverged in epoch 1" in str(given[1].outcome)
    for each in (given[0], given[2]):
        each.check()


@pytest.mark.parametrize("watcher", [Watcher(stop_at=6), Watcher(stop_after=1)])
def test_one_that_is_stopped_ends_alone(watcher: Watcher) -> None:
    given = entries(CHANGES[:3], make=classification)
    given[2].watcher = watcher
    beside(*given)
    assert isinstance(given[2].outcome, TrialStopped)
    assert watcher.checks <= 6
    for each in given[:2]:
        each.check()


def test_lanes_end_by_their_own_patience() -> None:
    bests = ((3, 1), (6, 2), (1, 4))

    def given(best: Sequence[int]) -> list[Fold]:
        return [falling(fold, at) for fold, at in zip(folds((160, 160)), best, strict=True)]

    patient = params(mlp, {"patience": 3, "epochs": 20})
    every = [Entry({**patient, "l2": 0.1 * n}, given(best)) for n, best in enumerate(bests)]
    beside(*every)
    assert [tuple(each.epochs for each in entry.fitted) for entry in every] == list(bests)


def test_other_shapes_wait_for_their_turn() -> None:
    given = entries(CHANGES[:2], make=classification)
    given += entries([{**CHANGES[2], "width": 8}], make=classification)
    beside(*given)
    for each in given:
        each.check()


@pytest.mark.parametrize("count", [1, 3])
def test_a_checkpoint_is_the_same_as_alone(count: int) -> None:
    given = entries(CHANGES[:3], make=classification)
    for each in given:
        each.folds = each.folds[:count]
        each.params = {**each.params, "epochs": 5, "patience": 50}
    beside(*given)
    again = [replace(each, watcher=Watcher(), outcome=None) for each in given]
    for each, other in zip(given, again, strict=True):
        stored = archive.unpack(archive.pack(each.watcher.states[2]))
        if count == 1:
            resumed = [fit(mlp, each.params, each.folds[0], Watcher(), stored)]
        else:
            resumed = lanes.fit(mlp, each.params, each.folds, Watcher(), stored, stacking=stacking)
        for one, whole in zip(resumed, each.fitted, strict=True):
            near(one.state(), whole.state())
        other.resume = stored
    beside(*again)
    for each, other in zip(given, again, strict=True):
        assert all(
            equal(a.state(), b.state()) for a, b in zip(each.fitted, other.fitted, strict=True)
        )


def test_plans_are_shortened_to_the_time_that_each_has_left() -> None:
    clock = iter(range(1_000_000))
    seen = [0.0]

    def now() -> float:
        seen.append(float(next(clock)))
        return seen[-1]

    long = {"epochs": 300, "patience": 300}
    given = entries([long, {"epochs": 3}, {**long, "l2": 0.0}], make=regression)
    given[0].watcher = Watcher(left=lambda: 400.0 - seen[-1])
    given[2].watcher = Watcher(left=lambda: 900.0 - seen[-1])
    beside(*given, clock=now)
    assert seen[-1] < 900.0
    for each in given:
        last = [point for point in each.watcher.points if point.fraction == 1.0]
        assert [point.fold for point in last] == [0, 1, 2]
    counts = [len(each.watcher.points) for each in given]
    assert 9 == counts[1] < counts[0] < counts[2] < 900


@pytest.mark.parametrize(("where", "spared"), [("step", 5), ("outputs", 1), ("__init__", 0)])
def test_fewer_train_together_when_memory_runs_out(
    where: str, spared: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tried = getattr(Stacked, where), []

    def short(self: Stacked, given: object = None, *rest: object) -> object:
        lanes = given if isinstance(given, list) else self.lanes
        tried.append(len(lanes))
        if len(lanes) > 4 and len(tried) > spared:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(self, *([] if given is None else [given]), *rest)

    monkeypatch.setattr(Stacked, where, short)
    common: dict[str, Value] = {"normalization": "batch", "epochs": 4, "patience": 50}
    common |= {"optimizer": "sgd", "nesterov": False, "momentum": 0.9}
    given = entries([{**change, **common} for change in CHANGES], make=classification)
    beside(*given)
    assert {12, 6, 3} <= set(tried)
    for each in given:
        assert len(each.watcher.points) == 12
        each.check()


def test_what_was_said_of_an_epoch_is_remembered_once_where_memory_ran_out_in_it() -> None:
    common: dict[str, Value] = {"epochs": 4, "patience": 50}
    given = entries([{**change, **common} for change in CHANGES], make=classification)
    for each in given:
        each.folds = [replace(fold, followed=True) for fold in each.folds]
    last, calls = given[-1].folds[-1], []

    def score(said: npt.NDArray[np.float64]) -> float:
        calls.append(len(said))
        if len(calls) == 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return last.score(said)

    given[-1].folds = [*given[-1].folds[:-1], replace(last, score=score)]
    beside(*given)
    assert len(calls) == 5, "the second epoch twice"
    for each in given:
        alone = [*each.folds[:-1], last] if each is given[-1] else each.folds
        for fold, one in zip(alone, each.fitted, strict=True):
            other = fit(each.family, each.params, fold, Watcher())
            assert isinstance(one, Followed)
            assert isinstance(other, Followed)
            assert one.trail is not None
            assert other.trail is not None
            assert one.trail.steps == other.trail.steps == [1, 2, 3, 4]
            assert np.abs(np.subtract(one.trail.said, other.trail.said)).max() < 1e-4


def test_one_that_does_not_fit_alone_fails_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    given = entries(CHANGES[:2], make=classification)
    fold = given[0].folds[1]

    def score(_: object) -> float:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    given[0].folds = [given[0].folds[0], replace(fold, score=score)]
    beside(*given)
    assert isinstance(given[0].outcome, TrialError)
    assert "did not fit into memory" in str(given[0].outcome)
    given[1].check()


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Leave circles of references in memory, as they are left for long in a process this large."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
def test_what_has_ended_is_in_no_circle() -> None:
    every, given = Lanes(stacking), entries(CHANGES[2:], make=classification)

    def added(entry: Entry) -> list[weakref.ref[torch.nn.Module]]:
        training = every.add(entry.family, entry.params, entry.folds, entry.watcher)
        return [weakref.ref(lane.progress.network) for lane in training.lanes]

    networks = [network for entry in given for network in added(entry)]
    left = len(given)
    while left:
        left -= len(every.epoch())
    assert [network() for network in networks] == [None] * len(given) * len(ROWS)


class Steps(Record):
    """A record whose clock is set, and what it was told."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(lambda: self.now)
        self.told: list[tuple[int, float]] = []

    @override
    def add(self, lanes: int, seconds: float) -> None:
        self.told.append((lanes, seconds))


def test_a_lanes_step_is_taken_down_but_in_a_programs_first_epoch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A step of twelve lanes takes 12 s, one of six 3: so much is a lane's 1 s, and half of one."""
    record, step = Steps(), Stacked.step

    def slow(stacked: Stacked, number: int) -> None:
        record.now += len(stacked.lanes) * (1.0 if len(stacked.lanes) > 6 else 0.5)
        step(stacked, number)

    monkeypatch.setattr(Stacked, "step", slow)
    changes = [
        {"epochs": epochs, "l2": l2} for epochs, l2 in ((3, 0.1), (3, 0.0), (6, 0.0), (6, 0.1))
    ]
    given = entries(changes, make=classification)
    every = Lanes(stacking, record=record)
    waiting = {
        every.add(each.family, each.params, each.folds, each.watcher): each for each in given
    }
    while waiting:
        for training, outcome in every.epoch():
            waiting.pop(training).outcome = outcome
    assert record.told == [(12, 1.0)] * 2 + [(6, 0.5)] * 2
    for each in given:
        each.check()


def test_an_epoch_in_which_one_leaves_is_not_taken_down() -> None:
    record = Steps()
    given = entries(CHANGES[:2], make=classification)
    given[0].watcher = Watcher(stop_at=7)  # in the second
    every = Lanes(stacking, record=record)
    for each in given:
        every.add(each.family, each.params, each.folds, each.watcher)
    for _ in range(4):
        every.epoch()
    assert [lanes for lanes, _ in record.told] == [3]
