"""Texts as numbers of words: what is cut and known, and that the graph does the same."""

import sys

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl import features
from automl.core.catalog import ColumnKind
from automl.core.frame import Frame, Strings
from automl.core.graph import MICROSOFT, Graph
from automl.core.learner import Reading, View
from automl.export.onnx import serialize
from automl.features import Encoder, tokens, units
from automl.features.tokens import WORDS, TokenEncoder
from tests.features.frames import column, frame, strings
from tests.features.test_text import CORPUS, texts

CHARACTERS = Reading("characters")
READINGS = (WORDS, CHARACTERS, Reading(parts=2), Reading(parts=8))


def fitted(cells: Strings, reading: Reading = WORDS) -> Encoder:
    schema = [column("t", ColumnKind.TEXT, cells)]
    return features.fit(frame(t=cells), schema, View.TOKENS, reading=reading)


def in_graph(encoder: Encoder, rows: Frame) -> npt.NDArray[np.int32]:
    graph = Graph()
    graph.output("x", encoder.emit(graph, {"t": graph.input("t", "string")}))
    session = onnxruntime.InferenceSession(serialize(graph, metadata={}))
    found: npt.NDArray[np.int32] = session.run(None, {"t": rows.strings("t").cells()[:, None]})[0]
    return found


def assert_same(encoder: Encoder, rows: Frame) -> None:
    found, wanted = in_graph(encoder, rows), encoder.transform(rows)
    used = found.shape[1]
    np.testing.assert_array_equal(found, wanted[:, :used])
    assert not wanted[:, used:].any()
    assert found.dtype == wanted.dtype == np.int32
    assert wanted.shape == (rows.rows, encoder.layout.width)
    assert wanted.max(initial=0) < encoder.layout.vocabulary


@settings(max_examples=50)
@given(later=st.lists(texts, min_size=1, max_size=6), reading=st.sampled_from(READINGS))
def test_any_text_is_numbered_alike(later: list[str | None], reading: Reading) -> None:
    assert_same(fitted(strings(CORPUS), reading), frame(t=strings(later)))


@settings(max_examples=25)
@given(train=st.lists(texts, min_size=1, max_size=8), reading=st.sampled_from(READINGS))
def test_any_text_can_be_learned_from(train: list[str | None], reading: Reading) -> None:
    assert_same(fitted(strings(train), reading), frame(t=strings([*train, None, *CORPUS])))


@pytest.mark.parametrize("reading", READINGS, ids=str)
@pytest.mark.parametrize(
    "cells",
    [
        ["café Straße ЖУК жук", "CAFÉ café", "e\u0301a\u0301", None],
        ["👍🏽 ok❤️!", "👨‍👩‍👧 family", "🇩🇪🙂🙂", ":-) 100% #tag @you"],
        ["今天天气很好", "ひらがなカタカナ漢字", "สวัสดี ๑๒๓", "한국어 텍스트"],
        ["", " ", "\t\n", "\0", "\x07\x1b[0m", "\u200b\ufeff\u00a0"],
        ["x" * 5_000, "word " * 3_000, "日" * 3_000, "!" * 3_000],
    ],
)
def test_awkward_texts_are_numbered_alike(cells: list[str | None], reading: Reading) -> None:
    for train in (cells, cells * 2, CORPUS):
        assert_same(fitted(strings(train), reading), frame(t=strings([*cells, "end", None])))
    for cell in cells:
        assert_same(fitted(strings(CORPUS), reading), frame(t=strings([cell])))


def test_a_program_reads_no_further_than_the_longest_of_its_rows() -> None:
    encoder = fitted(strings([*CORPUS, "word " * 60]))
    found = in_graph(encoder, frame(t=strings(["one two three", None, "one"])))
    assert found.shape == (3, 3)
    assert encoder.layout.width > 3
    assert in_graph(encoder, frame(t=strings([""]))).shape == (1, 1)


