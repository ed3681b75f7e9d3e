"""Every task: its numbers, and that its graph form computes the same."""

import numpy as np
import pytest

from automl import tasks
from automl.core import metric
from automl.core.catalog import MetricName, TaskType
from automl.core.decision import PLAIN, Decision
from automl.core.graph import Graph
from automl.export.onnx import serialize
from automl.export.scoring import Scores, Session
from automl.tasks import TargetScale

REGRESSION = tasks.load(TaskType.REGRESSION)
CLASSIFICATION = tasks.load(TaskType.CLASSIFICATION)


@pytest.mark.parametrize("task", list(TaskType))
def test_every_task_has_a_loss(task: TaskType) -> None:
    assert tasks.load(task).losses


@pytest.mark.parametrize("factor", [1.0, 1e-300, 1e300, 1e18])
def test_targets_are_standardized_and_come_back(factor: float) -> None:
    y = np.random.default_rng(0).normal(3.0, 2.0, 500) * factor
    scale = REGRESSION.fit_target(y)
    z = REGRESSION.encode(y, scale)
    assert abs(z.mean()) < 1e-9
    assert z.std() == pytest.approx(1.0)
    back = REGRESSION.decode(z[:, None], scale)[:, 0]
    np.testing.assert_allclose(back / factor, y / factor, rtol=0, atol=1e-13)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e300])
def test_a_constant_target_is_not_divided_by_zero(value: float) -> None:
    scale = REGRESSION.fit_target(np.full(7, value))
    assert scale.std == 1.0
    assert scale.mean == pytest.approx(value)


def test_classes_are_left_as_they_are() -> None:
    y = np.array([2, 0, 1])
    scale = CLASSIFICATION.fit_target(y)
    assert scale == TargetScale()
    assert CLASSIFICATION.encode(y, scale).tolist() == [2, 0, 1]


def test_baselines_know_no_feature() -> None:
    assert CLASSIFICATION.baseline(np.array([1, 1, 3, 0]), 5).tolist() == [[0.25, 0.5, 0, 0.25, 0]]
    assert REGRESSION.baseline(np.array([1.0, 2.0, 6.0]), 1).tolist() == [[3.0]]
    assert np.isfinite(REGRESSION.baseline(np.array([1e308, 1.5e308]), 1)).all()


def test_a_guess_explains_nothing() -> None:
    y = np.random.default_rng(0).uniform(15_000, 500_000, 7).round()
    guess = np.broadcast_to(REGRESSION.baseline(y, 1), (len(y), 1))
    assert metric.score(MetricName.R2, y, guess, positive=None) == 0.0


def scored(
    task: TaskType,
    raw: list[list[float]],
    scale: TargetScale,
    classes: tuple[str, ...] | tuple[int, ...],
    decision: Decision = PLAIN,
) -> Scores:
    """Feed ``raw``'s columns as float32, as a family would, through the task's two ends."""
    graph = Graph()
    columns = np.array(raw)
    names = [f"p{index}" for index in range(columns.shape[1])]
    joined = graph.node("Concat", *(graph.input(name, "number") for name in names), axis=1)
    module = tasks.load(task)
    decoded = module.emit_decode(graph, graph.node("Cast", joined, to=1), scale)
    module.emit_outputs(graph, decoded, classes, decision)
    feeds = {name: columns[:, [index]] for index, name in enumerate(names)}
    return Session(serialize(graph, metadata={})).score(feeds)


RAW = [[0.2, 0.5, 0.3], [0.4, 0.4, 0.2], [0.0, 0.0, 1.0]]


def test_classes_come_out_as_labels_and_probabilities() -> None:
    words = scored(TaskType.CLASSIFICATION, RAW, TargetScale(), ("é", "b", "yes, no"))
    assert words.predictions.tolist() == ["b", "é", "yes, no"]  # a tie goes to the first
    assert words.probabilities is not None
    assert words.probabilities.dtype == np.float64
    np.testing.assert_allclose(words.probabilities.sum(axis=1), 1.0, rtol=1e-15)
    np.testing.assert_allclose(words.probabilities, RAW, atol=1e-7)


def test_integer_classes_stay_integers() -> None:
    whole = scored(TaskType.CLASSIFICATION, RAW, TargetScale(), (-1, 5, 2**53))
    assert whole.predictions.dtype == np.int64
    assert whole.predictions.tolist() == [5, -1, 2**53]


@pytest.mark.parametrize("levels", [(), (0.2, 0.5, 0.3), (0.6, 0.3, 0.1)])
@pytest.mark.parametrize("temperature", [1.0, 0.4, 3.0])
def test_the_file_decides_as_the_decision_says(
    temperature: float, levels: tuple[float, ...]
) -> None:
    decision = Decision(temperature, levels)
    raw = np.random.default_rng(0).dirichlet(np.ones(3), 500).astype(np.float32).astype(float)
    scores = scored(TaskType.CLASSIFICATION, raw.tolist(), TargetScale(), (0, 1, 2), decision)
    expected = decision.probabilities(raw / raw.sum(axis=1, keepdims=True))
    assert scores.probabilities is not None
    np.testing.assert_allclose(scores.probabilities, expected, rtol=1e-12)
    assert scores.predictions.tolist() == decision.labels(scores.probabilities).tolist()
    order = np.argsort(raw, axis=1)
    assert (np.argsort(scores.probabilities, axis=1) == order).all()  # whatever the temperature


def test_of_two_classes_a_level_is_a_threshold() -> None:
    raw = [[1.0 - p, p] for p in (0.0, 0.125, 0.25, 0.5, 1.0)]
    low = Decision(levels=(0.75, 0.25))
    said = scored(TaskType.CLASSIFICATION, raw, TargetScale(), ("no", "yes"), low)
    assert said.predictions.tolist() == ["no", "no", "no", "yes", "yes"]
    assert (low.threshold(1), low.threshold(0), PLAIN.threshold(1)) == (0.25, 0.75, 0.5)


def test_a_number_comes_out_in_the_data_s_units() -> None:
    scale = TargetScale(1e6, 250.0)
    scores = scored(TaskType.REGRESSION, [[-1.5], [0.0], [2.0]], scale, ())
    assert scores.probabilities is None
    assert scores.predictions.shape == (3,)
    assert scores.predictions.tolist() == [1e6 - 375, 1e6, 1e6 + 500]
    assert scored(TaskType.REGRESSION, [[2.0]], scale, ()).predictions.shape == (1,)


def test_the_file_moves_the_odds_as_the_decision_does() -> None:
    raw = np.random.default_rng(0).dirichlet([1.0, 0.3], 50)
    decision = Decision(1.7, factors=(0.2, 0.8))
    scores = scored(TaskType.CLASSIFICATION, raw.tolist(), TargetScale(), (0, 1), decision)
    assert scores.probabilities == pytest.approx(decision.probabilities(raw), rel=1e-6)
