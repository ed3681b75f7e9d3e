"""Trees as arrays: thresholds, the file, averaged leaves."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from automl.core.catalog import FamilyName, TaskType, TrialFailure
from automl.core.errors import TrialError
from automl.core.frame import Floats
from automl.core.graph import Graph
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


def stumps(count: int, random: np.random.Generator) -> forest.Trees:
    """Return trees of one to three leaves, some with a split by a set of codes."""
    leaves = 1 + np.arange(count) % 3
    splits = int((leaves - 1).sum())
    depth = np.concatenate([np.arange(size - 1) for size in leaves])
    last = depth == np.repeat(leaves - 2, leaves - 1)
    categorical = np.arange(splits) % 2 == 1
    sets = [np.append(random.choice(9, 1 + i % 4, replace=False), np.nan) for i in range(splits)]
    return forest.Trees(
        leaves=leaves,
        feature=np.where(categorical, 1, 0),
        threshold=random.normal(size=splits).astype(np.float32),
        missing_left=random.random(splits) < 0.5,
        left=~depth,
        right=np.where(last, ~(depth + 1), depth + 1),
        categorical=categorical,
        members=np.concatenate([sets[i] for i in np.flatnonzero(categorical)]).astype(np.float32),
    )


@dataclass(frozen=True)
class Summed:
    """Trees that add whole numbers to three columns, so that sums in any order are equal."""

    trees: forest.Trees

    def emit(self, graph: Graph, x: str) -> str:
        leaves = np.arange(self.trees.leaves.sum(), dtype=np.float32)
        targets = np.arange(len(self.trees.leaves)) // 2 % 3
        return forest.emit(self.trees, graph, x, targets=targets, count=3, weights=leaves)

    def predict(self, x: npt.NDArray[Any]) -> Floats:
        """Return the sums, row by row and tree by tree."""
        return np.array([self.sums(row) for row in x])

    def sums(self, row: npt.NDArray[Any]) -> list[float]:
        trees, sums, split, leaf = self.trees, [0.0] * 3, 0, 0
        assert trees.categorical is not None
        assert trees.members is not None
        sets = iter(np.split(trees.members, np.flatnonzero(np.isnan(trees.members)) + 1))
        codes = [next(sets)[:-1] if categorical else None for categorical in trees.categorical]
        for tree, leaves in enumerate(trees.leaves):
            at = 0 if leaves > 1 else ~0
            while at >= 0:
                place = split + at
                cell, some = row[trees.feature[place]], codes[place]
                missing = np.isnan(cell) and trees.missing_left[place]
                left = cell <= trees.threshold[place] if some is None else cell in some
                at = (trees.left if left or missing else trees.right)[place]
            sums[tree // 2 % 3] += leaf + ~at
            split, leaf = split + leaves - 1, leaf + leaves
        return sums


@pytest.mark.parametrize(("nodes", "operators"), [(1 << 13, 3), (12, 7)])
def test_however_many_are_walked_together_they_say_what_the_trees_say(
    monkeypatch: pytest.MonkeyPatch, nodes: int, operators: int
) -> None:
    random = np.random.default_rng(0)
    x = np.column_stack([random.normal(size=200), random.integers(0, 9, 200)]).astype(np.float32)
    x[::9, 0] = np.nan
    summed, graph = Summed(stumps(20, random)), Graph()
    monkeypatch.setattr(forest, "_NODES", nodes)
    assert np.array_equal(written.run_as_file(summed, x), summed.predict(x))
    assert len(np.unique(summed.predict(x), axis=0)) > 20
    summed.emit(graph, graph.input("x", "number"))
    assert sum(node.op == "TreeEnsemble" for node in graph.nodes) == operators


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
    params = candidate(case, {"trees": 20, "min_samples_leaf": 2, "leaf_rows": "least"})
    fitted = growing.grow(
        RandomForestClassifier, "sqrt", {**params, "smoothing": 0.0}, fold, Watcher()
    )
    seed = fold.seed % 2**31
    forest = RandomForestClassifier(20, min_samples_leaf=2, random_state=seed)
    forest.fit(fold.train.x, fold.train.y)
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
