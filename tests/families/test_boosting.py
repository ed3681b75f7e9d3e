"""What LightGBM and CatBoost have in common: awkward data, little time, many threads."""

from dataclasses import replace

import numpy as np
import pytest

from automl.core.catalog import FamilyName, TaskType, TrialFailure
from automl.core.errors import TrialError
from automl.core.hyperparameter import defaults
from automl.core.learner import Examples, Fitted, Fold
from automl.training.archive import pack
from tests.families import cases
from tests.families.cases import Case
from tests.families.watcher import Watcher
from tests.families.written import parity

NAMES = (FamilyName.LIGHTGBM, FamilyName.CATBOOST)
BINARY, MULTICLASS, REGRESSION = (
    [Case(name, task, outputs) for name in NAMES]
    for task, outputs in (
        (TaskType.CLASSIFICATION, 2),
        (TaskType.CLASSIFICATION, 3),
        (TaskType.REGRESSION, 1),
    )
)
every_case = pytest.mark.parametrize("case", [*BINARY, *MULTICLASS, *REGRESSION], ids=str)
binary = pytest.mark.parametrize("case", BINARY, ids=str)
regression = pytest.mark.parametrize("case", REGRESSION, ids=str)


def fit(case: Case, fold: Fold, watcher: Watcher | None = None) -> Fitted:
    params = defaults(case.space) | {"max_rounds": 40}
    return cases.train(case, params, fold, watcher or Watcher())


@regression
def test_missing_cells_of_a_feature_complete_in_training(case: Case) -> None:
    fold = cases.fold(case, rows=600)
    complete = np.nan_to_num(fold.train.x)
    fitted = fit(case, replace(fold, train=Examples(complete, fold.train.y)))
    probe = fold.valid.x.copy()
    probe[np.random.default_rng(0).random(probe.shape) < 0.3] = np.nan
    assert parity(fitted, probe) <= 1e-5


@every_case
@pytest.mark.parametrize("trouble", ["constant", "one row", "one class", "one column"])
def test_awkward_data_gives_a_model(case: Case, trouble: str) -> None:
    fold = cases.awkward(cases.fold(case, rows=100), trouble)
    fitted = fit(case, fold)
    predictions = fitted.predict(fold.valid.x)
    assert np.isfinite(predictions).all()
    assert parity(fitted, fold.valid.x) <= 1e-5
    assert np.array_equal(cases.load(case, fitted.state()).predict(fold.valid.x), predictions)


@binary
def test_its_rows_are_left_as_they_were(case: Case) -> None:
    fold = cases.fold(case)
    before, valid = fold.train.x.copy(), fold.valid.x.copy()
    fit(case, fold)
    assert np.array_equal(fold.train.x, before, equal_nan=True)
    assert np.array_equal(fold.valid.x, valid, equal_nan=True)


@binary
def test_without_a_feature_the_candidate_is_invalid(case: Case) -> None:
    fold = cases.fold(case)
    with pytest.raises(TrialError, match="no feature") as caught:
        fit(case, replace(fold, train=Examples(fold.train.x[:, :0], fold.train.y)))
    assert caught.value.failure is TrialFailure.INVALID_CANDIDATE


@binary
def test_little_time_still_gives_a_model(case: Case) -> None:
    watcher = Watcher(left=0.0)
    fitted = fit(case, cases.fold(case), watcher)
    assert fitted.epochs == len(watcher.points) == 1


# One of LightGBM's: its threads wait for each other, on a busy machine for minutes.
@pytest.mark.parametrize("case", [*BINARY, MULTICLASS[1], REGRESSION[1]], ids=str)
def test_threads_do_not_change_the_model(case: Case) -> None:
    fold = cases.fold(case)
    one, two = (fit(case, replace(fold, threads=count)) for count in (1, 2))
    assert pack(one.state()) == pack(two.state())
