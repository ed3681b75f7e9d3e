"""LightGBM's trees: exact routing in the file, sets of categories, and early stopping."""

import json
from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest

from automl.core.catalog import FamilyName, TaskType
from automl.core.graph import Graph, Side
from automl.core.hyperparameter import Value, defaults
from automl.core.learner import Examples, Layout
from automl.export.onnx import serialize
from automl.export.scoring import Session
from automl.families import spec
from automl.families.lightgbm import model, questions, trees
from tests.families import cases
from tests.families.cases import Case
from tests.families.watcher import Watcher
from tests.families.written import parity, run_as_file

SPACE = spec(FamilyName.LIGHTGBM).space
BINARY = Case(FamilyName.LIGHTGBM, TaskType.CLASSIFICATION, 2)
MULTICLASS = Case(FamilyName.LIGHTGBM, TaskType.CLASSIFICATION, 3)
REGRESSION = Case(FamilyName.LIGHTGBM, TaskType.REGRESSION, 1)
every_case = pytest.mark.parametrize("case", [BINARY, MULTICLASS, REGRESSION], ids=str)


def candidate(**more: Value) -> dict[str, Value]:
    params = defaults(SPACE) | {"max_rounds": 60} | more
    return {item.name: params[item.name] for item in SPACE if item.active(params)}