def test_words_and_signs_are_cut() -> None:
    text = "it's 42% off_sale — 今天 go😀😀!"
    words = ["it's", "42", "%", "off_sale", "—", "今", "天", "go", "😀", "😀", "!"]
    assert list(tokens.cut(text, "tokens")) == words
    assert list(tokens.cut("😀 it", "characters")) == ["😀", " ", "i", "t"]


@pytest.mark.parametrize(
    ("parts", "count", "read"),
    [
        (1, 20, [0, 1, 2, 3, 4, 5, 6, 7]),
        (2, 20, [0, 1, 2, 3, 16, 17, 18, 19]),
        (4, 20, [0, 1, 6, 7, 12, 13, 18, 19]),
        (8, 22, [0, 3, 6, 9, 12, 15, 18, 21]),
        (4, 9, [0, 1, 2, 3, 4, 5, 7, 8]),
        (4, 8, [0, 1, 2, 3, 4, 5, 6, 7]),
        (4, 3, [0, 1, 2, 0, 0, 0, 0, 0]),
    ],
)
def test_of_a_long_text_parts_are_read_to_its_end(parts: int, count: int, read: list[int]) -> None:
    keys = tuple(f"w{n}" for n in range(22))
    ids = tuple(tokens.FIRST + n for n in range(22))
    encoder = TokenEncoder("t", keys, ids, 8, Reading(parts=parts))
    rows = frame(t=strings([" ".join(keys[:count])]))
    wanted = [tokens.FIRST + place for place in read]
    assert encoder.transform(rows)[0, : min(8, count)].tolist() == wanted[: min(8, count)]
    assert_same(encoder, rows)


def test_characters_have_numbers_where_no_word_is_known() -> None:
    encoder = fitted(strings(["Anna É", "nana é", "x"]), CHARACTERS)
    x = encoder.transform(frame(t=strings(["NA é", "xn"])))
    # A, blank, both é and n are in two texts each, x in one.
    assert x.tolist() == [[4, 3, 2, 5, 0, 0], [1, 4, 0, 0, 0, 0]]
    assert encoder.layout.vocabulary == 6


def test_words_are_rare_that_one_text_has() -> None:
    assert tokens.rare(strings(["Mona", "lisa", "Mona", "vinci !", None])) == 1.0
    assert tokens.rare(strings(["a b", "a c", "a a d"])) == 0.5
    assert tokens.rare(strings(["!", "", None])) == 0.0


def test_both_sides_cut_every_sign_alike() -> None:
    signs = [chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    around = [f"a{sign}b" for sign in signs if ord(sign) < 0x30000]
    graph = Graph()
    found = graph.node(
        "Tokenizer", graph.input("c", "string"), domain=MICROSOFT, mark=0, mincharnum=1,
        pad_value="", tokenexp=units.TOKEN_RE2,
    )  # fmt: skip
    graph.output("y", found)
    session = onnxruntime.InferenceSession(serialize(graph, metadata={}))
    cells = np.array(around, dtype=object)[:, None]
    rows = session.run(["y"], {"c": cells})[0][:, 0].tolist()
    here = [list(tokens.cut(text, "tokens")) for text in around]
    differ = [
        text[1] for text, row, own in zip(around, rows, here, strict=True)
        if [token for token in row if token] != own
    ]  # fmt: skip
    # Letters that Unicode added after the version of this Python.
    assert all(not sign.isprintable() for sign in differ)
    assert len(differ) < 10_000


def test_frequent_words_have_low_numbers_and_cases_share_them() -> None:
    encoder = fitted(strings(["Über uns the", "über the end", "the über Zug", "once"]))
    rows = frame(t=strings(["THE über Über once", "zug", None]))
    x = encoder.transform(rows)
    assert x.tolist() == [[2, 3, 3], [1, 0, 0], [0, 0, 0]]
    assert encoder.layout.vocabulary == 4
    assert encoder.names == encoder.inputs == ("t",)


def test_a_row_is_as_long_as_most_texts() -> None:
    assert fitted(strings([f"w{n} a" for n in range(200)] + ["b " * 300])).layout.width == 2
    long = fitted(strings(["a " * 5_000, "b " * 5_000]))
    assert long.layout.width == tokens.MOST_TOKENS
