"""Blended weights: what they gain, what they leave out, and where they are not kept."""

import numpy as np
import pytest

from automl.core import metric
from automl.core.catalog import MetricName
from automl.core.frame import Floats
from automl.core.mixture import Mixture
from automl.ensembling.blend import MEMBERS, Charges, blend, refit
from automl.ensembling.crossfit import deal
from automl.ensembling.greedy import select

ROWS = 2_000


def _free(count: int) -> Charges:
    return Charges(np.zeros(count), np.zeros(count), np.inf)


def _rmse(truth: Floats, said: Floats) -> float:
    return metric.score(MetricName.RMSE, truth, said, positive=None)


def _numbers(seed: int = 0, rows: int = ROWS) -> tuple[Floats, list[Floats]]:
    """Return numbers, and candidates of which the third errs as the others do, but twice as far."""
    random = np.random.default_rng(seed)
    truth, shared = random.normal(size=(2, rows))
    noise = random.normal(size=(3, rows))
    first, second = truth + shared + 0.3 * noise[:2]
    third = truth + 2.0 * shared + 0.3 * noise[2]
    return truth, [each[:, None] for each in (first, second, third)]


def test_a_weight_below_zero_takes_back_what_others_say_too_much() -> None:
    truth, said = _numbers()
    found = blend(
        truth, said, (0.5, 0.5, 0.0), lambda m: _rmse(truth, m), charges=_free(3), parts=deal(truth)
    )
    assert found is not None
    assert found.weights[2] < -0.4
    assert sum(found.weights) == pytest.approx(1.0)
    fresh, unseen = _numbers(seed=1)
    greedy = _rmse(fresh, Mixture((0.5, 0.5, 0.0)).of(unseen))
    assert _rmse(fresh, Mixture(found.weights).of(unseen)) < 0.7 * greedy


def test_logarithms_are_blended_within_probabilities() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, ROWS)
    signal = 2.0 * np.eye(3)[truth] + random.normal(size=(ROWS, 3))
    shared = 2.0 * random.normal(size=(ROWS, 3))
    logits = [signal + shared, signal + shared + 0.1, signal + 2.0 * shared]
    said = [np.exp(each) / np.exp(each).sum(axis=1, keepdims=True) for each in logits]

    def error(together: Floats) -> float:
        return metric.score(MetricName.LOG_LOSS, truth, together, positive=None)

    start = (0.5, 0.5, 0.0)
    found = blend(truth, said, start, error, charges=_free(3), parts=deal(truth))
    assert found is not None
    together = Mixture(found.weights, geometric=True).of(said)
    assert found.weights[2] < -0.2
    assert sum(found.weights) == pytest.approx(1.0)
    assert together.min() >= 0.0
    assert together.sum(axis=1) == pytest.approx(1.0)
    assert error(together) < 0.8 * error(Mixture(start).of(said))


def test_what_is_not_worth_its_price_is_left_out() -> None:
    truth, said = _numbers()
    start = (0.5, 0.5, 0.0)
    dear = Charges(np.array([0.0, 0.0, 0.9]), np.zeros(3), np.inf)
    found = blend(truth, said, start, lambda m: _rmse(truth, m), charges=dear, parts=deal(truth))
    assert found is None or found.weights[2] == 0.0
    slow = Charges(np.zeros(3), np.array([1.0, 1.0, 9.0]), 5.0)
    found = blend(truth, said, start, lambda m: _rmse(truth, m), charges=slow, parts=deal(truth))
    assert found is None or found.weights[2] == 0.0


def test_members_are_few_and_those_of_the_start_stay() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(size=ROWS)
    said = [(truth + random.normal(size=ROWS))[:, None] for _ in range(30)]
    start = tuple(float(index in (3, 7)) / 2 for index in range(30))
    found = blend(
        truth, said, start, lambda m: _rmse(truth, m), charges=_free(30), parts=deal(truth)
    )
    assert found is not None
    assert {3, 7} <= set(found.kept.tolist())
    assert len(found.kept) == np.count_nonzero(found.weights) == MEMBERS


def test_weights_hardly_move_where_there_is_nothing_to_gain() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(size=500)
    said = [(truth + random.normal(size=500))[:, None] for _ in range(6)]

    def error(together: Floats) -> float:
        return _rmse(truth, together)

    start = select(said, error, maximize=False)
    found = blend(truth, said, start, error, charges=_free(6), parts=deal(truth))
    assert found is None or np.abs(np.subtract(found.weights, start)).max() < 0.05
    assert blend(truth, said[:1], (1.0,), error, charges=_free(1), parts=deal(truth)) is None


def test_what_is_all_but_certain_stays_as_it_is() -> None:
    truth = np.arange(ROWS) % 2
    sure = np.where(np.eye(2)[truth] == 1, 1 - 1e-6, 1e-6)
    called: list[Floats] = []
    charges = _free(2)
    found = blend(
        truth, [sure, sure[:, ::-1]], (1.0, 0.0), lambda m: len(called) * 1.0, charges=charges,
        parts=deal(truth),
    )  # fmt: skip
    assert found is None


def test_weights_that_say_the_opposite_are_those_of_the_start() -> None:
    truth = np.arange(ROWS) % 2
    wrong = np.where(np.eye(2)[truth] == 1, 0.1, 0.9)
    weights = refit(truth, [wrong, wrong[:, ::-1] * 0 + 0.5], (1.0, 0.0), np.arange(2), 0.001)
    assert weights == (1.0, 0.0)
