"""Temperature and levels against plain search, and kept only where they pay on other rows."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from sklearn import metrics

from automl.core.catalog import MetricName
from automl.core.decision import PLAIN, Decision
from automl.core.frame import Floats, Ints
from automl.core.kin import Bond, Kin
from automl.ensembling.crossfit import crossfit
from automl.ensembling.decide import decide
from automl.ensembling.levels import levels
from automl.ensembling.odds import odds
from automl.ensembling.temperature import HOTTEST, temperature

M = MetricName


def drawn(
    classes: int, rows: int = 4_000, *, seed: int = 0, shares: tuple[float, ...] = ()
) -> tuple[Ints, Floats]:
    """Return classes and probabilities that are exactly right about them."""
    random = np.random.default_rng(seed)
    p = random.gamma(1.0, 1.0, (rows, classes)) * (shares or (1.0,) * classes) + 1e-9
    p /= p.sum(axis=1, keepdims=True)
    return (p.cumsum(axis=1) < random.random((rows, 1))).sum(axis=1).astype(np.int64), p


def loss(y: Ints, p: Floats) -> float:
    return float(metrics.log_loss(y, p, labels=np.arange(p.shape[1])))


@pytest.mark.parametrize("sure", [0.5, 1.0, 1.7])
@pytest.mark.parametrize("classes", [2, 5])
def test_the_temperature_is_that_of_the_least_loss(classes: int, sure: float) -> None:
    y, p = drawn(classes)
    distorted = Decision(1.0 / sure).probabilities(p)
    found = temperature(y, distorted)
    assert found == pytest.approx(sure, rel=0.1)
    best = min(loss(y, Decision(t).probabilities(distorted)) for t in np.geomspace(0.25, 4, 400))
    assert loss(y, Decision(found).probabilities(distorted)) <= best + 1e-9


def test_temperatures_have_bounds_and_bear_certainty() -> None:
    y = np.array([0, 1, 1, 0])
    right, wrong = np.eye(2)[y], np.eye(2)[1 - y]
    assert temperature(y, right) >= 1 / HOTTEST
    assert temperature(y, wrong) == pytest.approx(HOTTEST, rel=0.01)
    assert temperature(y, np.full((4, 2), 0.5)) > 0


def test_right_probabilities_stay_as_they_are_or_nearly() -> None:
    for seed in range(5):
        y, p = drawn(3, 500, seed=seed)
        assert decide(M.LOG_LOSS, y, p, positive=None).temperature == pytest.approx(1.0, abs=0.2)


def test_too_sure_probabilities_become_less_sure() -> None:
    y, p = drawn(4)
    sharp = Decision(0.5).probabilities(p)
    found = decide(M.LOG_LOSS, y, sharp, positive=None)
    assert found.temperature == pytest.approx(2.0, rel=0.1)
    assert found.levels == ()
    other, q = drawn(4, seed=1)
    sharp = Decision(0.5).probabilities(q)
    assert loss(other, found.probabilities(sharp)) < loss(other, sharp)


@pytest.mark.parametrize("name", [M.F1, M.BALANCED_ACCURACY, M.F1_MACRO])
def test_a_rare_class_gets_a_threshold_that_holds_on_other_rows(name: MetricName) -> None:
    y, p = drawn(2, shares=(9.0, 1.0))
    found = decide(name, y, p, positive=1)
    assert sum(found.levels) == pytest.approx(1.0)
    assert found.threshold(1) < 0.5
    other, q = drawn(2, 20_000, seed=1, shares=(9.0, 1.0))
    judge = {
        M.F1: metrics.f1_score,
        M.BALANCED_ACCURACY: metrics.balanced_accuracy_score,
        M.F1_MACRO: lambda a, b: metrics.f1_score(a, b, average="macro"),
    }[name]
    grid = np.linspace(0.01, 0.99, 99)
    best = max(judge(other, (q[:, 1] > t).astype(int)) for t in grid)
    assert judge(other, found.labels(found.probabilities(q))) > best - 0.02
    assert judge(other, PLAIN.labels(q)) < best - 0.02


def test_the_threshold_follows_the_positive_class() -> None:
    y, p = drawn(2, shares=(1.0, 9.0))
    assert decide(M.F1, y, p, positive=0).threshold(0) < 0.5


@pytest.mark.parametrize("name", [M.ACCURACY, M.PRECISION, M.RECALL, M.ROC_AUC, M.LOG_LOSS])
def test_other_metrics_keep_the_most_probable_class(name: MetricName) -> None:
    y, p = drawn(2, shares=(9.0, 1.0))
    assert decide(name, y, p, positive=1).levels == ()


def test_of_many_classes_rare_ones_are_said_sooner() -> None:
    y, p = drawn(4, shares=(20.0, 5.0, 2.0, 1.0))
    found = levels(M.BALANCED_ACCURACY, y, p, positive=None)
    other, q = drawn(4, seed=1, shares=(20.0, 5.0, 2.0, 1.0))
    assert list(found) == sorted(found, reverse=True)
    judge = metrics.balanced_accuracy_score
    assert judge(other, Decision(levels=found).labels(q)) > judge(other, PLAIN.labels(q)) + 0.03


def test_a_class_of_two_rows_and_one_row_alone_are_borne() -> None:
    y, p = drawn(3, 60)
    y[:2], y[2:] = 2, y[2:] % 2
    for name in (M.LOG_LOSS, M.BALANCED_ACCURACY, M.F1_MACRO, M.ROC_AUC):
        found = decide(name, y, p, positive=None)
        assert np.isfinite(found.probabilities(p)).all()
    assert decide(M.F1, np.array([1]), np.array([[0.4, 0.6]]), positive=1).levels == ()


def test_labels_that_nothing_improves_stay_the_most_probable() -> None:
    y = np.arange(400) % 2
    p = np.eye(2)[y] * 0.8 + 0.1
    assert decide(M.F1, y, p, positive=1).levels == ()


def test_a_class_that_is_ranked_well_and_never_said_gets_its_due() -> None:
    y, p = drawn(2, shares=(9.0, 1.0))
    shy = Decision(3.0, factors=(0.95, 0.05)).probabilities(p)  # as after a search for the AUC
    found = decide(M.ROC_AUC, y, shy, positive=1)
    assert found.factors[1] > 0.5
    other, q = drawn(2, 20_000, seed=1, shares=(9.0, 1.0))
    mended = found.probabilities(Decision(3.0, factors=(0.95, 0.05)).probabilities(q))
    assert loss(other, mended) == pytest.approx(loss(other, q), rel=0.05)
    assert metrics.roc_auc_score(other, mended[:, 1]) == metrics.roc_auc_score(other, q[:, 1])


@pytest.mark.parametrize("bond", ["copy", "group", "moment"])
def test_what_pays_is_judged_by_other_groups(bond: Bond, monkeypatch: pytest.MonkeyPatch) -> None:
    y, p = drawn(3, 400)
    numbers = np.random.default_rng(0).integers(0, 40, 400).astype(np.int32)
    parts: list[Ints] = []

    def noted(given: list[Ints], choose: Callable[[Ints], object]) -> Iterator[object]:
        parts.extend(given)
        return crossfit(given, choose)

    monkeypatch.setattr("automl.ensembling.decide.crossfit", noted)
    decide(M.LOG_LOSS, y, p, positive=None, kin=Kin(numbers, bond))
    assert len(parts) == 5
    assert sum(len(set(numbers[part])) for part in parts) == len(set(numbers))


@pytest.mark.parametrize("name", [M.F1, M.LOG_LOSS, M.ROC_AUC])
def test_one_group_alone_decides_nothing(name: MetricName) -> None:
    y, p = drawn(2, 300, shares=(9.0, 1.0))
    sharp = Decision(0.3).probabilities(p)
    assert decide(name, y, sharp, positive=1) != PLAIN
    one = Kin(np.zeros(300, np.int32), "group")
    assert decide(name, y, sharp, positive=1, kin=one) == PLAIN


@pytest.mark.parametrize("groups", [2, 3, 7])
def test_groups_of_one_class_are_borne(groups: int) -> None:
    kin = Kin(np.arange(90, dtype=np.int32) % groups, "group")
    y = kin.numbers.astype(np.int64) % 2
    _, p = drawn(2, 90)
    for name in (M.LOG_LOSS, M.F1, M.BALANCED_ACCURACY, M.ROC_AUC):
        assert np.isfinite(decide(name, y, p, positive=1, kin=kin).probabilities(p)).all()


@pytest.mark.parametrize("rows", [2, 6, 400])
def test_lines_bear_certainty_and_few_rows(rows: int) -> None:
    y = np.arange(rows) % 2
    for p in (np.eye(2)[y], np.eye(2)[1 - y], np.full((rows, 2), 0.5)):
        found = odds(y, p)
        assert np.isfinite(found.probabilities(p)).all()
        assert found.temperature > 0
        assert all(factor > 0 for factor in found.factors)
