"""What texts are cut into: which spellings are one unit, and what the graph shares."""

from collections import Counter

import pytest

from automl.core.graph import Graph
from automl.features import grams, units


def test_all_digits_are_one_sign_where_they_are_masked() -> None:
    known = units.numbered("masked", ["a7", "B"])
    assert {known[digit] for digit in "0123456789"} == {known["7"]}
    assert len(set(known.values())) == 3
    assert set(units.numbered("characters", ["a7", "B"])) == {"a", "7", "B"}
    assert set(units.numbered("masked", ["ab"])) == {"a", "b"}


def test_the_form_of_a_number_is_known_by_others() -> None:
    found, _ = grams.fit("masked", ["no 12345", "no 67890"], most=1_000)
    assert {'"no 0"', '"00000"'} <= set(found.spelled())
    plain, seen = (found.count([text]).toarray() for text in ("no 54321", "no 12345"))
    assert (plain == seen).all()
    exact, _ = grams.fit("characters", ["no 12345", "no 67890"], most=1_000)
    assert '"no 0"' not in exact.spelled()


def test_tokens_know_what_stands_between_words() -> None:
    found, _ = grams.fit("tokens", ["Win £900!", "WIN £900!"], most=100)
    assert set(found.spelled()) == {"win", "£", "900", "!", "win £", "£ 900", "900 !"}


def test_more_different_signs_than_numbers_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(units.BITS, "masked", 2)
    assert units.numbered("masked", ["abcd5"]) == {"a": 1, "b": 2, "c": 3}
    assert set(units.numbered("masked", ["5abcd"])) == {*"0123456789", "a", "b"}


def test_a_program_cuts_a_column_once_however_many_read_it() -> None:
    graph = Graph()
    texts = graph.input("t", "string")
    for words in (["a b", "a b c"], ["b 1", "c b 1"]):
        for unit in ("tokens", "masked"):
            found, _ = grams.fit(unit, words, most=100)
            found.emit(graph, units.emit_lower(graph, texts))
    counts = Counter(node.op for node in graph.nodes)
    assert counts["StringNormalizer"] == 1
    assert counts["Tokenizer"] == 3  # into tokens, the beginning, and that into characters
    assert counts["TfIdfVectorizer"] == 4
