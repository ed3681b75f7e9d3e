"""Metrics against scikit-learn, on random predictions with ties and absent classes."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sklearn.metrics as reference

from automl.core import metric
from automl.core.catalog import MetricName, TaskType

M = MetricName
CLASSES = [2, 3, 26]


def drawn(seed: int, classes: int, rows: int = 400, *, ties: bool = True) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    y = random.integers(0, classes, rows)
    p = random.dirichlet(np.ones(classes), rows)
    p[np.arange(rows), y] += random.random(rows)
    p = np.round(p * 20) + 1.0 if ties else p
    return y, p / p.sum(axis=1, keepdims=True)


def expected(name: MetricName, y: npt.NDArray[Any], p: npt.NDArray[Any], positive: int) -> float:
    two, labels = p.shape[1] == 2, np.argmax(p, axis=1)
    kind: dict[str, Any] = (
        {"average": "binary", "pos_label": positive} if two else {"average": "macro"}
    )
    functions: dict[MetricName, Any] = {
        M.ROC_AUC: lambda: reference.roc_auc_score(
            *((y == positive, p[:, positive]) if two else (y, p)), multi_class="ovr"
        ),
        M.LOG_LOSS: lambda: reference.log_loss(y, y_proba=p, labels=np.arange(p.shape[1])),
        M.ACCURACY: lambda: reference.accuracy_score(y, labels),
        M.BALANCED_ACCURACY: lambda: reference.balanced_accuracy_score(y, labels),
        M.F1: lambda: reference.f1_score(y, labels, zero_division=0.0, **kind),
        M.F1_MACRO: lambda: reference.f1_score(y, labels, zero_division=0.0, average="macro"),
        M.PRECISION: lambda: reference.precision_score(y, labels, zero_division=0.0, **kind),
        M.RECALL: lambda: reference.recall_score(y, labels, zero_division=0.0, **kind),
        M.AVERAGE_PRECISION: lambda: reference.average_precision_score(
            y == positive, p[:, positive]
        ),
    }
    return float(functions[name]())


@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("seed", range(3))
def test_classification_equals_scikit_learn(classes: int, seed: int) -> None:
    y, p = drawn(seed, classes)
    for name in metric.allowed(TaskType.CLASSIFICATION, classes):
        for positive in (0, 1):
            value = metric.score(name, y, p, positive=positive)
            assert value == pytest.approx(expected(name, y, p, positive), rel=1e-12), name


def test_the_last_class_is_positive_by_default() -> None:
    y, p = drawn(5, 2)
    for name in metric.allowed(TaskType.CLASSIFICATION, 2):
        by_default = metric.score(name, y, p, positive=None)
        assert by_default == metric.score(name, y, p, positive=1)
    recalls = [metric.score(M.RECALL, y, p, positive=k) for k in (0, 1)]
    assert recalls[0] != recalls[1]


@pytest.mark.parametrize("name", metric.allowed(TaskType.REGRESSION, 0))
@pytest.mark.parametrize("seed", range(3))
def test_regression_equals_scikit_learn(name: MetricName, seed: int) -> None:
    random = np.random.default_rng(seed)
    y = np.round(np.exp(random.normal(size=300)), 1)
    y[:3] = 0.0  # mape divides by epsilon
    p = y + random.normal(size=300)
    assert (p < 0).any()  # rmsle clips
    functions: dict[MetricName, Any] = {
        M.RMSE: reference.root_mean_squared_error,
        M.MAE: reference.mean_absolute_error,
        M.R2: reference.r2_score,
        M.MAPE: reference.mean_absolute_percentage_error,
        M.RMSLE: lambda y, p: reference.root_mean_squared_log_error(y, np.maximum(p, 0.0)),
    }
    value = metric.score(name, y, p[:, None], positive=None)
    assert value == pytest.approx(functions[name](y, p), rel=1e-12)


@pytest.mark.parametrize("classes", [3, 26])
def test_absent_classes_are_left_out(classes: int) -> None:
    y, p = drawn(7, classes)
    y[y == 0] = 1
    present = np.arange(1, classes)
    aucs = [reference.roc_auc_score(y == k, p[:, k]) for k in present]
    assert metric.score(M.ROC_AUC, y, p, positive=None) == pytest.approx(np.mean(aucs))
    labels = np.argmax(p, axis=1)
    recall = reference.recall_score(y, labels, labels=present, average="macro")
    assert metric.score(M.BALANCED_ACCURACY, y, p, positive=None) == pytest.approx(recall)
    for name in (M.F1, M.PRECISION, M.RECALL, M.LOG_LOSS):
        value = metric.score(name, y, p, positive=None)
        assert value == pytest.approx(expected(name, y, p, 1), rel=1e-12), name


def test_only_one_class_is_no_ranking() -> None:
    y, p = np.zeros(4, np.int64), drawn(0, 2, rows=4)[1]
    for name in metric.allowed(TaskType.CLASSIFICATION, 2):
        value = metric.score(name, y, p, positive=None)
        assert math.isnan(value) == (name in {M.ROC_AUC, M.AVERAGE_PRECISION}), name


def test_log_loss_clips_certain_errors() -> None:
    y, p = np.array([1, 0]), np.array([[1.0, 0.0], [1.0, 0.0]])
    value = metric.score(M.LOG_LOSS, y, p, positive=None)
    assert value == pytest.approx(reference.log_loss(y, y_proba=p))
    assert math.isfinite(value)


def test_constant_targets_of_r2() -> None:
    y = np.full(5, 0.1)
    assert metric.score(M.R2, y, y[:, None], positive=None) == 1.0
    assert metric.score(M.R2, y, y[:, None] + 1, positive=None) == 0.0


@pytest.mark.parametrize("name", list(MetricName))
def test_undefined_is_nan_and_never_better(name: MetricName) -> None:
    task = TaskType.REGRESSION if name in metric.allowed(TaskType.REGRESSION, 0) else None
    width = 2 if task is None else 1
    y = np.array([0, 1]) if task is None else np.array([0.5, 1.5])
    cases = [
        (y[:0], np.zeros((0, width))),
        (y, np.full((2, width), np.nan)),
        (y, np.full((2, width), np.inf)),
    ]
    for truth, p in cases:
        assert math.isnan(metric.score(name, truth, p, positive=None))
    assert not metric.better(name, float("nan"), None)
    assert not metric.better(name, None, float("nan"))
    assert not metric.better(name, float("nan"), 0.0)
    assert metric.better(name, 0.0, float("nan"))
    assert metric.better(name, 0.0, None)


def test_negative_targets_have_no_rmsle() -> None:
    assert math.isnan(metric.score(M.RMSLE, np.array([-0.5, 1.0]), np.ones((2, 1)), positive=None))


@pytest.mark.parametrize("name", list(MetricName))
def test_a_perfect_prediction_is_better_than_a_wrong_one(name: MetricName) -> None:
    if name in metric.allowed(TaskType.REGRESSION, 0):
        y: npt.NDArray[Any] = np.array([1.0, 2.0, 4.0])
        perfect, wrong = y[:, None], y[::-1, None].copy()
    else:
        y = np.array([0, 1, 1])
        perfect = np.eye(2)[y]
        wrong = 1.0 - perfect
    a = metric.score(name, y, perfect, positive=None)
    b = metric.score(name, y, wrong, positive=None)
    assert metric.better(name, a, b)
    assert not metric.better(name, b, a)
    assert not metric.better(name, a, a)


def test_defaults_are_allowed() -> None:
    assert metric.default(TaskType.CLASSIFICATION, 2) is M.ROC_AUC
    assert metric.default(TaskType.CLASSIFICATION, 3) is M.LOG_LOSS
    assert metric.default(TaskType.REGRESSION, 0) is M.RMSE
    assert M.AVERAGE_PRECISION in metric.allowed(TaskType.CLASSIFICATION, 2)
    assert M.AVERAGE_PRECISION not in metric.allowed(TaskType.CLASSIFICATION, 3)
    every = {*metric.allowed(TaskType.CLASSIFICATION, 2), *metric.allowed(TaskType.REGRESSION, 0)}
    assert every == set(MetricName)


@pytest.mark.parametrize("name", list(MetricName))
def test_the_interval_holds_the_value_and_repeats(name: MetricName) -> None:
    if name in metric.allowed(TaskType.REGRESSION, 0):
        random = np.random.default_rng(1)
        y: npt.NDArray[Any] = np.exp(random.normal(size=300))
        p = y[:, None] * 1.1 + 0.2
    else:
        y, p = drawn(3, 2, rows=300)
    estimate = metric.bootstrap(name, y, p, positive=None, seed=4, rounds=300)
    assert estimate.value == metric.score(name, y, p, positive=None)
    assert estimate.low < estimate.value < estimate.high
    assert estimate == metric.bootstrap(name, y, p, positive=None, seed=4, rounds=300)
    assert estimate != metric.bootstrap(name, y, p, positive=None, seed=5, rounds=300)


def test_the_interval_is_as_wide_as_theory_says() -> None:
    random = np.random.default_rng(0)
    error = random.normal(size=2000)
    estimate = metric.bootstrap(M.MAE, error * 0, error[:, None], positive=None, seed=0)
    width = 2 * 1.96 * float(np.abs(error).std()) / math.sqrt(2000)
    assert estimate.high - estimate.low == pytest.approx(width, rel=0.1)
    y = np.repeat([0, 1], 1000)  # of each class 80 % are right
    p = np.eye(2)[np.where(np.tile(np.arange(1000) < 800, 2), y, 1 - y)]
    estimate = metric.bootstrap(M.ACCURACY, y, p, positive=None, seed=0)
    width = 2 * 1.96 * math.sqrt(0.8 * 0.2 / 2000)
    assert estimate.high - estimate.low == pytest.approx(width, rel=0.1)


def test_a_rare_class_is_in_every_resample() -> None:
    y = np.array([0] * 200 + [1])
    p = np.linspace(0, 1, 201)[:, None] * [-1.0, 1.0] + [1.0, 0.0]
    estimate = metric.bootstrap(M.ROC_AUC, y, p, positive=None, seed=0, rounds=200)
    assert (estimate.low, estimate.value, estimate.high) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("factor", [1e-200, 1e160, 1e308])
def test_intervals_bear_any_magnitude(factor: float) -> None:
    y = np.linspace(0.5, 1.0, 40) * factor
    for name in (M.RMSE, M.MAE, M.MAPE, M.RMSLE):
        found = metric.bootstrap(name, y, y[:, None] * 0.9, positive=None, seed=0)
        assert not found.low > found.value
        assert not found.high < found.value


def test_the_interval_of_heavy_tails_reaches_far_up() -> None:
    random = np.random.default_rng(0)
    error = np.exp(1.5 * random.normal(size=200))
    found = metric.bootstrap(M.RMSE, error * 0, error[:, None], positive=None, seed=0)
    assert found.high - found.value > 1.2 * (found.value - found.low)


def test_one_row_says_little_of_its_class_and_many_say_much() -> None:
    for rows, least in ((1, 0.0), (100, 0.95)):
        y = np.array([0] * 200 + [1] * rows)
        estimate = metric.bootstrap(M.RECALL, y, np.eye(2)[y], positive=None, seed=0)
        assert (estimate.value, estimate.high) == (1.0, 1.0)
        assert least <= estimate.low < 1.0


@pytest.mark.parametrize("name", [M.LOG_LOSS, M.ACCURACY, M.F1, M.ROC_AUC])
def test_intervals_hold_the_truth_of_a_rare_class(name: MetricName) -> None:
    random = np.random.default_rng(0)

    def sample(rows: int) -> tuple[Any, Any]:
        signal = random.normal(size=rows)
        share = 1 / (1 + np.exp(2.5 - 1.6 * signal))
        y = (random.random(rows) < share).astype(np.int64)
        return y, np.stack([1.0 - share, share], axis=1)

    truth = metric.score(name, *sample(100_000), positive=1)
    estimates = [
        metric.bootstrap(name, *sample(200), positive=1, seed=seed, rounds=100)
        for seed in range(150)
    ]
    assert np.mean([item.low <= truth <= item.high for item in estimates]) > 0.88


@pytest.mark.parametrize(("classes", "rows"), [(10, 450), (26, 1000)])
def test_intervals_hold_the_truth_of_many_classes(classes: int, rows: int) -> None:
    random = np.random.default_rng(0)
    held = []
    for seed in range(100):
        y = random.integers(0, classes, rows)
        other = (y + random.integers(1, classes, rows)) % classes
        said = np.where(random.random(rows) < 0.98, y, other)
        found = metric.bootstrap(
            M.ACCURACY, y, np.eye(classes)[said], positive=None, seed=seed, rounds=100
        )
        held.append(found.low <= 0.98 <= found.high)
    assert np.mean(held) > 0.88


def test_an_undefined_value_has_no_interval() -> None:
    estimate = metric.bootstrap(M.R2, np.ones(1), np.ones((1, 1)), positive=None, seed=0)
    assert math.isnan(estimate.low)
    assert math.isnan(estimate.high)


@pytest.mark.parametrize("rows", range(2, 200))
def test_a_perfect_ranking_is_one_and_no_more(rows: int) -> None:
    share = np.linspace(0.0, 1.0, rows)
    p, y = np.stack([1.0 - share, share], axis=1), (share > 0.3).astype(np.int64)
    value = metric.score(M.AVERAGE_PRECISION, y, p, positive=1)
    assert value == pytest.approx(1.0)
    assert value <= 1.0
