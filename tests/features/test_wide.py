"""Free text for linear models: which runs are columns, their weights, and the graph's lists."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from automl import features
from automl.core.catalog import ColumnKind
from automl.core.frame import Frame, Strings
from automl.core.graph import Graph
from automl.core.learner import View
from automl.export import parity
from automl.features import Encoder, wide
from automl.features.encoder import Columns
from automl.features.wide import Wide
from tests.features.frames import answers, column, frame, inputs, strings, table
from tests.features.test_text import CORPUS, texts


def fitted(*cells: Strings, outputs: int = 2) -> Encoder:
    named = {f"t{index}": column for index, column in enumerate(cells)}
    schema = [column(name, ColumnKind.TEXT, texts) for name, texts in named.items()]
    return features.fit(frame(**named), schema, View.SPARSE, outputs=outputs)


def dense(encoder: Encoder, rows: Frame) -> npt.NDArray[np.float32]:
    x = encoder.transform(rows)
    return np.asarray(x.toarray() if sparse.issparse(x) else x)


def runs(encoder: Encoder) -> tuple[Wide, ...]:
    assert isinstance(encoder, Columns)
    return encoder.wide


def assert_alike(encoder: Encoder, rows: Frame, columns: int = 3) -> None:
    """The graph multiplies as numpy does, up to what float32 rounds."""
    weights = np.random.default_rng(0).normal(size=(encoder.width, columns))
    graph = Graph()
    named = {name: graph.input(name, "string" if isinstance(cells, Strings) else "number")
             for name, cells in rows.columns.items()}  # fmt: skip
    product = graph.product(encoder.emit(graph, named), weights)
    graph.output("prediction", graph.node("Reshape", product, graph.constant([-1], np.int64)))
    fed = {name: (cells.cells() if isinstance(cells, Strings) else rows.numbers(name))[:, None]
           for name, cells in rows.columns.items()}  # fmt: skip
    wanted = dense(encoder, rows).astype(np.float64) @ weights
    np.testing.assert_allclose(
        answers(graph, fed).reshape(rows.rows, columns), wanted, rtol=1e-5, atol=3e-6
    )


@settings(max_examples=50)
@given(later=st.lists(texts, min_size=1, max_size=6))
def test_any_text_is_listed_alike(later: list[str | None]) -> None:
    assert_alike(fitted(strings(CORPUS)), frame(t0=strings(later)))


@settings(max_examples=25)
@given(train=st.lists(texts, min_size=1, max_size=8))
def test_any_text_can_be_learned_from(train: list[str | None]) -> None:
    assert_alike(fitted(strings(train)), frame(t0=strings([*train, None, *CORPUS])))


def test_long_texts_are_listed_alike() -> None:
    long = [" ".join(CORPUS) * 40, "lazy dog " * 700, "日本 " * 2_000, ""]
    assert_alike(fitted(strings(CORPUS + long)), frame(t0=strings([*long, *CORPUS, None])))


@pytest.mark.parametrize("seed", range(2))
def test_beside_columns_of_all_kinds(seed: int) -> None:
    rows, columns = table(seed)
    kinds = {item.name: item.kind for item in inputs(columns)}
    # Numbers as large as these are equal to the bit, but their products are not.
    used = [item for item in columns if kinds[item.name] is not ColumnKind.NUMERIC]
    encoder = features.fit(rows.take(np.arange(100)), used, View.SPARSE)
    plain = features.fit(
        rows.take(np.arange(100)),
        [item for item in used if item.kind is not ColumnKind.TEXT],
        View.ONE_HOT,
    )
    assert encoder.names[: plain.width] == plain.names
    np.testing.assert_array_equal(dense(encoder, rows)[:, : plain.width], plain.transform(rows))
    for case in (rows, parity.inject(rows, seed), rows.take(np.array([3]))):
        assert_alike(encoder, Frame({i.name: case.columns[i.name] for i in used}, case.rows))


def test_two_columns_keep_to_themselves() -> None:
    encoder = fitted(strings(CORPUS), strings(CORPUS[::-1]))
    rows = frame(t0=strings([CORPUS[0], None]), t1=strings([None, CORPUS[0]]))
    x = dense(encoder, rows)
    half = encoder.width // 2
    assert not x[0, half:].any()
    assert not x[1, :half].any()
    np.testing.assert_array_equal(np.sort(x[0]), np.sort(x[1]))
    assert_alike(encoder, rows)


def test_weights_are_as_by_hand() -> None:
    encoder = fitted(strings(["x y", "x y x x", "z"]))
    x = dense(encoder, frame(t0=strings(["x X y q", None])))
    found = dict(zip(encoder.names, x[0].tolist(), strict=True))
    rarity = 1 + np.log(4 / 3)
    words = np.array([rarity * (1 + np.log(2)), rarity, rarity])  # x twice, y, and "x y"
    words /= np.sqrt((words**2).sum())
    np.testing.assert_allclose([found["t0: x"], found["t0: y"]], words[:2], rtol=1e-6)
    assert not x[1].any()


def test_every_text_with_a_known_run_has_length_one_by_unit() -> None:
    encoder = fitted(strings(CORPUS))
    (block,) = runs(encoder)
    x = dense(encoder, frame(t0=strings(CORPUS)))
    words = block.vocabularies[0].width
    lengths = np.concatenate([np.linalg.norm(x[:, :words], axis=1),
                              np.linalg.norm(x[:, words:], axis=1)])  # fmt: skip
    assert (np.isclose(lengths, 1.0, rtol=1e-6) | (lengths == 0.0)).all()


def test_names_are_the_runs() -> None:
    names = fitted(strings(CORPUS)).names
    assert {"t0: lazy dog", "t0: 日 本", 't0: "日本"', 't0: "y dog"'} <= set(names)
    assert len(names) == len(set(names)) == fitted(strings(CORPUS)).width


@pytest.mark.parametrize("cells", [[None, None], ["one", "two"], ["", "?"]])
def test_texts_that_share_nothing_give_no_feature(cells: list[str | None]) -> None:
    encoder = fitted(strings(cells))
    assert encoder.names == ("nothing",)
    assert_alike(encoder, frame(t0=strings(cells)))


def test_many_classes_and_many_columns_have_fewer_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wide, "MOST", 20)
    monkeypatch.setattr(wide, "MOST_WEIGHTS", 100)
    (few,) = runs(fitted(strings(CORPUS)))
    assert [vocabulary.width for vocabulary in few.vocabularies] == [15, 20]
    assert [block.width for block in runs(fitted(strings(CORPUS), outputs=10))] == [20]
    both = fitted(strings(CORPUS), strings(CORPUS))
    assert [block.width for block in runs(both)] == [20, 20]


def test_what_most_texts_have_goes_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = strings([f"the {word} {n}" for word in "abcd" for n in range(10)])
    whole = fitted(cells)
    assert "t0: the" in whole.names
    monkeypatch.setattr(wide, "MOST_CELLS", 300)
    part = fitted(cells)
    assert "t0: the" not in part.names
    assert "t0: the a" in part.names
    rows = frame(t0=cells)
    assert part.transform(rows).nnz <= 300 < whole.transform(rows).nnz
    assert_alike(part, rows)


def test_counts_do_not_depend_on_the_blocks_they_are_made_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = frame(t0=strings(CORPUS))
    before = dense(fitted(strings(CORPUS)), rows)
    monkeypatch.setattr("automl.features.grams._BLOCK", 3)
    np.testing.assert_array_equal(dense(fitted(strings(CORPUS)), rows), before)
