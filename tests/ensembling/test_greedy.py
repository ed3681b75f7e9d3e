"""Greedy selection against exhaustive truth, ties and limits."""

import numpy as np
import pytest

from automl.core.frame import Floats
from automl.ensembling.greedy import select


def _problem(seed: int = 0) -> tuple[Floats, list[Floats]]:
    random = np.random.default_rng(seed)
    truth = random.normal(size=400)
    return truth, [(truth + random.normal(size=400) * s)[:, None] for s in (1.0, 1.1, 3.0)]


def _rmse(truth: Floats):  # type: ignore[no-untyped-def]
    return lambda mean: float(np.sqrt(np.mean((mean[:, 0] - truth) ** 2)))


def test_averaging_independent_errors_beats_the_best_single() -> None:
    truth, predictions = _problem()
    weights = select(predictions, _rmse(truth), maximize=False)
    mixed = sum(w * p for w, p in zip(weights, predictions, strict=True))
    assert sum(weights) == pytest.approx(1.0)
    assert _rmse(truth)(mixed) < min(_rmse(truth)(p) for p in predictions) * 0.9


def test_weights_come_close_to_the_best_convex_combination() -> None:
    truth, predictions = _problem(3)
    weights = select(predictions, _rmse(truth), maximize=False)
    grid = np.linspace(0, 1, 41)
    best = min(
        _rmse(truth)(a * predictions[0] + b * predictions[1] + (1 - a - b) * predictions[2])
        for a in grid
        for b in grid
        if a + b <= 1
    )
    mixed = sum(w * p for w, p in zip(weights, predictions, strict=True))
    assert _rmse(truth)(mixed) <= best * 1.005


def test_a_perfect_prediction_stands_alone() -> None:
    truth, predictions = _problem()
    assert select([*predictions, truth[:, None]], _rmse(truth), maximize=False) == (0, 0, 0, 1)


def test_equal_predictions_give_the_first_only() -> None:
    truth, predictions = _problem()
    same = [predictions[0], predictions[0].copy()]
    assert select(same, _rmse(truth), maximize=False) == (1.0, 0.0)


def test_no_more_members_than_allowed() -> None:
    random = np.random.default_rng(1)
    truth = random.normal(size=300)
    crowd = [(truth + random.normal(size=300))[:, None] for _ in range(12)]
    weights = select(crowd, _rmse(truth), maximize=False, members=3)
    assert 1 < sum(weight > 0 for weight in weights) <= 3


def test_maximize_turns_the_direction() -> None:
    truth, predictions = _problem()
    rmse = _rmse(truth)
    assert select(predictions, lambda m: -rmse(m), maximize=True) == select(
        predictions, rmse, maximize=False
    )


def test_members_cost_no_more_than_they_may_but_the_first_may_cost_anything() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(size=(400, 1))
    predictions = [truth + random.normal(size=(400, 1)) for _ in range(6)]

    def score(mean: Floats) -> float:
        return float(np.sqrt(np.mean((mean - truth) ** 2)))

    def chosen(most: float) -> list[int]:
        weights = select(
            predictions, score, maximize=False, prices=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], most=most
        )
        assert sum(weights) == pytest.approx(1.0)
        return [index for index, weight in enumerate(weights) if weight > 0]

    assert len(chosen(0.0)) == 1
    assert len(chosen(100.0)) == 6
    for most in (5.0, 8.0, 12.0):
        members = chosen(most)
        assert len(members) > 1 or members[0] + 1 >= most - 1
        assert sum(index + 1 for index in members[1:]) <= most


def test_a_member_must_spare_its_tax() -> None:
    """The mean of the first two has 0.7 of their error: that must be more than the second costs."""
    truth, predictions = _problem()
    rmse = _rmse(truth)
    for maximize, score in ((False, rmse), (True, lambda mean: 1.0 - rmse(mean))):
        free = select(predictions, score, maximize=maximize)
        assert free[0] > 0 < free[1]
        little = select(predictions, score, maximize=maximize, taxes=[1e-5, 1e-5, 1e-5])
        assert little[0] > 0 < little[1]
        assert select(predictions, score, maximize=maximize, taxes=[0, 0.5, 0])[1] == 0
        assert select(predictions, score, maximize=maximize, taxes=[0.5, 0, 0])[0] == 0
        assert select(predictions, score, maximize=maximize, taxes=[2.0] * 3) == (1, 0, 0)


def test_an_undefined_metric_leaves_the_first() -> None:
    predictions = [np.full((3, 1), value) for value in (0.1, 0.2)]
    assert select(predictions, lambda _: float("nan"), maximize=True) == (1.0, 0.0)
