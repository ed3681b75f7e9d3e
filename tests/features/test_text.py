"""Free text: what is learned of it, and that the graph cuts and weighs it to the bit alike."""

import re
import sys

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl import features
from automl.core.catalog import ColumnKind
from automl.core.frame import Strings
from automl.core.graph import MICROSOFT, Graph
from automl.core.learner import View
from automl.export.onnx import serialize
from automl.features import Encoder, grams, text, units
from tests.features.frames import column, frame, strings
from tests.features.test_encoder import assert_same

CORPUS = [
    "The quick brown fox jumps over the lazy dog",
    "the lazy dog sleeps all day",
    "A quick answer: call 0800-123 now!",
    "call now, call quick — it's free",
    "Über die Brücke, über den Fluss",
    "über die Dörfer",
    "日本の言葉 日本",
    "日本 😀 fun 😀",
]


def fitted(cells: Strings) -> Encoder:
    schema = [column("t", ColumnKind.TEXT, cells)]
    return features.fit(frame(t=cells), schema, View.ORDINAL)


pieces = st.sampled_from(
    [*" ".join(CORPUS).split(), "ÜBER", "Über", "DOG", "a\tb\nc", "\0", "x" * 1_100]
)
texts = st.lists(pieces, max_size=6).map(" ".join) | st.text(max_size=20) | st.none()


@settings(max_examples=50)
@given(later=st.lists(texts, min_size=1, max_size=6))
def test_any_text_is_encoded_alike(later: list[str | None]) -> None:
    encoder = fitted(strings(CORPUS))
    rows = frame(t=strings(later))
    assert np.isfinite(encoder.transform(rows)).all()
    assert_same(encoder, rows)


@settings(max_examples=25)
@given(train=st.lists(texts, min_size=1, max_size=8))
def test_any_text_can_be_learned_from(train: list[str | None]) -> None:
    encoder = fitted(strings(train))
    assert_same(encoder, frame(t=strings([*train, None, *CORPUS])))


def test_both_sides_cut_every_sign_alike() -> None:
    signs = [chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    graph = Graph()
    cells = graph.input("c", "string")
    found = graph.node(
        "Tokenizer", cells, domain=MICROSOFT, mark=0, mincharnum=1, pad_value="",
        tokenexp=units.WORD_RE2,
    )  # fmt: skip
    graph.output("y", found)
    small = units.emit_lower(graph, cells)
    graph.output("z", small)
    session = onnxruntime.InferenceSession(serialize(graph, metadata={}))
    words, lowered = session.run(["y", "z"], {"c": np.array(signs, dtype=object)[:, None]})
    assert lowered[:-1, 0].tolist() == [units.lower(sign) for sign in signs]
    here = np.array([re.fullmatch(r"[\w']", sign) is not None for sign in signs])
    differ = np.flatnonzero(here != (np.asarray(words)[:, 0, 0] != ""))
    # Letters that Unicode added after the version of this Python.
    assert all(not signs[index].isprintable() for index in differ.tolist())
    assert len(differ) < 10_000


def test_case_is_ignored_as_far_as_it_was_seen() -> None:
    encoder = fitted(strings(CORPUS))
    x = encoder.transform(frame(t=strings(["LAZY DOG", "lazy dog", "über die", "Über die"])))
    np.testing.assert_array_equal(x[0], x[1])
    np.testing.assert_array_equal(x[2], x[3])


def test_alike_texts_are_near_and_nothing_is_at_the_origin() -> None:
    x = fitted(strings(CORPUS)).transform(
        frame(t=strings(["the dog", "lazy dog", "日本", None, "ß"]))
    )
    assert not x[3:, :-1].any()
    assert similarity(x[0], x[1]) > similarity(x[0], x[2]) + 0.3


def similarity(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    a, b = a[:-1], b[:-1]
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_the_vocabulary_is_small_and_what_most_texts_have() -> None:
    found, often = grams.fit("words", ["a b", "a b c", "a c", "d"], most=2)
    assert found.width == 2
    assert often.tolist() == [3, 2]
    assert found.keys == ("a", "b")
    counts = found.count(["a a b", "b c", ""]).toarray()
    assert counts.tolist() == [[2, 1], [0, 1], [0, 0]]


def test_runs_are_counted_as_by_hand() -> None:
    found, _ = grams.fit("words", ["x y x y", "x y", "y x"], most=100)
    runs = [tuple(run) for part in found.runs for run in part.tolist()]
    x, y = (dict(zip(found.keys, found.ids, strict=True))[key] for key in "xy")
    counts = dict(zip(runs, found.count(["x y x y"]).toarray()[0].tolist(), strict=True))
    assert counts == {(x,): 2, (y,): 2, (x, y): 2, (y, x): 1}


@pytest.mark.parametrize("cells", [[None, None], ["one", "two"], ["", "?"]])
def test_texts_that_share_nothing_give_no_feature(cells: list[str | None]) -> None:
    assert fitted(strings(cells)).names == ("nothing",)


def test_sums_are_exact() -> None:
    # The bound that makes training and file equal: 53 bits hold any sum of weighed counts.
    block = text.fit_column(frame(t=strings(CORPUS)), "t")
    step = 2.0**-18
    weights = block.weights.astype(np.float64)
    assert (np.round(weights / step) * step == weights).all()
    largest = np.abs(weights).max() * text._DAMPED.max() * 2 * text.MOST
    assert largest / (step / 64) < 2.0**53
