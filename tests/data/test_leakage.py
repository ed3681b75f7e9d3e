"""Strengths of single columns: honest ones stay honest, copies of the target do not."""

import numpy as np
import pytest
from scipy import stats

from automl.core.frame import Cells, Floats, Frame, Ints, Strings
from automl.data.leakage import LEAK, MOST_ROWS, inspect, strengths

RNG = np.random.default_rng(0)
ROWS = 2_000


def frame(**columns: Cells) -> Frame:
    return Frame(columns, len(next(iter(columns.values()))))


def words(codes: Ints) -> Strings:
    values = tuple(f"w{n:05}" for n in range(int(codes.max()) + 1))
    return Strings(codes.astype(np.int32), values)


def found(cells: Cells, y: Floats | Ints, classes: int) -> float:
    return strengths(frame(x=cells), y, range(classes))["x"]


X = RNG.normal(size=ROWS)
BINARY = (X > 0.3).astype(np.int64)
MANY = np.digitize(X, [-1, 0, 1])
LEAKS: dict[str, tuple[Cells, Floats | Ints, int]] = {
    "a threshold of a number": (X, BINARY, 2),
    "the other way round": (-X, BINARY, 2),
    "classes of a number": (X, MANY, 4),
    "the target itself": (MANY.astype(np.float64), MANY, 4),
    "a code of the target": (words(np.array([2, 0, 3, 1])[MANY]), MANY, 4),
    "a copied number": (3 * X + 1, X, 0),
    "a power of it": (X**3, X, 0),
    "a parabola": ((X * 40).round(), (X * 40).round() ** 2, 0),
    "some cells missing": (np.where(RNG.random(ROWS) < 0.3, np.nan, X), X, 0),
    "a group that gives the number": (words((X * 3).round().astype(np.int64) + 12),
                                      (X * 3).round(), 0),
}  # fmt: skip


@pytest.mark.parametrize("case", LEAKS)
def test_what_gives_the_target_away_is_found(case: str) -> None:
    cells, y, classes = LEAKS[case]
    assert found(cells, y, classes) >= LEAK
    (warning,) = [w for w in inspect(frame(x=cells), y, range(classes)) if w.code == "LEAKAGE"]
    assert "x (" in warning.message


HONEST: dict[str, tuple[Cells, Floats | Ints, int]] = {
    "noise": (RNG.normal(size=ROWS), BINARY, 2),
    "a name a row": (words(np.arange(ROWS)), BINARY, 2),
    "a name a row, for numbers": (words(np.arange(ROWS)), X, 0),
    "two rows a name": (words(np.arange(ROWS) // 2), RNG.permutation(MANY), 4),
    "a constant": (np.ones(ROWS), BINARY, 2),
    "nothing": (np.full(ROWS, np.nan), BINARY, 2),
}


@pytest.mark.parametrize("case", HONEST)
def test_chance_is_weak(case: str) -> None:
    assert found(*HONEST[case]) < 0.2


def test_strong_but_honest_columns_raise_no_alarm() -> None:
    noisy = X + RNG.normal(scale=0.3, size=ROWS)
    assert 0.8 < found(noisy, X, 0) < LEAK
    assert 0.8 < found(noisy, BINARY, 2) < LEAK


def test_rank_correlation_is_that_of_scipy() -> None:
    x = RNG.normal(size=300).round(1)
    y = x + RNG.normal(size=300).round(1)
    assert found(x, y, 0) == pytest.approx(stats.spearmanr(x, y).statistic, abs=0.02)


def test_the_strongest_stand_first_and_rows_without_target_do_not_count() -> None:
    y = np.where(RNG.random(ROWS) < 0.5, np.nan, X)
    table = frame(weak=X + RNG.normal(size=ROWS), leak=np.where(np.isnan(y), 0.0, X))
    assert list(strengths(table, y, ())) == ["leak", "weak"]


def test_large_tables_are_sampled() -> None:
    y = RNG.integers(0, 2, 4 * MOST_ROWS)
    assert found(y.astype(np.float64), y, 2) == pytest.approx(1.0)


def test_few_rows_tell_nothing() -> None:
    assert inspect(frame(x=np.arange(5.0)), np.arange(5.0), ()) == ()


def test_uneven_classes_are_named() -> None:
    y = np.array([0] * 950 + [1] * 50)
    (warning,) = inspect(frame(x=RNG.normal(size=1_000)), y, ("no", "yes"))
    assert warning.code == "IMBALANCE"
    assert "'no' has 95 %" in warning.message
    assert "with 'yes' as the positive class" in warning.message
    (warning,) = inspect(frame(x=RNG.normal(size=2_000)), (np.arange(2_000) == 7) * 1, ("n", "y"))
    assert "'n' has 99.9 %" in warning.message
    many = np.array([0] * 900 + [1] * 80 + [2] * 20)
    (warning,) = inspect(frame(x=RNG.normal(size=1_000)), many, ("a", "b", "c"))
    assert warning.message.endswith("look at balanced accuracy.")
    assert inspect(frame(x=RNG.normal(size=1_000)), np.arange(1_000) % 2, ("no", "yes")) == ()
