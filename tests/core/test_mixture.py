"""How answers become one: weights of them, or of their logarithms."""

import numpy as np
import pytest

from automl.core.mixture import FLOOR, Mixture

ONE = np.array([[0.9, 0.1], [0.2, 0.8]])
OTHER = np.array([[0.5, 0.5], [0.0, 1.0]])


def test_weights_of_answers_are_their_weighted_sum() -> None:
    assert Mixture((1.25, -0.25)).of([ONE, OTHER]) == pytest.approx(1.25 * ONE - 0.25 * OTHER)
    assert Mixture((0.0, 1.0)).of([ONE * np.nan, OTHER]).tolist() == OTHER.tolist()


def test_weights_of_logarithms_give_probabilities_again() -> None:
    said = Mixture((3.0, -2.0), geometric=True).of([ONE, OTHER])
    assert said.sum(axis=1) == pytest.approx(1.0)
    assert said.min() >= 0.0
    odds = (0.9 / 0.1) ** 3, (0.2 / 0.8) ** 3 * (FLOOR / 1.0) ** -2
    assert said[:, 0] / said[:, 1] == pytest.approx(odds)


def test_one_member_alone_says_the_same_by_its_logarithms() -> None:
    assert Mixture((1.0,), geometric=True).of([ONE.astype(np.float32)]) == pytest.approx(ONE)
