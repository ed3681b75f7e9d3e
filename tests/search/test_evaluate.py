"""A candidate's result, for families whose file holds every fold and for those refitted on all."""

from dataclasses import replace

import numpy as np
import pytest
from typing_extensions import override

from automl.core import metric
from automl.core.catalog import FamilyName, TrialState
from automl.core.errors import TrialPruned, TrialStopped
from automl.core.state import State
from automl.core.trial import Candidate, Trial
from automl.families.extra_trees import model as extra_trees
from automl.finish import Entry, finish, train_member
from automl.search.evaluate import Evaluation, evaluate, fits, follow
from automl.search.portfolio import portfolio
from automl.search.prepare import WHOLE, Prepared
from tests.search import studies
from tests.training.folds import Watcher

FOREST, BOOSTED = FamilyName.EXTRA_TREES, FamilyName.LIGHTGBM


class Cut(Watcher):
    """Stops once there are so many checkpoints."""

    def __init__(self, checkpoints: int) -> None:
        super().__init__()
        self._checkpoints = checkpoints

    @override
    def check(self) -> None:
        if len(self.states) == self._checkpoints:
            raise TrialStopped


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return studies.mixed(tmp_path_factory.mktemp("data"), FOREST, BOOSTED)


def candidate(prepared: Prepared, family: FamilyName, **params: int | str) -> Candidate:
    defaults = next(c for c in portfolio(prepared.spec, prepared.plan) if c.family is family)
    return Candidate(family, {**defaults.params, **params})


def forest(prepared: Prepared, watcher: Watcher, resume: State | None = None) -> Evaluation:
    return evaluate(
        prepared, candidate(prepared, FOREST, trees=12, leaf_rows="least"), watcher, resume=resume
    )


def entry(prepared: Prepared, result: Evaluation) -> Entry:
    given = candidate(prepared, FOREST, trees=12, leaf_rows="least")
    trial = Trial("st_test", 0, TrialState.COMPLETE, given, result.value, parameters=1)
    return Entry(trial, lambda: result.out_of_fold, lambda: result.fitted)


def test_a_refitted_family_keeps_one_fit_on_all_rows(prepared: Prepared) -> None:
    watcher = Watcher()
    result = forest(prepared, watcher)
    ((index, state),) = fits(result.fitted)
    assert index == WHOLE
    assert len(state.arrays["row"]) == result.parameters  # leaves
    assert len(result.fold_values) == len(prepared.folds)
    assert {point.fold for point in watcher.points} == set(range(len(prepared.folds)))
    encoded = prepared.encoded(WHOLE, candidate(prepared, FOREST))
    assert len(encoded.train.y) == len(prepared.y)


def test_others_keep_every_fold(prepared: Prepared) -> None:
    given = candidate(prepared, BOOSTED, max_rounds=10)
    result = evaluate(prepared, given, Watcher())
    assert [index for index, _ in fits(result.fitted)] == list(range(len(prepared.folds)))


def test_a_checkpoint_is_offered_while_something_is_left_to_train(prepared: Prepared) -> None:
    refitted, others = Watcher(), Watcher()
    forest(prepared, refitted)
    evaluate(prepared, candidate(prepared, BOOSTED, max_rounds=10), others)
    assert len(refitted.states) == len(prepared.folds) == len(others.states) + 1


def test_rows_are_judged_by_fits_that_did_not_see_them(prepared: Prepared) -> None:
    """Full-grown trees know the rows they trained on by heart: the fit on all rows judges none."""
    result = forest(prepared, Watcher())
    (part,) = train_member(prepared, entry(prepared, result), 1.0).parts()
    known = part.fitted.predict(part.encoder.transform(prepared.frame))
    assert prepared.score(prepared.y, known) > 0.999 > result.value


@pytest.mark.parametrize("folds", [1, 3])
def test_a_refitted_family_goes_on_from_a_checkpoint(prepared: Prepared, folds: int) -> None:
    whole = forest(prepared, Watcher())
    cut = Cut(folds)
    with pytest.raises(TrialStopped):
        forest(prepared, cut)
    again = forest(prepared, Watcher(), resume=cut.states[-1])
    assert again.fold_values == whole.fold_values
    assert np.array_equal(again.out_of_fold, whole.out_of_fold)
    assert all(
        np.array_equal(array, again.fitted.arrays[name])
        for name, array in whole.fitted.arrays.items()
    )


def test_below_its_bar_a_refitted_family_is_not_fitted_on_all_rows(prepared: Prepared) -> None:
    held = replace(prepared, folds=prepared.folds[:1])
    given, control = candidate(held, FOREST, trees=12), Watcher()
    (value,) = evaluate(held, given, control).fold_values
    assert value is not None
    beyond = value + 1 if metric.maximize(held.plan.metric) else value - 1
    course = follow(held, given, control, bars=(None, beyond), resume=None, device="cpu", threads=1)
    (fold,) = next(course).folds
    fitted = extra_trees.fit(given.params, fold, control)
    with pytest.raises(TrialPruned) as pruned:
        course.send([fitted])
    assert pruned.value.rungs == (None, value)


def test_its_file_is_that_fit(prepared: Prepared) -> None:
    result = forest(prepared, Watcher())
    finished = finish(prepared, [entry(prepared, result)])
    assert [member.family for member in finished.card.members] == [FOREST]
    assert finished.card.parity <= 1e-5
    assert not finished.card.excluded
