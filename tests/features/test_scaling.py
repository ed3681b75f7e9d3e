"""Scalings of numbers: what each does to a column, and that the graph does the same."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl import features
from automl.core.catalog import ColumnKind
from automl.core.frame import Floats
from automl.core.learner import Scaling, View
from automl.export import parity
from automl.features import numeric
from tests.features.frames import EXTREMES, column, frame, table
from tests.features.test_encoder import assert_same, in_graph

EACH = pytest.mark.parametrize("scaling", list(Scaling))
cells = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from(EXTREMES)


def scaled(train: Floats, later: Floats, scaling: Scaling) -> Floats:
    schema = [column("x", ColumnKind.NUMERIC, train)]
    encoder = features.fit(frame(x=train), schema, View.ONE_HOT, scaling=scaling)
    return np.asarray(encoder.transform(frame(x=later))[:, 0], np.float64)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=40), st.sampled_from([1, 3, 8]))
def test_robust_looks_at_cells_that_are_there(drawn: list[float], times: int) -> None:
    train = np.repeat(np.array(drawn), times)
    low, center, high = np.quantile(train, [0.25, 0.5, 0.75], method="lower")
    found, spread = numeric.robust(train)
    assert found == center or abs(center) < 1e-44
    if high - low > 1e-6:
        assert spread == pytest.approx((high - low) / 1.349)


@EACH
def test_columns_are_scaled_together_as_alone(scaling: Scaling, monkeypatch: Any) -> None:
    rows, columns = table(0)
    encoder = features.fit(rows.take(np.arange(100)), columns, View.ONE_HOT, scaling=scaling)
    together = encoder.transform(rows)
    monkeypatch.setattr(numeric, "_TOGETHER", 1)
    np.testing.assert_array_equal(encoder.transform(rows), together)


@EACH
def test_the_graph_is_equal(scaling: Scaling) -> None:
    rows, columns = table(0)
    encoder = features.fit(rows.take(np.arange(100)), columns, View.ONE_HOT, scaling=scaling)
    for case in (rows, parity.inject(rows, 0), table(100)[0]):
        if scaling is Scaling.LOG:  # two libraries' logarithms may differ in the last bit
            np.testing.assert_allclose(in_graph(encoder, case), encoder.transform(case), rtol=1e-6)
        else:
            assert_same(encoder, case)


@settings(max_examples=60)
@given(
    train=st.lists(cells, min_size=1, max_size=8),
    later=st.lists(cells, min_size=1, max_size=8),
    scaling=st.sampled_from(Scaling),
)
def test_any_float_is_scaled_alike(
    train: list[float], later: list[float], scaling: Scaling
) -> None:
    schema = [column("x", ColumnKind.NUMERIC, np.array(train))]
    encoder = features.fit(frame(x=np.array(train)), schema, View.ONE_HOT, scaling=scaling)
    other = frame(x=np.array(later))
    x = encoder.transform(other)
    assert np.isfinite(x).all()
    np.testing.assert_allclose(in_graph(encoder, other), x, rtol=1e-6, atol=1e-6)


@EACH
def test_order_is_kept(scaling: Scaling) -> None:
    train = np.exp(np.random.default_rng(0).normal(size=500))
    assert (np.diff(scaled(train, np.sort(train), scaling)) >= 0).all()


def test_each_brings_a_skewed_column_to_its_size() -> None:
    train = np.exp(np.random.default_rng(0).normal(0, 2, size=2_000))
    found = {scaling: scaled(train, train, scaling) for scaling in Scaling}
    assert found[Scaling.STANDARD].mean() == pytest.approx(0, abs=0.1)
    assert (found[Scaling.MIN_MAX].min(), found[Scaling.MIN_MAX].max()) == (-1, 1)
    assert found[Scaling.LOG].std() == pytest.approx(1, abs=1e-3)
    normal = found[Scaling.QUANTILE]
    assert np.median(normal) == pytest.approx(0, abs=0.01)
    assert normal.std() == pytest.approx(1, abs=0.05)
    assert abs((normal**3).mean()) < 0.1


def test_trees_see_no_scaling() -> None:
    rows, columns = table(1)
    one, other = (
        features.fit(rows, columns, View.ORDINAL, scaling=scaling)
        for scaling in (Scaling.ROBUST, Scaling.QUANTILE)
    )
    np.testing.assert_array_equal(one.transform(rows), other.transform(rows))
