"""The gate: how outputs are compared, and on which rows."""

import numpy as np
import pytest

from automl.export import parity
from tests.features.frames import inputs, table


def test_difference_is_relative_to_the_largest() -> None:
    b = np.array([[1000.0, -2.0]])
    assert parity.difference(b + np.array([0.0, 0.1]), b) == pytest.approx(1e-4)
    assert parity.difference(b / 1e4 + 0.1, b / 1e4) == pytest.approx(0.1)
    assert parity.difference(b, b) == 0.0
    assert parity.difference(b[:0], b[:0]) == 0.0
    assert parity.difference(b, b[:, :1]) == float("inf")
    assert parity.difference(b * np.nan, b) == float("inf")
    huge = np.array([1.7e308])
    assert parity.difference(huge, -huge) == pytest.approx(2.0)


def test_injected_rows_are_real_rows_with_damage() -> None:
    rows, columns = table(0, rows=2000)
    damaged = parity.inject(rows, 3)
    for item in columns:
        if item.cells == "number":
            before, after = rows.numbers(item.name), damaged.numbers(item.name)
            gone = np.isnan(after) & ~np.isnan(before)
            np.testing.assert_array_equal(after[~gone], before[~gone])
        else:
            old, new = rows.strings(item.name).cells(), damaged.strings(item.name).cells()
            assert list(damaged.strings(item.name).values) == sorted(
                damaged.strings(item.name).values
            )
            gone = (new == "") & (old != "")
            strange = np.array([cell.endswith("unseen") for cell in new])
            assert 0.02 < strange.mean() < 0.08
            assert (new == old)[~gone & ~strange].all()
        if item.name not in {"never", "empty"}:
            assert 0.02 < gone.mean() < 0.08
    again = parity.feeds(parity.inject(rows, 3), inputs(columns))
    for name, array in parity.feeds(damaged, inputs(columns)).items():
        np.testing.assert_array_equal(array, again[name])
