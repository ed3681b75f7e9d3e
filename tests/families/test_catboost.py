"""CatBoost's trees: exact routing in the file, small files, and early stopping."""

import subprocess
import sys
from dataclasses import replace

import catboost
import numpy as np
import numpy.typing as npt
import pytest

from automl.core.catalog import FamilyName, TaskType
from automl.core.graph import Graph
from automl.core.hyperparameter import Value, defaults
from automl.core.learner import Examples, Layout
from automl.families import spec
from automl.families.catboost import model
from automl.families.catboost.columns import Columns
from automl.families.catboost.oblivious import Oblivious, stump
from tests.families import cases
from tests.families.cases import Case
from tests.families.watcher import Watcher
from tests.families.written import difference, parity, run_as_file

SPACE = spec(FamilyName.CATBOOST).space
BINARY = Case(FamilyName.CATBOOST, TaskType.CLASSIFICATION, 2)
MULTICLASS = Case(FamilyName.CATBOOST, TaskType.CLASSIFICATION, 3)
REGRESSION = Case(FamilyName.CATBOOST, TaskType.REGRESSION, 1)
every_case = pytest.mark.parametrize("case", [BINARY, MULTICLASS, REGRESSION], ids=str)


def candidate(**more: Value) -> dict[str, Value]:
    params = defaults(SPACE) | {"max_rounds": 40} | more
    return {item.name: params[item.name] for item in SPACE if item.active(params)}


