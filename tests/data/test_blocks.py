"""The fast path, the slow path and Python's csv module read the same cells."""

import csv
import io
from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from automl.core.errors import DatasetUnreadable
from automl.data import blocks as module
from automl.data.blocks import blocks, parse
from automl.data.records import Malformed, records

SOUP = st.text(alphabet='",\n\rab', max_size=40)


def by_csv(text: str) -> list[list[str]] | None:
    """Return the rows as Python's strict csv reader has them, None where it refuses."""
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return None


def by_records(text: str) -> list[list[str]] | None:
    try:
        found = list(records(text.encode(), b",", final=True))
    except Malformed:
        return None
    return [[] if row.blank else [cell.decode() for cell in row.cells] for row in found]


def by_blocks(text: str, width: int, *, chunk: int, size: int) -> list[list[str]]:
    data = text.encode()
    chunks = (data[start : start + chunk] for start in range(0, len(data), chunk))
    rows: list[list[str]] = []
    for block in blocks(chunks, b",", line=1, size=size):
        rows += rows_of(parse(block, b",", width))
    return rows


def rows_of(batch: pa.RecordBatch) -> list[list[str]]:
    return [
        list(row) for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    ]


@settings(max_examples=600)
@given(SOUP)
@example('a,"b\n\rb""",\r\n"",""\r')
@example('""a,b')
@example('a"b","c"')
@example('"a\n')
@example("\r\n\n\r")
def test_the_slow_reader_is_the_strict_csv_module(text: str) -> None:
    assert by_records(text) == by_csv(text)


@settings(max_examples=600)
@given(SOUP, st.integers(1, 9), st.integers(1, 12))
@example('a,b\n"a""b",c\r\n\n"",""', 1, 1)
@example('a"b,c\n"x\ny",d\n', 3, 4)
@example('"","a"\n"""",\n', 2, 5)
@example("a\r\nb\rc\n\r", 1, 1)
@example('5" pipe,b\na"b"c,d""\n', 9, 12)
@example('5" pipe,b\n"a",d\n"5"\n', 2, 3)
def test_blocks_cut_anywhere_read_like_the_slow_reader(text: str, chunk: int, size: int) -> None:
    expected = by_records(text)
    if expected is None:
        with pytest.raises(DatasetUnreadable):
            by_blocks(text, 2, chunk=chunk, size=size)
        return
    for width in {1, *map(len, expected)} - {0}:
        rows = [row or [""] for row in expected] if width == 1 else [row for row in expected if row]
        if all(len(row) == width for row in rows):
            assert by_blocks(text, width, chunk=chunk, size=size) == rows
        else:
            with pytest.raises(DatasetUnreadable):
                by_blocks(text, width, chunk=chunk, size=size)


def test_every_ragged_line_is_named_with_its_line() -> None:
    text = 'a,b\n"x\ny",c\n1,2,3\n\n4\n5,6\n'
    with pytest.raises(DatasetUnreadable, match="Line 4 has 3 cells instead of 2") as caught:
        by_blocks(text, 2, chunk=5, size=4)
    assert caught.value.errors[0].line == 4

    with pytest.raises(DatasetUnreadable) as caught:
        by_blocks(text, 2, chunk=100, size=100)
    errors = [(error.line, error.message) for error in caught.value.errors]
    assert errors == [(4, "3 cells instead of 2: 1,2,3"), (6, "1 cells instead of 2: 4")]


def test_ten_errors_are_enough() -> None:
    with pytest.raises(DatasetUnreadable) as caught:
        by_blocks("1\n" * 5_000, 2, chunk=1000, size=100_000)
    assert len(caught.value.errors) == 10


def test_an_unclosed_quote_names_the_line_it_opens_in() -> None:
    with pytest.raises(DatasetUnreadable, match="Line 3 holds a quote that is never closed"):
        by_blocks('1,2\n3,4\n5,"6\n7,8\n', 2, chunk=4, size=4)


def test_a_row_beyond_the_limit_is_refused_before_it_is_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LONGEST_ROW", 10_000)
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield b"1,2\n3,"
        while True:
            taken += 1
            yield b"x" * 1_000

    with pytest.raises(DatasetUnreadable, match="The row at line 2 is longer than"):
        list(blocks(endless(), b",", line=1, size=4_000))
    assert taken < 20


@pytest.mark.parametrize("quote", ["", '"'])
def test_the_limit_on_rows_does_not_depend_on_where_blocks_end(
    quote: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_ROW", 100)
    text = "1,2\n" * 10 + f"{quote}{'x' * 101}{quote},2\n" + "1,2\n" * 10
    for size in (50, 120, 5_000):
        with pytest.raises(DatasetUnreadable, match="The row at line 11 is longer than"):
            by_blocks(text, 2, chunk=7, size=size)
