"""Rows that are taken several times are judged as if each of them were there so often."""

import numpy as np
import pytest

from automl.core import metric
from automl.core.catalog import MetricName as M
from automl.core.repeated import REPEATED

JUDGED = [(name, 2) for name in REPEATED] + [(M.ROC_AUC, 5), (M.LOG_LOSS, 5)]


@pytest.mark.parametrize(("name", "classes"), JUDGED)
@pytest.mark.parametrize("ties", [False, True])
def test_rows_taken_often_are_as_many_rows(name: M, classes: int, ties: bool) -> None:
    random = np.random.default_rng(classes)
    y = random.integers(0, classes, 300)
    p = random.dirichlet(np.ones(classes), 300)
    p = np.round(p, 1) if ties else p  # a probability of 0 or 1 among them
    positive = 0 if classes == 2 else None
    value = REPEATED[name](y, p, positive)
    for _ in range(20):
        times = random.integers(0, 4, 300)
        rows = np.repeat(np.arange(300), times)
        expected = metric.score(name, y[rows], p[rows], positive=positive)
        assert value(times) == pytest.approx(expected, rel=1e-12)


def test_a_class_without_rows_has_no_part_in_the_mean() -> None:
    y = np.array([0, 1, 0, 1])
    p = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.3, 0.4, 0.3], [0.2, 0.5, 0.3]])
    value = REPEATED[M.ROC_AUC](y, p, None)
    assert value(np.ones(4, np.int64)) == metric.score(M.ROC_AUC, y, p, positive=None)


def test_average_precision_is_of_two_classes() -> None:
    with pytest.raises(ValueError, match="two classes only"):
        REPEATED[M.AVERAGE_PRECISION](np.arange(3), np.eye(3), None)