def on_borders(trees: Oblivious, row: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return copies of ``row``, each with a cell on, just above or just below a question."""
    rows = []
    for side in (0.0, 3e38, -3.4e38):
        near = np.nextafter(trees.border, np.float32(side)) if side else trees.border
        cells = np.where(trees.equals, trees.border + np.sign(side), near)  # codes are whole
        copies = np.tile(row, (len(cells), 1))
        copies[np.arange(len(cells)), trees.feature] = cells
        rows.append(copies)
    return np.concatenate(rows)


@every_case
def test_its_arrays_predict_what_catboost_does(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    boosters = []

    class Kept(catboost.CatBoost):  # type: ignore[misc]
        def fit(self, *args: object, **more: object) -> None:
            super().fit(*args, **more)
            boosters.append(self)

    monkeypatch.setattr(catboost, "CatBoost", Kept)
    fold = cases.fold(case, rows=800)
    fitted = model.fit(candidate(), fold, Watcher())
    x = np.concatenate([fold.train.x, *(on_borders(fitted.trees, row) for row in fold.valid.x[:3])])
    spread = Columns.of(fold).spread(x)
    raw = boosters[0].predict(spread, "RawFormulaVal", ntree_end=fitted.epochs)
    assert difference(fitted.trees.sums(x), raw.reshape(len(x), -1)) <= 1e-5
    assert len(fitted.trees.depth) == fitted.epochs
    assert fitted.parameters >= fitted.trees.leaves.size


@every_case
def test_cells_on_a_border_go_the_same_way(case: Case) -> None:
    fold = cases.fold(case, rows=800)
    fitted = model.fit(candidate(), fold, Watcher())
    assert fitted.trees.equals.any()
    x = np.concatenate([on_borders(fitted.trees, row) for row in fold.valid.x[:3]])
    assert len(x) > 1000
    assert parity(fitted, x) <= 1e-5


@every_case
def test_trees_that_ask_nothing_are_taken_as_well(case: Case) -> None:
    """As where a tree is shown a few of the columns, and none of these has two values."""
    fold = cases.fold(case)
    x = fold.train.x.copy()
    x[:, 1:] = 0.0
    fitted = model.fit(
        candidate(rsm=0.3), replace(fold, train=Examples(x, fold.train.y)), Watcher()
    )
    assert 0 in fitted.trees.depth.tolist()
    assert parity(fitted, fold.valid.x) <= 1e-5


@pytest.mark.parametrize("values", [0.0, 1e-40, -1e-40, 3e38, -3e38, np.nan, np.inf, -np.inf])
def test_extreme_cells_go_the_same_way(values: float) -> None:
    fold = cases.fold(REGRESSION, rows=800)
    x = fold.train.x.copy()
    x[::2, :4] = np.round(x[::2, :4])
    fitted = model.fit(candidate(), replace(fold, train=Examples(x, fold.train.y)), Watcher())
    probe = fold.valid.x.copy()
    probe[:, :4] = values
    assert parity(fitted, probe) <= 1e-5


def test_few_categories_are_columns_and_many_are_codes() -> None:
    fold = cases.fold(BINARY)
    columns = Columns.of(fold)
    hot = columns.source[~np.isnan(columns.code)]
    assert set(hot.tolist()) == {4, 5}  # of three and of forty levels
    assert columns.code[columns.source == 4].tolist() == [-1.0, 0.0, 1.0, 2.0]
    spread = columns.spread(fold.train.x)
    for column in (4, 5):
        assert np.array_equal(spread[:, columns.source == column].sum(axis=1), np.ones(600))
    many = Columns.of(replace(fold, layout=Layout(6, ((4, 3), (5, 65)))))
    assert set(many.source[~np.isnan(many.code)].tolist()) == {4}
    assert np.array_equal(many.spread(fold.train.x)[:, -1], fold.train.x[:, 5])
    assert len(Columns.of(replace(fold, layout=Layout(6, ((4, 2),)))).source) > 6
    flat = replace(fold, train=Examples(np.abs(fold.train.x), fold.train.y))
    assert len(Columns.of(replace(flat, layout=Layout(6, ((4, 2),)))).source) == 6


def test_where_rows_are_many_the_fewest_categories_come_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fold = cases.fold(BINARY)  # 600 rows; four codes with that of what is missing, and forty-one
    for cells, hot in ((600 * 3, set[int]()), (600 * 44, {4}), (600 * 45, {4, 5})):
        monkeypatch.setattr("automl.families.catboost.columns.MOST_CELLS", cells)
        found = Columns.of(fold)
        assert set(found.source[~np.isnan(found.code)].tolist()) == hot


def test_a_question_of_each_kind_in_trees_of_all_sizes() -> None:
    """By hand: no question, one, and two of which one half says the same everywhere."""
    trees = Oblivious(
        depth=np.array([1, 0, 2], np.uint8),
        feature=np.array([0, 1, 0], np.int32),
        border=np.array([0.5, 3.0, 2.0], np.float32),
        equals=np.array([False, True, False]),
        leaves=np.array([[1], [2], [10], [100], [200], [100], [400]], np.float32),
        bias=np.array([0.25]),
    )
    x = np.array([[0.5, 3], [1, 3], [3, 3], [3, 1], [np.nan, np.nan]], np.float32)
    assert trees.sums(x)[:, 0].tolist() == [211.25, 212.25, 412.25, 112.25, 111.25]
    for outputs in (1, 3):
        wide = replace(
            trees,
            leaves=np.tile(trees.leaves / np.float32(100), outputs),
            bias=np.tile(trees.bias, outputs),
        )
        assert parity(model.FittedOblivious(wide, outputs, 3), x) <= 1e-6
    assert parity(model.FittedOblivious(stump(np.array([0.5, 1.0, 1.5])), 3, 1), x) <= 1e-6


@pytest.mark.parametrize("depth", [1, 8])
@pytest.mark.parametrize("outputs", [1, 4])
def test_trees_of_any_depth_and_number_are_looked_up_together(depth: int, outputs: int) -> None:
    """More trees than the file looks up at once; the sum is exact, so its order does not matter."""
    random, trees = np.random.default_rng(0), 1_100
    grown = Oblivious(
        depth=np.full(trees, depth, np.uint8),
        feature=random.integers(0, 3, trees * depth).astype(np.int32),
        border=np.round(random.normal(size=trees * depth), 1).astype(np.float32),
        equals=random.random(trees * depth) < 0.1,
        leaves=random.integers(-99, 99, (trees << depth, outputs)).astype(np.float32),
        bias=np.arange(outputs, dtype=float),
    )
    x = np.round(random.normal(size=(50, 3)), 1).astype(np.float32)
    x[::7, 1] = np.nan
    assert np.array_equal(run_as_file(grown, x), grown.sums(x))


def test_a_column_is_copied_once_for_many_of_its_questions() -> None:
    random, trees = np.random.default_rng(0), 600
    border = random.integers(0, 300, trees).astype(np.float32)
    feature = np.where(border < 3, border.astype(np.int32), 1)  # nearly all ask about one column
    grown = Oblivious(
        depth=np.ones(trees, np.uint8),
        feature=feature,
        border=border,
        equals=border == 2,
        leaves=random.integers(-99, 99, (2 * trees, 1)).astype(np.float32),
        bias=np.zeros(1),
    )
    x = random.integers(-1, 300, (50, 3)).astype(np.float32)
    x[0], x[1], x[2] = np.inf, -np.inf, np.nan
    for part in (x, x[:1], x[:0]):
        assert np.array_equal(run_as_file(grown, part), grown.sums(part))
    graph = Graph()
    grown.emit(graph, graph.input("x", "array", dtype=np.float32, shape=(3,)))
    copied = next(node for node in graph.nodes if node.op == "Gather").inputs[1]
    questions = len(np.unique(np.column_stack([grown.equals, feature, border]), axis=0))
    assert graph.constants[copied].size < questions / 8


def test_the_file_holds_little_more_than_leaves() -> None:
    trees = model.fit(candidate(), cases.fold(REGRESSION), Watcher()).trees
    graph = Graph()
    trees.emit(graph, graph.input("x", "number"))
    size = sum(constant.nbytes for constant in graph.constants.values())
    assert size < 1.5 * trees.leaves.nbytes


@every_case
def test_the_best_round_is_kept(case: Case) -> None:
    fold, watcher = cases.fold(case, rows=200), Watcher()
    fitted = model.fit(candidate(learning_rate=0.3, max_rounds=900, patience=30), fold, watcher)
    last = watcher.points[-1]
    assert last.epoch == fitted.epochs + 30  # it stopped for want of progress
    reached = fold.score(fitted.predict(fold.valid.x))
    assert all(point.valid_loss is not None for point in watcher.points)
    assert reached <= min(point.value for point in watcher.points if point.value is not None) + 1e-6
    assert watcher.points[0].value == pytest.approx(watcher.points[0].valid_loss, rel=1e-4)


def test_a_class_that_training_rows_lack_is_unlikely() -> None:
    fold = cases.fold(MULTICLASS)
    y = np.where(fold.train.y == 1, 2, fold.train.y)
    fitted = model.fit(candidate(), replace(fold, train=Examples(fold.train.x, y)), Watcher())
    assert fitted.predict(fold.valid.x)[:, 1].max() < 0.1


def test_folds_without_a_common_class_give_a_model() -> None:
    fold = cases.fold(MULTICLASS)
    train = replace(fold.train, y=np.minimum(fold.train.y, 1))
    valid = replace(fold.valid, y=np.full_like(fold.valid.y, 2))
    fitted = model.fit(candidate(), replace(fold, train=train, valid=valid), Watcher())
    assert np.isfinite(fitted.predict(fold.valid.x)).all()


def test_a_trained_fold_is_loaded_without_the_library() -> None:
    code = (
        "import sys; from automl.families.catboost import model; print('catboost' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_nothing_is_printed_and_no_file_is_left(
    capfd: pytest.CaptureFixture[str], tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    for case in (BINARY, MULTICLASS, REGRESSION):
        model.fit(candidate(), replace(cases.fold(case), threads=2), Watcher())
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("", "")
