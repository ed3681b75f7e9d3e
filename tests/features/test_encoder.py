"""Encoders: what they learn, what they do with cells never seen, and that the graph equals them."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl import features
from automl.core.catalog import ColumnKind
from automl.core.frame import Frame, Strings
from automl.core.graph import Graph
from automl.core.learner import View
from automl.export import parity
from automl.features import Encoder, categorical, dropped
from automl.features.encoder import KINDS
from tests.features.frames import EXTREMES, answers, column, frame, inputs, strings, table

Matrix = npt.NDArray[np.float32]
DENSE = (View.ORDINAL, View.ONE_HOT, View.EMBEDDING)  # the sparse one has tests of its own
BOTH = pytest.mark.parametrize("view", DENSE)


def in_graph(encoder: Encoder, rows: Frame) -> Matrix:
    """Return what the graph of ``encoder`` gives for the rows, column by column as a float64."""
    graph = Graph()
    fed = {
        name: (cells.cells()[:, None] if isinstance(cells, Strings) else np.asarray(cells)[:, None])
        for name, cells in rows.columns.items()
    }
    named = {
        name: graph.input(name, "number" if cells.dtype == np.float64 else "string")
        for name, cells in fed.items()
    }
    wide = graph.node("Cast", encoder.emit(graph, named), to=11)
    graph.output("prediction", graph.node("Reshape", wide, graph.constant([-1], np.int64)))
    return answers(graph, fed).astype(np.float32).reshape(rows.rows, encoder.width)


def assert_same(encoder: Encoder, rows: Frame) -> None:
    """The graph equals ``transform``, bit for bit but for the sign of zero."""
    np.testing.assert_array_equal(in_graph(encoder, rows), encoder.transform(rows))


@BOTH
def test_each_feature_knows_its_column(view: View) -> None:
    rows, columns = table(0)
    encoder = features.fit(rows, columns, view)
    origins = [encoder.inputs[place] for place in encoder.layout.columns]
    assert len(origins) == encoder.width
    assert all(map(str.startswith, encoder.names, origins))
    alone = {
        column.name: features.fit(rows, [column], view).names
        for column in columns
        if column.kind not in dropped.KINDS
    }
    for name in encoder.inputs:
        own = [n for n, origin in zip(encoder.names, origins, strict=True) if origin == name]
        assert sorted(own) == sorted(alone[name]) or alone[name] == ("nothing",)


def test_of_columns_that_begin_alike_the_longer_is_meant() -> None:
    rows = frame(a=np.array([1.0, 2.0, np.nan]), ab=np.array([1.0, 2.0, 3.0]))
    columns = [column(name, ColumnKind.NUMERIC, cells) for name, cells in rows.columns.items()]
    encoder = features.fit(rows, columns, View.ONE_HOT)
    assert encoder.names == ("a", "ab", "a is missing")
    assert encoder.layout.columns == (0, 1, 0)


@BOTH
@pytest.mark.parametrize("seed", range(4))
def test_the_graph_is_exactly_equal(view: View, seed: int) -> None:
    rows, columns = table(seed)
    encoder = features.fit(rows.take(np.arange(100)), columns, view)
    assert len(encoder.names) == encoder.width
    for case in (rows, parity.inject(rows, seed), table(seed + 100)[0], rows.take(np.array([3]))):
        assert_same(encoder, case)


@BOTH
def test_no_rows_give_no_rows(view: View) -> None:
    rows, columns = table(0)
    encoder = features.fit(rows, columns, view)
    assert encoder.transform(rows.take(np.arange(0))).shape == (0, encoder.width)


cells = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from(EXTREMES)


@settings(max_examples=40)
@given(train=st.lists(cells, min_size=1, max_size=8), later=st.lists(cells, min_size=1, max_size=8))
def test_any_float_is_encoded_alike(train: list[float], later: list[float]) -> None:
    fitted_on, other = frame(x=np.array(train)), frame(x=np.array(later))
    schema = [column("x", ColumnKind.NUMERIC, np.array(train))]
    for view in DENSE:
        encoder = features.fit(fitted_on, schema, view)
        x = encoder.transform(other)
        assert not np.isinf(x).any()
        assert view is View.ORDINAL or np.isfinite(x).all()
        assert_same(encoder, other)


@pytest.mark.parametrize("train", [[0.0, 1.0, 2.7e-193], [1.0, 2.0, 3.0, 1.0, 2.348999995]])
def test_nearly_neutral_scales_survive_onnxruntime(train: list[float]) -> None:
    # It leaves out a subtraction of 1e-193 and a division by 1.00000001.
    rows = frame(x=np.array(train))
    for view in DENSE:
        schema = [column("x", ColumnKind.NUMERIC, rows.columns["x"])]
        assert_same(features.fit(rows, schema, view), rows)


@BOTH
def test_only_the_given_rows_are_learned_from(view: View) -> None:
    rows, columns = table(2)
    half = np.arange(100)
    alone = rows.take(half)
    changed = parity.inject(rows, 0)
    joined = {
        name: (
            strings([*_text(values, half), *_text(changed.strings(name), half + 100)])
            if isinstance(values, Strings)
            else np.concatenate([alone.numbers(name), changed.numbers(name)[half + 100]])
        )
        for name, values in rows.columns.items()
    }
    before = features.fit(alone, columns, view)
    after = features.fit(Frame(joined, 200).take(half), columns, view)
    assert before.names == after.names
    np.testing.assert_array_equal(before.transform(alone), after.transform(alone))


def _text(cells: Strings, rows: npt.NDArray[np.int64]) -> list[str | None]:
    return [None if code < 0 else cells.values[code] for code in cells.codes[rows]]


@BOTH
def test_other_values_behind_the_codes_mean_the_same(view: View) -> None:
    train = frame(c=strings(["b", "a", "b", "a", "b"] * 5))
    later = frame(c=strings(["b", "A", "a", None, "c"]))  # "b" has another code here
    encoder = features.fit(train, [column("c", ColumnKind.CATEGORICAL, train.columns["c"])], view)
    x = encoder.transform(later)
    known = encoder.transform(frame(c=strings(["b", "a"])))
    np.testing.assert_array_equal(x[[0, 2]], known)
    for unseen in (1, 3, 4):
        assert (x[unseen] == (-1.0 if view is View.ORDINAL else 0.0)).all()


def test_ordinal_codes_count_from_the_most_frequent() -> None:
    cells = strings(["rare", "b", "a", "often", "often", "often", "a", "b", None])
    encoder = features.fit(
        frame(c=cells), [column("c", ColumnKind.CATEGORICAL, cells)], View.ORDINAL
    )
    given = frame(c=strings(["often", "a", "b", "rare", "new", None, ""]))
    assert encoder.transform(given)[:, 0].tolist() == [0, 1, 2, 3, -1, -1, -1]
    assert encoder.layout.codes == ((0, 4),)


def test_codes_stand_where_categorical_says() -> None:
    rows, columns = table(3)
    encoder = features.fit(rows, columns, View.ORDINAL)
    positions = [position for position, _ in encoder.layout.codes]
    names = [encoder.names[position] for position in positions]
    assert names == ["yes", "prediction", "many"]
    codes = encoder.transform(rows)[:, positions]
    assert (codes == np.round(codes)).all()
    assert codes.min() == -1.0
    assert features.fit(rows, columns, View.ONE_HOT).layout.codes == ()


def test_large_columns_become_codes_and_small_ones_stay_one_hot() -> None:
    many = [f"v{index:02}" for index in range(categorical.FEW + 1)]
    wide = strings([*many * categorical.RARE, "rare"])
    small = strings([many[index % categorical.FEW] for index in range(len(wide))])
    kind = ColumnKind.CATEGORICAL
    schema = [column("wide", kind, wide), column("small", kind, small)]
    encoder = features.fit(frame(wide=wide, small=small), schema, View.EMBEDDING)
    place = categorical.FEW
    assert encoder.names[place:] == ("wide",)
    assert encoder.layout.codes == ((place, len(many) + 2),)
    given = frame(
        wide=strings(["v00", "v09", "rare", "new", None, ""]), small=strings([many[0]] * 6)
    )
    codes = encoder.transform(given)[:, place].tolist()
    assert sorted(codes[:2]) == [float(many.index("v00")), float(many.index("v09"))]
    assert codes[2:] == [10.0, 10.0, 11.0, 11.0]  # rare as unseen, empty as missing
    assert_same(encoder, given)


def test_without_large_columns_the_embedding_view_is_one_hot() -> None:
    rows, columns = table(3)
    schema = [item for item in columns if item.name not in {"prediction", "many"}]
    one, other = (features.fit(rows, schema, view) for view in (View.ONE_HOT, View.EMBEDDING))
    assert one.names == other.names
    assert other.layout.codes == ()
    np.testing.assert_array_equal(one.transform(rows), other.transform(rows))


def test_every_code_lies_in_its_layout() -> None:
    rows, columns = table(3)
    encoder = features.fit(rows, columns, View.EMBEDDING)
    assert [encoder.names[position] for position, _ in encoder.layout.codes] == [
        "prediction",
        "many",
    ]
    for case in (rows, parity.inject(rows, 0), table(103)[0]):
        x = encoder.transform(case)
        for position, size in encoder.layout.codes:
            assert set(x[:, position].tolist()) <= set(range(size))


def test_rare_and_unseen_values_share_a_column() -> None:
    cells = strings([*["a"] * 9, *["b"] * categorical.RARE, *["c"] * (categorical.RARE - 1), None])
    encoder = features.fit(
        frame(c=cells), [column("c", ColumnKind.CATEGORICAL, cells)], View.ONE_HOT
    )
    assert encoder.names == ("c=a", "c=b", "c is another value", "c is missing")
    x = encoder.transform(frame(c=strings(["a", "b", "c", "new", None, ""])))
    assert x.argmax(axis=1).tolist() == [0, 1, 2, 2, 3, 3]
    assert (x.sum(axis=1) == 1).all()


def test_many_categories_stay_narrow() -> None:
    cells = strings([f"{index:03}" for index in range(200)] * categorical.RARE)
    encoder = features.fit(
        frame(c=cells), [column("c", ColumnKind.CATEGORICAL, cells)], View.ONE_HOT
    )
    assert encoder.width == categorical.MOST + 2
    assert encoder.names[-2:] == ("c is another value", "c frequency")


@BOTH
def test_a_hundred_thousand_values_cost_a_thousand_strings(view: View) -> None:
    cells = strings([*["often"] * 9, *[f"v{index:04}" for index in range(3_000)], None])
    encoder = features.fit(frame(c=cells), [column("c", ColumnKind.CATEGORICAL, cells)], view)
    listed = repr(encoder).count("'v")  # by the codes, and by the frequencies
    assert 0 < listed <= 2 * categorical.MOST_CODES
    given = frame(c=strings(["often", "v0000", "v2999", "new", None]))
    assert_same(encoder, given)
    often, once, unlisted, new, missing = encoder.transform(given)[:, -1].tolist()
    assert often == 1.0 > once == unlisted == new > missing == 0.0


def test_numbers_in_the_ordinal_view_keep_their_order_and_gaps() -> None:
    # Neighbours in epoch nanoseconds and in a tail over 20 decades: float32 alone merges them.
    epoch = 1.7e18 + np.arange(0.0, 512_000.0, 512.0)
    tail = 10.0 ** np.linspace(-3, 17, 1000)
    for cells in (epoch, tail):
        given = cells.copy()
        given[5] = np.nan
        encoder = features.fit(
            frame(x=given), [column("x", ColumnKind.NUMERIC, given)], View.ORDINAL
        )
        x = encoder.transform(frame(x=given))[:, 0]
        assert np.isnan(x[5])
        present = np.delete(x, 5)
        assert (np.diff(present[present.size // 2 :]) > 0).all()
        assert (np.diff(present) >= 0).all()
    assert (np.diff(epoch.astype(np.float32)) == 0).any()


def test_numbers_in_the_one_hot_view_are_bounded_and_flagged() -> None:
    cells = np.array([*np.random.default_rng(0).normal(5, 2, 1000), 1e9, np.nan])
    encoder = features.fit(frame(x=cells), [column("x", ColumnKind.NUMERIC, cells)], View.ONE_HOT)
    assert encoder.names == ("x", "x is missing")
    x = encoder.transform(frame(x=cells))
    assert np.abs(x[:1000, 0]).max() < 4
    assert x[:1000, 0].std() == pytest.approx(0.93, abs=0.05)
    assert 3.9 < x[1000, 0] <= 4.0
    assert x[1001].tolist() == [0.0, 1.0]
    infinite = encoder.transform(frame(x=np.array([np.inf, -np.inf])))
    assert infinite.tolist() == [[0.0, 1.0]] * 2  # as a dataset or a request would be read


def test_what_never_was_missing_is_imputed_without_a_flag() -> None:
    cells = np.array([1.0, 2.0, 3.0])
    encoder = features.fit(frame(x=cells), [column("x", ColumnKind.NUMERIC, cells)], View.ONE_HOT)
    assert encoder.names == ("x",)
    assert encoder.transform(frame(x=np.array([np.nan])))[0, 0] == 0.0


def test_truth_values() -> None:
    cells = np.array([0.0, 1.0, np.nan])
    schema = [column("b", ColumnKind.BOOLEAN, cells)]
    later = frame(b=np.array([1.0, 0.0, np.nan, 2.0]))
    trees = features.fit(frame(b=cells), schema, View.ORDINAL).transform(later)
    np.testing.assert_array_equal(trees[:, 0], [1, -1, np.nan, 1])
    hot = features.fit(frame(b=cells), schema, View.ONE_HOT).transform(later)
    assert hot.tolist() == [[1, 0], [-1, 0], [0, 1], [1, 0]]


@BOTH
def test_columns_that_tell_nothing_give_no_feature(view: View) -> None:
    rows, columns = table(4)
    names = features.fit(rows, columns, view).names
    for dull in ("never", "alone", "empty", "id", "same"):
        assert not [name for name in names if name == dull or name.startswith(f"{dull}=")]
    gaps = "same or missing" + ("" if view is View.ORDINAL else " is missing")
    assert gaps in names


@BOTH
def test_nothing_at_all_still_gives_a_matrix(view: View) -> None:
    rows, columns = table(5)
    dull = [item for item in columns if item.name in {"never", "alone", "id"}]
    for chosen in (dull, dull[-1:]):
        encoder = features.fit(rows, chosen, view)
        assert encoder.width == 1
        assert not encoder.transform(rows).any()
        assert_same(encoder, rows)


def test_an_encoder_needs_columns() -> None:
    with pytest.raises(ValueError, match="at least one column"):
        features.fit(table(0)[0], [], View.ORDINAL)


def test_every_kind_is_encoded_or_said_to_be_dropped() -> None:
    of_arrays = {kind for kind in ColumnKind if kind.array}
    assert set(KINDS) | dropped.KINDS | of_arrays == set(ColumnKind)
    assert not set(KINDS) & dropped.KINDS


def test_feeds_are_what_the_columns_hold() -> None:
    rows, columns = table(6)
    fed = parity.feeds(rows, inputs(columns))
    assert list(fed) == [item.name for item in columns]
    assert {array.shape for array in fed.values()} == {(rows.rows, 1)}
    assert fed["age"].dtype == np.float64
    assert fed["many"].dtype == object
