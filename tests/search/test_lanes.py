"""A candidate's folds as lanes: the same trial, whatever trains beside what."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from automl.core.catalog import FamilyName
from automl.core.errors import TrialPruned, TrialStopped
from automl.core.hyperparameter import Value
from automl.core.state import State, nest, unnest
from automl.core.trial import Candidate
from automl.search.checkpoint import RUNGS
from automl.search.evaluate import Evaluation, evaluate, fits
from automl.search.portfolio import portfolio
from automl.search.prepare import Prepared
from automl.search.rungs import NO_BARS, Bars
from automl.training import lanes
from tests.search import studies
from tests.training.folds import Watcher, equal

SMALL: Mapping[str, Value] = {"layers": 1, "width": 16, "epochs": 5, "batch_size": 32}
FOLDS = 8


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return studies.mixed(tmp_path_factory.mktemp("data"), FamilyName.MLP)


@pytest.fixture(scope="module")
def candidate(prepared: Prepared) -> Candidate:
    given = portfolio(prepared.spec, prepared.plan)[0]
    return Candidate(given.family, {**given.params, **SMALL})


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many folds each call of the lanes' training was given, as they come."""
    counts: list[int] = []
    fit = lanes.fit

    def spy(family, params, folds, *rest, **named):  # type: ignore[no-untyped-def]
        counts.append(len(folds))
        return fit(family, params, folds, *rest, **named)

    monkeypatch.setattr(lanes, "fit", spy)
    return counts


def run(
    prepared: Prepared,
    candidate: Candidate,
    watcher: Watcher | None = None,
    *,
    bars: Bars = NO_BARS,
    resume: State | None = None,
) -> Evaluation:
    return evaluate(prepared, candidate, watcher or Watcher(), bars=bars, resume=resume)


def test_folds_give_the_same_together_and_one_after_the_other(
    prepared: Prepared,
    candidate: Candidate,
    trained: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    together = run(prepared, candidate, watched := Watcher())
    assert trained == [FOLDS]
    monkeypatch.setattr(lanes, "pay", lambda *_: False)
    alone = run(prepared, candidate, watcher := Watcher())
    assert trained == [FOLDS]
    assert together.value == pytest.approx(alone.value, abs=1e-3)
    assert (together.epochs, together.parameters) == (alone.epochs, alone.parameters)
    assert together.rungs == pytest.approx(alone.rungs, abs=1e-3)
    assert len(together.rungs) == 3
    np.testing.assert_allclose(together.out_of_fold, alone.out_of_fold, atol=1e-3)
    assert [i for i, _ in fits(together.fitted)] == [i for i, _ in fits(alone.fitted)]
    told = [[(p.epoch, p.fold, p.fraction) for p in each.points] for each in (watched, watcher)]
    assert told[0] == told[1]
    assert [point.epoch for point in watched.points] == list(range(1, 5 * FOLDS + 1))


@pytest.mark.parametrize(
    ("bars", "counts"),
    [
        (NO_BARS, [8]),
        ((None, None, None), [8]),
        ((0.0, None, None), [7]),
        ((0.0, 0.0, None), [7]),
        ((0.0, 0.0, 0.0), [2, 5]),
        ((None, None, 0.0), [3, 5]),
    ],
)
def test_what_may_be_pruned_trains_no_further_than_its_next_bar(
    prepared: Prepared, candidate: Candidate, trained: list[int], bars: Bars, counts: list[int]
) -> None:
    run(prepared, candidate, bars=bars)
    assert trained == counts


def test_a_trial_below_its_bar_ends_before_the_other_folds(
    prepared: Prepared, candidate: Candidate, trained: list[int]
) -> None:
    for bars, rungs in (((None, 2.0, None), 2), ((None, None, 2.0), 3)):
        with pytest.raises(TrialPruned) as pruned:
            run(prepared, candidate, bars=bars)
        assert len(pruned.value.rungs) == rungs
    assert trained == [3]


@pytest.mark.parametrize("bars", [NO_BARS, (0.0, 0.0, 0.0)])
def test_lanes_go_on_from_any_checkpoint(
    prepared: Prepared, candidate: Candidate, bars: Bars
) -> None:
    whole = run(prepared, candidate, watcher := Watcher(), bars=bars)
    for state in watcher.states[:: max(1, len(watcher.states) // 5)]:
        again = run(prepared, candidate, rest := Watcher(), bars=bars, resume=state)
        assert (again.value, again.fold_values) == (whole.value, whole.fold_values)
        assert again.rungs == whole.rungs
        assert equal(again.fitted, whole.fitted)
        if rest.points:
            ends = range(rest.points[0].epoch, len(watcher.points) + 1)
            assert [point.epoch for point in rest.points] == list(ends)


@pytest.mark.parametrize(("told", "first"), [(True, 13), (False, 11)])
def test_a_fold_begun_alone_goes_on_alone_if_its_checkpoint_tells_and_else_begins_anew(
    prepared: Prepared,
    candidate: Candidate,
    monkeypatch: pytest.MonkeyPatch,
    *,
    told: bool,
    first: int,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(lanes, "pay", lambda *_: False)  # as before there were lanes
        with pytest.raises(TrialStopped):
            run(prepared, candidate, cut := Watcher(stop_after=13))
    parts = unnest(cut.states[-1])
    if not told:  # nor did it tell then
        climbed = {name: each for name, each in parts[RUNGS].header.items() if name != "begun"}
        parts[RUNGS] = State(climbed)
    again = run(prepared, candidate, watcher := Watcher(), resume=nest(parts))
    assert [i for i, _ in fits(again.fitted)] == list(range(FOLDS))
    assert watcher.points[0].epoch == first
    assert watcher.points[-1].epoch == 5 * FOLDS


def test_the_time_left_is_shared_by_all_folds(
    tmp_path: Path, prepared: Prepared, candidate: Candidate
) -> None:
    long = Candidate(candidate.family, {**candidate.params, "epochs": 200, "patience": 50})
    result = run(prepared, long, watcher := Watcher(left=lambda: 0.0))
    assert all(value is not None for value in result.fold_values)
    assert [point.fold for point in watcher.points] == list(range(FOLDS))
