"""Trees as arrays: thresholds, the file, averaged leaves."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from automl.core.catalog import FamilyName, TaskType, TrialFailure
from automl.core.errors import TrialError
from automl.core.hyperparameter import Value, defaults
from automl.core.learner import Examples, Fold
from automl.families import averaged, forest, growing
from automl.families.averaged import FittedForest
from automl.training.archive import pack
from tests.families import cases, written
from tests.families.cases import Case
from tests.families.watcher import Watcher


def test_rounding_down_is_exact() -> None:
    random = np.random.default_rng(0)
    cells = random.normal(size=2000).astype(np.float32)
    middles = (np.sort(cells)[:-1].astype(np.float64) + np.sort(cells)[1:]) / 2
    rounded = forest.round_down(middles)
    for middle, limit in zip(middles[::20], rounded[::20], strict=True):
        assert np.array_equal(cells <= middle, cells <= limit)
    assert np.array_equal(forest.round_down(cells.astype(np.float64)), cells)


FOREST = Case(FamilyName.RANDOM_FOREST, TaskType.CLASSIFICATION, 2)
SINGLE = (FamilyName.DECISION_TREE, FamilyName.RANDOM_FOREST, FamilyName.EXTRA_TREES)
every_case = pytest.mark.parametrize(
    "case", [c for c in cases.cases() if c.family in SINGLE], ids=str
)


def candidate(case: Case, more: Mapping[str, Value]) -> dict[str, Value]:
    params = defaults(case.space) | dict(more)
    return {item.name: params[item.name] for item in case.space}


def train(case: Case, fold: Fold, control: Watcher | None = None, **more: Value) -> FittedForest:
    few = {} if case.family is FamilyName.DECISION_TREE or control else {"trees": 15}
    fitted = cases.train(case, candidate(case, few | more), fold, control or Watcher())
    assert isinstance(fitted, FittedForest)
    return fitted


@every_case
def test_cells_on_a_threshold_go_the_same_way(case: Case) -> None:
    fold = cases.fold(case, rows=300)
    fitted = train(case, fold)
    near = fitted.trees.threshold
    rows = []
    for cells in (near, np.nextafter(near, np.float32(9)), np.nextafter(near, np.float32(-9))):
        copies = np.tile(fold.valid.x[0], (len(near), 1))
        copies[np.arange(len(near)), fitted.trees.feature] = cells
        rows.append(copies)
    x = np.concatenate(rows)
    assert written.parity(fitted, x) <= 1e-5


@pytest.mark.parametrize("outputs", [2, 3])
def test_it_predicts_what_scikit_learn_does_without_smoothing(outputs: int) -> None:
    case = replace(FOREST, outputs=outputs)
    fold = cases.fold(case)
    params = candidate(case, {"trees": 20})
    asked = growing.settings(params, fold, features="sqrt")
    fitted = growing.grow(
        RandomForestClassifier(**asked), fold, {**params, "smoothing": 0.0}, Watcher()
    )
    forest = RandomForestClassifier(**{**asked, "n_estimators": 20}).fit(fold.train.x, fold.train.y)
    x = np.concatenate([fold.valid.x, cases.probe(case)])
    assert np.abs(fitted.predict(x) - forest.predict_proba(x)).max() < 1e-5


@every_case
@pytest.mark.parametrize("trouble", ["constant", "one row", "one class", "one column"])
def test_awkward_data_gives_a_model(case: Case, trouble: str) -> None:
    fold = cases.awkward(cases.fold(case, rows=100), trouble)
    fitted = train(case, fold)
    predictions = fitted.predict(fold.valid.x)
    assert np.isfinite(predictions).all()
    assert written.difference(written.run_as_file(fitted, fold.valid.x), predictions) <= 1e-5
    assert np.array_equal(averaged.load(fitted.state()).predict(fold.valid.x), predictions)


@every_case
def test_without_a_feature_the_candidate_is_invalid(case: Case) -> None:
    fold = cases.fold(case)
    empty = replace(fold, train=Examples(fold.train.x[:, :0], fold.train.y))
    with pytest.raises(TrialError, match="no feature") as caught:
        train(case, empty)
    assert caught.value.failure is TrialFailure.INVALID_CANDIDATE


@every_case
def test_little_time_still_gives_a_model(case: Case) -> None:
    watcher = Watcher(left=0.0)
    fitted = train(case, cases.fold(case), watcher)
    assert len(watcher.points) == 1
    assert fitted.epochs == watcher.points[0].epoch < 100


@every_case
def test_threads_do_not_change_the_model(case: Case) -> None:
    fold = cases.fold(case, rows=200)
    one, two = (train(case, replace(fold, threads=n)) for n in (1, 2))
    assert pack(one.state()) == pack(two.state())


def test_how_many_grow_at_once_does_not_change_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    fold = cases.fold(FOREST, rows=200)
    many = train(FOREST, fold, trees=15)
    monkeypatch.setattr(growing, "_MOST_AT_ONCE", 2)
    assert pack(train(FOREST, fold, trees=15).state()) == pack(many.state())


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_parts_are_joined_to_what_their_trees_are_at_once(outputs: int) -> None:
    fold = cases.fold(replace(FOREST, outputs=outputs))
    kind = RandomForestClassifier if outputs > 1 else RandomForestRegressor
    grown = [tree.tree_ for tree in kind(9, random_state=0).fit(fold.train.x, fold.train.y)]

    def converted(trees: list[Any]) -> FittedForest:
        classes = np.arange(outputs)
        return averaged.convert(trees, outputs=outputs, classes=classes, smoothing=0.1, epochs=9)

    joined = averaged.join([converted(grown[:4]), converted(grown[4:])], epochs=9)
    assert pack(joined.state()) == pack(converted(grown).state())


def test_leaves_are_limited_over_all_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "LEAVES", 200)
    fold = cases.fold(FOREST)
    assert train(FOREST, fold, trees=20).parameters == 200
    assert train(FOREST, fold, trees=10).parameters == 200
