"""The linear family against scikit-learn's optima and on data that breaks solvers."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.linear_model import Lasso, LogisticRegression, Ridge

from automl.core.catalog import FamilyName, TaskType
from automl.core.errors import TrialError
from automl.core.frame import Floats
from automl.core.hyperparameter import Value
from automl.core.learner import Examples, Fold
from automl.families.linear import model, problem, rowspace
from automl.families.linear.loss import loss_of
from tests.families import cases
from tests.families.cases import Case
from tests.families.watcher import Watcher

BINARY = Case(FamilyName.LINEAR, TaskType.CLASSIFICATION, 2)
MULTICLASS = Case(FamilyName.LINEAR, TaskType.CLASSIFICATION, 3)
REGRESSION = Case(FamilyName.LINEAR, TaskType.REGRESSION, 1)
every_case = pytest.mark.parametrize("case", [BINARY, MULTICLASS, REGRESSION], ids=str)


def candidate(penalty: str, c: float | None = None, **more: Value) -> dict[str, Value]:
    strength: dict[str, Value] = (
        {"strength": "path"} if c is None else {"strength": "fixed", "c": c}
    )
    return {"penalty": penalty, **strength, **more}


def objective(case: Case, fold: Fold, weights: Floats, *, l1: float, l2: float) -> float:
    """Return scikit-learn's objective over the rows, from weights and predictions alone."""
    x, y = fold.train.x.astype(np.float64), fold.train.y
    fitted = model.FittedLinear(weights, case.task, case.outputs, 1)
    loss = cases.loss(case, y, fitted.predict(x.astype(np.float32)))
    mean = loss / 2 if case.task is TaskType.REGRESSION else loss
    inner = weights[:-1]
    return float(mean + 0.5 * l2 * (inner**2).sum() + l1 * np.abs(inner).sum())


@every_case
@pytest.mark.parametrize("c", [1e-3, 1.0, 100.0])
def test_l2_reaches_the_optimum(case: Case, c: float) -> None:
    fold = cases.fold(case, rows=300)
    fitted = model.fit(candidate("l2", c), fold, Watcher())
    x, y = fold.train.x.astype(np.float64), fold.train.y
    if case.task is TaskType.REGRESSION:
        best = Ridge(1.0 / c).fit(x, y)
        weights = np.append(best.coef_, best.intercept_)[:, None]
    else:
        best = LogisticRegression(C=c, tol=1e-10, max_iter=5000).fit(x, y)
        weights = np.vstack([best.coef_.T, best.intercept_])
    l2 = 1.0 / (c * len(y))
    reached = objective(case, fold, fitted.weights, l1=0.0, l2=l2)
    assert reached <= objective(case, fold, weights, l1=0.0, l2=l2) * (1 + 1e-5)