def on_thresholds(
    fitted: model.FittedTrees, row: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Return copies of ``row``, each with a cell on, just above or just below a split."""
    forest = trees.parse(fitted.text)
    splits = np.flatnonzero(forest.decision & 1 == 0)
    near = forest.threshold[splits].astype(np.float32)
    rows = []
    for values in (
        near,
        np.nextafter(near, np.float32(np.inf)),
        np.nextafter(near, np.float32(-np.inf)),
    ):
        copies = np.tile(row, (len(splits), 1))
        copies[np.arange(len(splits)), forest.feature[splits]] = values
        rows.append(copies)
    return np.concatenate(rows)


@every_case
@pytest.mark.parametrize("categories", ["native", "codes"])
def test_cells_on_a_threshold_go_the_same_way(case: Case, categories: str) -> None:
    fold = cases.fold(case, rows=800)
    fitted = model.fit(candidate(categories=categories), fold, Watcher())
    x = np.concatenate([on_thresholds(fitted, row) for row in fold.valid.x[:3]])
    assert len(x) > 1000
    assert parity(fitted, x) <= 1e-5


def ways(fitted: model.FittedTrees) -> int:
    """Return how many ways its file has from features to answers."""
    graph = Graph()
    x = graph.input("x", "array", dtype=np.float32, shape=(9,))
    graph.output("result", fitted.emit(graph, x))
    return max(
        sum(isinstance(value, Side) for value in node.attributes.values()) or 1
        for node in graph.nodes
    )


@every_case
@pytest.mark.parametrize("categories", ["native", "codes"])
def test_few_rows_and_many_get_the_same_answers(case: Case, categories: str) -> None:
    fold = cases.fold(case, rows=800)
    fitted = model.fit(candidate(categories=categories), fold, Watcher())
    assert ways(fitted) == 2
    x = np.tile(cases.probe(case), (40, 1))
    random = np.random.default_rng(0)
    x[random.random(x.shape) < 0.1] = np.nan
    x[:, fold.categorical] = random.integers(-1, 30, (len(x), len(fold.categorical)))
    few, many = trees.MANY - 1, trees.MANY
    assert len(x) > 3 * many
    for rows in (1, few, many, many + 1, len(x)):
        assert parity(fitted, x[:rows]) <= 1e-5, rows
    assert run_as_file(fitted, x[:0]).shape == (0, case.outputs)
    one_by_one = np.concatenate([run_as_file(fitted, x[n : n + 1]) for n in range(20)])
    np.testing.assert_allclose(run_as_file(fitted, x)[:20], one_by_one, atol=1e-5)


@pytest.mark.parametrize("leaves", [4, 9, 40])
def test_trees_of_any_shape_lead_to_their_leaves(leaves: int) -> None:
    """Chains, bushes, trees of a single leaf, few trees and many."""
    fold = cases.fold(REGRESSION, rows=800)
    given = candidate(
        categories="codes", num_leaves=leaves, min_data_in_leaf=1, extra_trees=True, max_rounds=90
    )
    fitted = model.fit(given, fold, Watcher())
    forest = trees.parse(fitted.text)
    shallow = replace(  # a tree of one leaf among them
        forest, leaves=np.append(forest.leaves, 1), value=np.append(forest.value, 7.0)
    )
    x = np.resize(fold.valid.x, (200, fold.valid.x.shape[1]))
    for last in (forest, shallow):
        graph = Graph()
        given_x = graph.input("x", "array", dtype=np.float32, shape=x.shape[1:])
        graph.output("prediction", trees.emit(last, graph, given_x, targets=1))
        session = Session(serialize(graph, metadata={}))
        more = 7.0 * (last is shallow)
        found = session.run({"x": x}).reshape(-1, 1)
        np.testing.assert_allclose(found, fitted.predict(x) + more, atol=1e-5)


def test_large_trees_are_walked() -> None:
    fold = cases.fold(REGRESSION, rows=800)
    given = candidate(categories="codes", num_leaves=200, min_data_in_leaf=1, max_rounds=10)
    large = model.fit(given, fold, Watcher())
    assert trees.parse(large.text).leaves.mean() > 60
    assert ways(large) == 1


def test_trees_with_too_many_borders_are_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = model.fit(candidate(), cases.fold(BINARY, rows=800), Watcher())
    forest = trees.parse(fitted.text)
    borders = forest.decision & 1 == 0
    asked = {*zip(forest.feature[borders], forest.threshold[borders], strict=True)}
    monkeypatch.setattr(questions, "_MOST", len(asked))
    assert ways(fitted) == 2
    monkeypatch.setattr(questions, "_MOST", len(asked) - 1)
    assert ways(fitted) == 1


@pytest.mark.parametrize(
    ("rows", "walked"),
    [(trees.MANY - 1, True), (trees.MANY, False), (trees.MOST, False), (trees.MOST + 1, True)],
)
def test_more_rows_than_a_cache_takes_are_walked(rows: int, walked: bool, tmp_path: Path) -> None:
    """Whoever runs the file by other means than ours may give it all rows at once."""
    fold = cases.fold(BINARY, rows=800)
    fitted = model.fit(candidate(max_rounds=10), fold, Watcher())
    graph = Graph()
    x = np.resize(fold.valid.x, (rows, fold.valid.x.shape[1]))
    given = graph.input("x", "array", dtype=np.float32, shape=x.shape[1:])
    graph.output("result", fitted.emit(graph, given))
    options = onnxruntime.SessionOptions()
    options.enable_profiling, options.profile_file_prefix = True, str(tmp_path / "profile")
    session = onnxruntime.InferenceSession(serialize(graph, metadata={}), options)
    (found,) = session.run(None, {"x": x})
    events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    run = {event["args"].get("op_name") for event in events if "args" in event}
    assert ("TreeEnsemble" in run, "GatherElements" in run) == (walked, not walked)
    np.testing.assert_allclose(found, fitted.predict(x), atol=1e-5)


def test_native_categories_are_split_as_sets() -> None:
    fold = cases.fold(BINARY, rows=800)
    native = trees.parse(model.fit(candidate(), fold, Watcher()).text)
    codes = trees.parse(model.fit(candidate(categories="codes"), fold, Watcher()).text)
    ends = np.isnan(native.members)  # of sets, most of more than one code
    assert 0 < ends.sum() < (~ends).sum()
    assert len(codes.members) == 0


@pytest.mark.parametrize(
    "values", [0.0, 1e-35, -1e-35, 1e-40, -1e-40, 3e38, -3e38, np.nan, np.inf, -np.inf]
)
def test_extreme_cells_go_the_same_way(values: float) -> None:
    fold = cases.fold(REGRESSION, rows=800)
    x = fold.train.x.copy()
    x[::2, :4] = np.round(x[::2, :4])  # many exact zeros, so that splits next to zero exist
    fitted = model.fit(candidate(), replace(fold, train=Examples(x, fold.train.y)), Watcher())
    assert (np.abs(trees.parse(fitted.text).threshold) < 1e-30).any()
    probe = fold.valid.x.copy()
    probe[:, :4] = values
    assert parity(fitted, probe) <= 1e-5


def test_hundreds_of_categories() -> None:
    random = np.random.default_rng(0)
    code = random.integers(0, 700, 4000)
    y = random.normal(size=700)[code]
    x = np.column_stack([random.normal(size=4000), code]).astype(np.float32)
    fold = replace(
        cases.fold(REGRESSION),
        train=Examples(x[:3000], y[:3000]),
        valid=Examples(x[3000:], y[3000:]),
        layout=Layout(2, ((1, 700),)),
        score=lambda predictions: cases.loss(REGRESSION, y[3000:], predictions),
    )
    fitted = model.fit(
        candidate(cat_smooth=1.0, min_data_in_leaf=2, min_data_per_group=2), fold, Watcher()
    )
    probe = np.column_stack([np.zeros(1002), np.arange(-2, 1000)]).astype(np.float32)
    assert parity(fitted, probe) <= 1e-5
    assert fold.score(fitted.predict(fold.valid.x)) < 0.7


@every_case
def test_a_compact_text_predicts_the_same(case: Case) -> None:
    fold = cases.fold(case)
    settings = model._settings(candidate(), fold)
    data = lightgbm.Dataset(fold.train.x, fold.train.y, params=settings)
    booster = lightgbm.train(settings, data, num_boost_round=20)
    text = booster.model_to_string()
    small = trees.compact(text)
    assert len(small) < 0.6 * len(text)
    again = lightgbm.Booster(model_str=small).predict(fold.valid.x)
    assert np.array_equal(again, booster.predict(fold.valid.x))


@every_case
def test_the_best_round_is_kept(case: Case) -> None:
    fold, watcher = cases.fold(case, rows=200), Watcher()
    fitted = model.fit(candidate(learning_rate=0.3, max_rounds=300, patience=30), fold, watcher)
    last = watcher.points[-1]
    assert last.epoch == fitted.epochs + 30  # it stopped for want of progress
    reached = fold.score(fitted.predict(fold.valid.x))
    assert all(point.valid_loss is not None for point in watcher.points)
    assert reached <= min(point.value for point in watcher.points if point.value is not None) + 1e-9
    forest = trees.parse(fitted.text)
    assert len(forest.leaves) == fitted.epochs * (3 if case is MULTICLASS else 1)
    assert fitted.parameters == forest.leaves.sum() == len(forest.value)


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    fold = replace(cases.fold(BINARY), threads=2)
    fitted = model.fit(candidate(), fold, Watcher())
    model.load(fitted.state()).predict(cases.probe(BINARY))
    for trouble in ("constant", "one row", "one class"):
        model.fit(candidate(), cases.awkward(cases.fold(MULTICLASS, rows=100), trouble), Watcher())
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("", "")
