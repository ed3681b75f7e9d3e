"""Candidates evaluated together: each has the trial that it has alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from typing_extensions import override

from automl import families
from automl.core.catalog import FamilyName
from automl.core.errors import TrialError, TrialGivesWay, TrialPruned, TrialStopped
from automl.core.hyperparameter import Value, defaults
from automl.core.state import State
from automl.core.trial import Candidate
from automl.search.evaluate import Evaluation, evaluate, fits
from automl.search.group import Member, companions, evaluate_together, free
from automl.search.portfolio import portfolio
from automl.search.prepare import Prepared
from automl.search.rungs import NO_BARS, Bars
from automl.training import paying
from automl.training.strides import Kind, Record, Strides
from tests.search import studies
from tests.training.folds import Watcher, equal

FOLDS = 8
SMALL: Mapping[str, Value] = {"layers": 1, "width": 16, "epochs": 5, "batch_size": 32}
CHANGES: tuple[Mapping[str, Value], ...] = (
    {"learning_rate": 0.003},
    {"learning_rate": 0.01, "dropout": 0.3, "clip": 0.0},
    {"l2": 0.01, "epochs": 6, "label_smoothing": 0.1},
)


@dataclass
class Trial:
    """A candidate, its watcher, and all that it was told in the end."""

    candidate: Candidate
    watcher: Watcher = field(default_factory=Watcher)
    bars: Bars = NO_BARS
    resume: State | None = None
    told: list[Evaluation | Exception] = field(default_factory=list)

    @property
    def member(self) -> Member:
        return Member(self.candidate, self.watcher, self.bars, self.resume, self.told.append)

    @property
    def evaluation(self) -> Evaluation:
        (outcome,) = self.told
        assert isinstance(outcome, Evaluation), outcome
        return outcome


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return studies.mixed(tmp_path_factory.mktemp("data"), FamilyName.MLP)


@pytest.fixture
def trials(prepared: Prepared) -> list[Trial]:
    given = portfolio(prepared.spec, prepared.plan)[0]
    return [
        Trial(Candidate(given.family, {**given.params, **SMALL, **change})) for change in CHANGES
    ]


class Known(Strides):
    """What steps took, of which kinds."""

    def __init__(self) -> None:
        super().__init__(lambda _: lambda: 0.0)
        self.begun: list[tuple[Kind, Record]] = []

    @override
    def begin(self, kind: Kind) -> Record:
        self.begun.append((kind, super().begin(kind)))
        return self.begun[-1][1]


def together(prepared: Prepared, *trials: Trial, strides: Strides | None = None) -> None:
    members = [trial.member for trial in trials]
    evaluate_together(prepared, members, device="cpu", threads=1, strides=strides)
    assert all(len(trial.told) == 1 for trial in trials)


def same(one: Evaluation, other: Evaluation) -> None:
    assert one.value == pytest.approx(other.value, abs=1e-3)
    assert (one.epochs, one.parameters) == (other.epochs, other.parameters)
    assert one.rungs == pytest.approx(other.rungs, abs=1e-3)
    np.testing.assert_allclose(one.out_of_fold, other.out_of_fold, atol=2e-3)
    assert [index for index, _ in fits(one.fitted)] == [index for index, _ in fits(other.fitted)]


def test_each_has_the_result_and_the_curve_that_it_has_alone(
    prepared: Prepared, trials: list[Trial]
) -> None:
    together(prepared, *trials, strides=Known())
    for trial in trials:
        same(trial.evaluation, evaluate(prepared, trial.candidate, alone := Watcher()))
        told = [
            [(p.epoch, p.fold, p.fraction) for p in watcher.points]
            for watcher in (trial.watcher, alone)
        ]
        assert told[0] == told[1]


def test_each_passes_its_own_bars(prepared: Prepared, trials: list[Trial]) -> None:
    for trial, bars in zip(trials, ((0.0, 0.0, 0.0), (2.0, None, None), NO_BARS), strict=True):
        trial.bars = bars
    together(prepared, *trials)
    (pruned,) = trials[1].told
    assert isinstance(pruned, TrialPruned)
    assert len(pruned.rungs) == 1
    for trial in (trials[0], trials[2]):
        result = evaluate(prepared, trial.candidate, alone := Watcher(), bars=trial.bars)
        same(trial.evaluation, result)
        assert len(trial.watcher.points) == len(alone.points)


@pytest.mark.parametrize("first", [True, False])
def test_what_ends_one_ends_no_other(prepared: Prepared, trials: list[Trial], first: bool) -> None:
    invalid, stopped, going = trials if first else [trials[n] for n in (1, 0, 2)]
    stopped.watcher = Watcher(stop_after=7)
    invalid.candidate = replace(
        invalid.candidate, params={**invalid.candidate.params, "learning_rate": "high"}
    )
    together(prepared, *trials)
    assert isinstance(stopped.told[0], TrialStopped)
    assert isinstance(invalid.told[0], TrialError)
    same(going.evaluation, evaluate(prepared, going.candidate, Watcher()))


def test_the_first_that_is_told_does_not_wait_for_the_others(
    prepared: Prepared, trials: list[Trial]
) -> None:
    order: list[int] = []
    short = Candidate(
        trials[1].candidate.family, {**trials[1].candidate.params, "epochs": 5, "patience": 3}
    )
    long = Candidate(short.family, {**short.params, "epochs": 20, "patience": 50})
    members = [
        Member(candidate, Watcher(), NO_BARS, None, lambda _, n=n: order.append(n))  # type: ignore[misc]
        for n, candidate in enumerate((long, short))
    ]
    evaluate_together(prepared, members, device="cpu", threads=1)
    assert order == [1, 0]


@pytest.mark.parametrize("bars", [NO_BARS, (0.0, 0.0, 0.0)])
def test_each_goes_on_alone_or_together_from_its_own_checkpoint(
    prepared: Prepared, trials: list[Trial], bars: Bars
) -> None:
    for trial in trials:
        trial.bars = bars
    together(prepared, *trials)
    for part in (0.1, 0.5, 0.9):
        again = []
        for trial in trials:
            state = trial.watcher.states[int(part * len(trial.watcher.states))]
            again.append(Trial(trial.candidate, bars=bars, resume=state))
            alone = evaluate(prepared, trial.candidate, Watcher(), bars=bars, resume=state)
            same(trial.evaluation, alone)
        together(prepared, *again)
        for trial, resumed in zip(trials, again, strict=True):
            same(resumed.evaluation, trial.evaluation)


def test_folds_begun_together_go_on_together_whatever_bars_others_have_set_since(
    prepared: Prepared, trials: list[Trial]
) -> None:
    together(prepared, *trials)
    bars, again = (0.0, 0.0, 0.0), []
    for trial in trials:
        half = trial.watcher.states[len(trial.watcher.states) // 2]
        again.append(Trial(trial.candidate, bars=bars, resume=half))
        watcher = Watcher()
        same(
            trial.evaluation,
            evaluate(prepared, trial.candidate, watcher, bars=bars, resume=half),
        )
        assert len(watcher.points) < len(trial.watcher.points)
    together(prepared, *again)
    for trial, resumed in zip(trials, again, strict=True):
        same(resumed.evaluation, trial.evaluation)
        assert len(resumed.watcher.points) < len(trial.watcher.points)


@dataclass
class Giving(Watcher):
    """Gives way with its third checkpoint, or once another does."""

    others: set[int] = field(default_factory=set)
    """Who gives way, if anybody."""
    asks: bool = False

    @override
    def save(self, state: Callable[[], State]) -> None:
        super().save(state)
        if self.others or (self.asks and len(self.states) == 3):
            self.others.add(id(self))
            raise TrialGivesWay


@pytest.mark.parametrize("asking", range(3))
def test_where_one_gives_way_all_do_as_they_stand(
    prepared: Prepared, trials: list[Trial], asking: int
) -> None:
    given, joined = set[int](), []
    for place, trial in enumerate(trials):
        trial.watcher = Giving(others=given, asks=place == asking)
    whole = [evaluate(prepared, trial.candidate, Watcher()) for trial in trials]
    members = [trial.member for trial in trials]
    evaluate_together(prepared, members, device="cpu", threads=1, refill=lambda: joined.append(0))
    assert all(isinstance(trial.told[0], TrialGivesWay) for trial in trials)
    assert (len(given), joined) == (3, [])
    assert {trial.watcher.points[-1].epoch for trial in trials} == {3}
    again = [Trial(each.candidate, resume=each.watcher.states[-1]) for each in trials]
    together(prepared, *again)
    for trial, expected in zip(again, whole, strict=True):
        same(trial.evaluation, expected)
        assert {point.epoch for point in trial.watcher.points} >= {4, 5}


def test_one_member_is_evaluated_alone(prepared: Prepared, trials: list[Trial]) -> None:
    together(prepared, trials[0])
    alone = evaluate(prepared, trials[0].candidate, Watcher())
    assert equal(trials[0].evaluation.fitted, alone.fitted)


def test_what_does_not_pay_together_is_evaluated_one_by_one(prepared: Prepared) -> None:
    params = defaults(families.spec(FamilyName.DECISION_TREE).space)
    trees = [
        Trial(Candidate(FamilyName.DECISION_TREE, {**params, "max_leaf_nodes": leaves}))
        for leaves in (4, 0, 16)
    ]
    together(prepared, *trees)
    assert isinstance(trees[1].told[0], TrialError)
    for trial in (trees[0], trees[2]):
        alone = evaluate(prepared, trial.candidate, Watcher())
        assert equal(trial.evaluation.fitted, alone.fitted)
    assert companions(prepared, trees[0].candidate, device="cpu") == 1
    assert free(trees[0].candidate) == frozenset()


def test_more_train_together_where_there_is_nothing_but_networks(
    prepared: Prepared, trials: list[Trial]
) -> None:
    candidate, plan = trials[0].candidate, prepared.plan
    beside = replace(prepared, plan=replace(plan, families=(FamilyName.MLP, FamilyName.LINEAR)))
    assert companions(prepared, candidate, device="cpu") == paying.SWEEP_LANES // FOLDS
    assert companions(beside, candidate, device="cpu") == max(1, paying.LANES // FOLDS)


def test_fewer_train_together_where_groups_have_shown_that_it_is_cheaper(
    prepared: Prepared, trials: list[Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a group takes down, it takes down for the next one like it, and for no other."""
    monkeypatch.setattr(paying, "SWEEP_LANES", 3 * FOLDS)
    known, candidate = Known(), trials[0].candidate
    short = [replace(trial, candidate=with_(trial.candidate, epochs=1)) for trial in trials[:2]]
    together(prepared, *short, strides=known)
    ((kind, _),) = known.begun
    assert companions(prepared, candidate, device="cpu", strides=known) == 3
    for _ in range(2):
        record = known.begin(kind)
        for lanes in 3 * (FOLDS, 3 * FOLDS):
            record.add(lanes, float(lanes))
    assert companions(prepared, candidate, device="cpu", strides=known) == 1
    assert companions(prepared, candidate, device="cpu") == 3
    wide = with_(candidate, width=64)
    assert companions(prepared, wide, device="cpu", strides=known) == 3


def with_(candidate: Candidate, **changes: Value) -> Candidate:
    return replace(candidate, params={**candidate.params, **changes})


def test_what_may_differ_is_said_by_name(prepared: Prepared, trials: list[Trial]) -> None:
    for trial in trials:
        names = free(trial.candidate)
        assert {"learning_rate", "l1", "l2", "dropout", "schedule", "epochs"} <= names
        assert not names & {"width", "layers", "activation", "optimizer", "batch_size", "loss"}
        assert companions(prepared, trial.candidate, device="cpu") > 1
    without = {**trials[0].candidate.params, "dropout": 0.0}
    assert "dropout" not in free(Candidate(FamilyName.MLP, without))
