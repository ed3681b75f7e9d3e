"""Room: encoders of some rows have the layout of all, and nothing of what only others have."""

import numpy as np
import numpy.typing as npt
import pytest

from automl import features
from automl.core.catalog import ColumnKind
from automl.core.frame import Frame
from automl.core.learner import Scaling, View
from automl.core.schema import Column
from automl.export import parity
from automl.features.encoder import Columns
from tests.features.frames import column, frame, strings, table
from tests.features.test_encoder import assert_same, in_graph

FOLDS = 5
VIEWS = pytest.mark.parametrize("view", [View.ONE_HOT, View.EMBEDDING])


def folds(rows: Frame) -> list[Frame]:
    """Return all rows but a stretch, each time another one."""
    parts = np.array_split(np.arange(rows.rows), FOLDS)
    return [rows.take(np.setdiff1d(np.arange(rows.rows), part)) for part in parts]


def sorted_table(seed: int) -> tuple[Frame, tuple[Column, ...]]:
    """Return columns of all kinds, sorted by one: whole stretches lack some of its values."""
    rows, columns = table(seed)
    order = np.argsort(rows.strings("many").codes, kind="stable")
    return rows.take(order), columns


@VIEWS
@pytest.mark.parametrize("seed", range(3))
def test_folds_have_one_layout(view: View, seed: int) -> None:
    rows, columns = sorted_table(seed)
    alone = [features.fit(fold, columns, view) for fold in folds(rows)]
    assert len({encoder.layout for encoder in alone}) > 1
    fitted = [features.fit(fold, columns, view, room=rows) for fold in folds(rows)]
    whole = features.fit(rows, columns, view)
    assert {encoder.layout for encoder in fitted} == {whole.layout}


@pytest.mark.parametrize("scaling", list(Scaling))
def test_what_a_fold_has_is_as_without_room_and_all_else_is_zero(scaling: Scaling) -> None:
    rows, columns = sorted_table(3)
    later = parity.inject(rows, 0)
    for fold in folds(rows):
        alone = features.fit(fold, columns, View.ONE_HOT, scaling=scaling)
        fitted = features.fit(fold, columns, View.ONE_HOT, scaling=scaling, room=rows)
        own = [fitted.names.index(name) for name in alone.names]
        np.testing.assert_array_equal(fitted.transform(later)[:, own], alone.transform(later))
        assert not np.delete(fitted.transform(later), own, axis=1).any()


def test_what_a_fold_has_not_is_zero_whatever_comes() -> None:
    rows = frame(
        constant=np.array([1.0, 1, 1, 1, 2, 3]),
        there=np.array([1.0, 2, 3, 4, np.nan, 5]),
        word=strings(["a", "a", "a", "a", "b", None]),
    )
    kinds = (ColumnKind.NUMERIC, ColumnKind.NUMERIC, ColumnKind.CATEGORICAL)
    columns = [
        column(name, kind, cells)
        for (name, cells), kind in zip(rows.columns.items(), kinds, strict=True)
    ]
    fitted = features.fit(rows.take(np.arange(4)), columns, View.ONE_HOT, room=rows)
    assert fitted.names == (
        "constant", "there", "there is missing", "word never 1", "word never 2",
    )  # fmt: skip
    assert fitted.layout.numbers == (0, 1)
    assert not np.delete(fitted.transform(rows), 1, axis=1).any()
    assert_same(fitted, rows)


@VIEWS
@pytest.mark.parametrize("scaling", [Scaling.ROBUST, Scaling.QUANTILE, Scaling.LOG])
def test_the_graph_is_equal(view: View, scaling: Scaling) -> None:
    rows, columns = sorted_table(4)
    fitted = features.fit(folds(rows)[0], columns, view, scaling=scaling, room=rows)
    for case in (rows, parity.inject(rows, 1)):
        if scaling is Scaling.LOG:  # two libraries' logarithms may differ in the last bit
            np.testing.assert_allclose(in_graph(fitted, case), fitted.transform(case), rtol=1e-6)
        else:
            assert_same(fitted, case)


def test_a_column_of_codes_in_all_rows_is_one_in_each_fold() -> None:
    cells = strings([f"v{n // 10:02}" for n in range(100)])
    rows = frame(word=cells)
    columns = [column("word", ColumnKind.CATEGORICAL, cells)]
    few = rows.take(np.arange(30))
    assert features.fit(few, columns, View.EMBEDDING).layout.codes == ()
    fitted = features.fit(few, columns, View.EMBEDDING, room=rows)
    assert fitted.layout.codes == ((0, 12),)
    assert codes(fitted, rows)[[0, 10, 20, 30, 99]].tolist() == [0, 1, 2, 3, 3]
    one = features.fit(rows.take(np.arange(5)), columns, View.EMBEDDING, room=rows)
    assert not codes(one, rows).any()


def test_trees_need_no_room() -> None:
    rows, columns = sorted_table(6)
    fold = folds(rows)[0]
    alone, fitted = (features.fit(fold, columns, View.ORDINAL, room=r) for r in (None, rows))
    assert alone.names == fitted.names
    np.testing.assert_array_equal(alone.transform(rows), fitted.transform(rows))


def codes(encoder: features.Encoder, rows: Frame) -> npt.NDArray[np.int64]:
    assert isinstance(encoder, Columns)
    return np.asarray(encoder.transform(rows)[:, 0], np.int64)