@pytest.mark.parametrize("case", [BINARY, MULTICLASS], ids=str)
@pytest.mark.parametrize("rows", ["dense", "sparse", "diagonal"])
def test_balanced_classes_reach_the_optimum(
    case: Case, rows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold = cases.fold(case, rows=300)
    kept = np.flatnonzero((fold.train.y > 0) | (np.arange(300) % 5 == 0))
    x, y = fold.train.x[kept].astype(np.float64), fold.train.y[kept]
    if rows == "sparse":
        monkeypatch.setattr(problem, "_SPARSE_FROM", 0)
        monkeypatch.setattr(problem, "_SPARSE_BELOW", 1.0)
    if rows == "diagonal":
        monkeypatch.setattr(problem, "_GRAM_WORK", 0)
    fold = replace(fold, train=Examples(x.astype(np.float32), y))
    fitted = model.fit(candidate("l2", 1.0, class_weight="balanced"), fold, Watcher())
    best = LogisticRegression(C=1.0, class_weight="balanced", tol=1e-10, max_iter=5000).fit(x, y)
    given = fold.train.x
    assert np.abs(fitted.predict(given) - best.predict_proba(given)).max() < 2e-3


@pytest.mark.parametrize("alpha", [0.1, 0.01, 1e-4])
def test_l1_reaches_the_optimum_of_regression(alpha: float) -> None:
    fold = cases.fold(REGRESSION, rows=300)
    x, y = fold.train.x.astype(np.float64), fold.train.y
    fitted = model.fit(candidate("l1", 1.0 / (alpha * len(y))), fold, Watcher())
    best = Lasso(alpha, tol=1e-10, max_iter=100_000).fit(x, y)
    weights = np.append(best.coef_, best.intercept_)[:, None]
    reached = objective(REGRESSION, fold, fitted.weights, l1=alpha, l2=0.0)
    assert reached <= objective(REGRESSION, fold, weights, l1=alpha, l2=0.0) * (1 + 1e-4)


@pytest.mark.parametrize(("ratio", "c"), [(1.0, 0.1), (1.0, 10.0), (0.5, 1.0)])
def test_l1_reaches_the_optimum_of_classification(ratio: float, c: float) -> None:
    fold = cases.fold(BINARY, rows=300)
    params = candidate("l1", c) if ratio == 1.0 else candidate("elastic_net", c, l1_ratio=ratio)
    fitted = model.fit(params, fold, Watcher())
    x, y = fold.train.x.astype(np.float64), fold.train.y
    best = LogisticRegression(
        C=c, l1_ratio=ratio, solver="saga", tol=1e-8, max_iter=20_000, random_state=0
    ).fit(x, y)
    weights = np.vstack([best.coef_.T, best.intercept_])
    each = 1.0 / (c * len(y))
    penalties = {"l1": each * ratio, "l2": each * (1 - ratio)}
    reached = objective(BINARY, fold, fitted.weights, **penalties)
    assert reached <= objective(BINARY, fold, weights, **penalties) * (1 + 1e-4)


def test_l1_drops_features() -> None:
    fold = cases.fold(BINARY, rows=300)
    assert (model.fit(candidate("l1", 0.1), fold, Watcher()).weights == 0).mean() > 0.5
    assert (model.fit(candidate("l2", 0.1), fold, Watcher()).weights != 0).mean() > 0.8


@every_case
@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_the_path_is_no_worse_than_any_single_strength(case: Case, penalty: str) -> None:
    fold = cases.fold(case, rows=300)
    path = fold.score(model.fit(candidate(penalty), fold, Watcher()).predict(fold.valid.x))
    for c in (0.01, 1.0, 100.0):
        single = fold.score(model.fit(candidate(penalty, c), fold, Watcher()).predict(fold.valid.x))
        assert path <= single * 1.05


@every_case
@pytest.mark.parametrize("penalty", ["l2", "l1"])
@pytest.mark.parametrize(
    "trouble", ["constant", "zero", "twice", "huge", "tiny", "outlier", "wide", "none", "diagonal"]
)
def test_awkward_columns_do_no_harm(
    case: Case, penalty: str, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold = cases.fold(case, rows=120)
    fold = replace(
        fold,
        train=Examples(awkward(fold.train.x, trouble), fold.train.y),
        valid=Examples(awkward(fold.valid.x, trouble), fold.valid.y),
    )
    if trouble == "diagonal":
        monkeypatch.setattr(problem, "_GRAM_WORK", 0)
    watcher = Watcher()
    fitted = model.fit(candidate(penalty), fold, watcher)
    assert np.isfinite(fitted.predict(fold.valid.x)).all()
    limit = 1.01 if trouble == "none" else 0.8
    assert fold.score(fitted.predict(fold.valid.x)) < limit * cases.constant_loss(case, fold)
    losses = np.array([point.train_loss for point in watcher.points], np.float64)
    assert (losses[1:] <= losses[:-1] * 1.001).all()  # weaker strengths fit better


def awkward(x: npt.NDArray[np.float32], trouble: str) -> npt.NDArray[np.float32]:
    rows = len(x)
    extra: npt.NDArray[np.floating[Any]]
    match trouble:
        case "constant":
            extra = np.ones((rows, 3))
        case "zero":
            extra = np.zeros((rows, 3))
        case "twice":
            extra = np.hstack([x, -x])
        case "huge":
            extra = x[:, :1] * 1e8
        case "tiny":
            extra = x[:, :1] * 1e-8
        case "outlier":
            extra = np.where(np.arange(rows)[:, None] == 1, 1e6, x[:, :1])
        case "wide":
            extra = np.random.default_rng(0).normal(size=(rows, 300)) * 0.1
        case "none":
            return x[:, :0]
        case _:
            return x
    return np.hstack([x, extra]).astype(np.float32)


@every_case
def test_sparse_rows_give_what_dense_ones_give(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    fold = cases.fold(case, rows=200)
    dense = model.fit(candidate("l2", 1.0), fold, Watcher())
    monkeypatch.setattr(problem, "_SPARSE_FROM", 0)
    monkeypatch.setattr(problem, "_SPARSE_BELOW", 1.0)
    assert not isinstance(problem.rows_of(fold.train).x, np.ndarray)
    sparse = model.fit(candidate("l2", 1.0), fold, Watcher())
    assert np.allclose(sparse.predict(fold.valid.x), dense.predict(fold.valid.x), atol=1e-6)


@every_case
def test_few_rows_of_many_features_give_in_their_own_space_what_they_give_outside(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold = widened(cases.fold(case, rows=40), features=300)
    assert rowspace.basis_of(problem.rows_of(fold.train)) is not None
    inside = model.fit(candidate("l2", 1.0), fold, Watcher())
    monkeypatch.setattr(rowspace, "_FEATURES", 301)
    outside = model.fit(candidate("l2", 1.0), fold, Watcher())
    assert inside.weights.shape == outside.weights.shape == (301, outside.weights.shape[1])
    assert np.allclose(inside.predict(fold.valid.x), outside.predict(fold.valid.x), atol=1e-3)


def widened(fold: Fold, *, features: int) -> Fold:
    """Return the fold with random features beside its own."""
    random = np.random.default_rng(0)

    def wide(examples: Examples) -> Examples:
        more = random.normal(size=(len(examples.x), features - examples.x.shape[1]))
        return replace(examples, x=np.hstack([examples.x, more]).astype(np.float32))

    layout = replace(fold.layout, width=features)
    return replace(fold, train=wide(fold.train), valid=wide(fold.valid), layout=layout)


@pytest.mark.parametrize(
    ("task", "outputs"), [(c.task, c.outputs) for c in (BINARY, MULTICLASS, REGRESSION)]
)
def test_slopes_are_the_derivatives(task: TaskType, outputs: int) -> None:
    random = np.random.default_rng(0)
    loss = loss_of(task, outputs)
    scores = random.normal(size=(5, loss.columns)) * 3
    y = random.normal(size=5) if outputs == 1 else random.integers(outputs, size=5)
    _, slopes = loss.measure(scores, y)
    step = 1e-6
    for row, column in np.ndindex(scores.shape):
        push = np.zeros_like(scores)
        push[row, column] = step
        rise = loss.measure(scores + push, y)[0] - loss.measure(scores - push, y)[0]
        assert rise / (2 * step) * len(y) == pytest.approx(slopes[row, column], abs=1e-6)


def test_extreme_scores_stay_finite() -> None:
    scores = np.array([[-800.0], [800.0], [0.0]])
    value, slopes = loss_of(TaskType.CLASSIFICATION, 2).measure(scores, np.array([1, 0, 1]))
    assert value == pytest.approx((1600 + np.log(2)) / 3)
    assert np.allclose(slopes.ravel(), [-1, 1, -0.5])
    wide = np.array([[-800.0, 0.0, 800.0]])
    value, _ = loss_of(TaskType.CLASSIFICATION, 3).measure(wide, np.array([0]))
    assert value == pytest.approx(1600)


def test_little_time_still_gives_a_model() -> None:
    fold = cases.fold(BINARY)
    watcher = Watcher(left=0.0)
    fitted = model.fit(candidate("l2"), fold, watcher)
    assert len(watcher.points) == 2
    assert fold.score(fitted.predict(fold.valid.x)) < cases.constant_loss(BINARY, fold)


def test_a_target_that_is_not_a_number_is_told() -> None:
    fold = cases.fold(REGRESSION, rows=50)
    broken = replace(fold, train=Examples(fold.train.x, np.full(50, np.nan)))
    with pytest.raises(TrialError, match="loss"):
        model.fit(candidate("l2"), broken, Watcher())
