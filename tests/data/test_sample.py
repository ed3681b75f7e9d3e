"""Samples of rows: as many as asked for, every class in its share, rare ones whole."""

import numpy as np
import pytest

from automl.data.sample import LEAST, sample


def test_few_rows_are_all_taken() -> None:
    assert sample(np.arange(5.0), 5, seed=0).tolist() == [0, 1, 2, 3, 4]


def test_numbers_are_drawn_anywhere() -> None:
    chosen = sample(np.zeros(100_000), 10_000, seed=0)
    assert len(np.unique(chosen)) == 10_000
    assert (np.diff(chosen) > 0).all()
    assert chosen.mean() == pytest.approx(50_000, rel=0.02)


def test_classes_keep_their_shares_and_rare_ones_their_rows() -> None:
    y = np.repeat([0, 1, 2, 3], [60_000, 39_000, 900, 100])
    chosen = sample(y, 5_000, seed=0)
    assert len(chosen) == 5_000
    counts = np.bincount(y[chosen])
    assert counts[3] == 100
    assert counts[2] >= LEAST
    assert counts[0] / counts[1] == pytest.approx(60 / 39, rel=0.03)


def test_another_seed_draws_others_and_the_same_the_same() -> None:
    y = np.zeros(1_000)
    first = sample(y, 100, seed=1)
    assert (first == sample(y, 100, seed=1)).all()
    assert (first != sample(y, 100, seed=2)).any()


def test_more_classes_than_rows_are_still_that_many_rows() -> None:
    y = np.arange(1_000).repeat(200)
    assert len(sample(y, 20_000, seed=0)) == 20_000
