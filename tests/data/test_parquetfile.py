"""Parquet: every cell comes back as text, and what cannot says why."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.core.errors import DatasetUnreadable
from automl.data.parquetfile import open_parquet
from tests.data.files import put, take
from tests.data.formats import QUICK, TEXT, cells_of, columns, named, parquet, text_of

INTEGERS = st.integers(-(2**63), 2**63 - 1)


@QUICK
@given(
    values=st.one_of(columns(TEXT), columns(INTEGERS), columns(st.floats()), columns(st.booleans()))
)
def test_any_frame_comes_back_from_parquet(values: list[list[Any]], tmp_path: Path) -> None:
    frame = named(values)
    found = cells_of(take(tmp_path, parquet(frame)))
    assert found == {name: list(map(text_of, column)) for name, column in frame.items()}


TYPED = {
    "int8": (pa.array([-128, None], pa.int8()), ["-128", ""]),
    "uint64": (pa.array([2**64 - 1, 0], pa.uint64()), ["18446744073709551615", "0"]),
    "float32": (pa.array([0.1, 1.0], pa.float32()), ["0.1", "1.0"]),
    "decimal": (pa.array([Decimal("1.50"), Decimal("0.0000000001")], pa.decimal128(30, 10)),
                ["1.5000000000", "0.0000000001"]),
    "date": (pa.array([dt.date(2024, 1, 31), None]), ["2024-01-31", ""]),
    "timestamp": (pa.array([1_706_677_567_120_000, None], pa.timestamp("us")),
                  ["2024-01-31T05:06:07.12", ""]),
    "whole seconds": (pa.array([1_700_000_000_000_000_000, 0], pa.timestamp("ns")),
                      ["2023-11-14T22:13:20", "1970-01-01T00:00:00"]),
    "zone": (pa.array([0, None], pa.timestamp("ms", "Europe/Berlin")),
             ["1970-01-01T00:00:00Z", ""]),
    "time": (pa.array([dt.time(1, 2, 3), None]), ["01:02:03", ""]),
    "dictionary": (pa.array(["b", None], pa.string()).dictionary_encode(), ["b", ""]),
    "numbers in a dictionary": (pa.array([7, None]).dictionary_encode(), ["7", ""]),
    "large string": (pa.array(["ä", ""], pa.large_string()), ["ä", ""]),
    "null": (pa.nulls(2), ["", ""]),
}  # fmt: skip


@pytest.mark.parametrize("name", TYPED)
def test_types_of_parquet(name: str, tmp_path: Path) -> None:
    array, expected = TYPED[name]
    taken = take(tmp_path, parquet({"x": array, "y": ["a", "b"]}))
    assert cells_of(taken)["x"] == expected
    assert taken[0].format == "parquet"


NESTED = {
    "list": pa.array([[1], [2]]),
    "struct": pa.array([{"a": 1}, {"a": 2}]),
    "bytes": pa.array([b"a", b"b"]),
    "map": pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int64())),
    "durations": pa.array([dt.timedelta(1), None]),
}


@pytest.mark.parametrize("kind", NESTED)
def test_values_that_are_no_cells_are_refused_by_name(kind: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetUnreadable, match=r"'bad one' holds .*store one value") as caught:
        take(tmp_path, parquet({"x": [1, 2], "bad one": NESTED[kind]}))
    assert caught.value.errors[0].field == "bad one"
    assert not (tmp_path / "table.parquet").exists()


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.int32(), pa.timestamp("us")])
def test_the_width_of_parquets_numbers_counts(kind: pa.DataType, tmp_path: Path) -> None:
    content = parquet({"x": pa.array([0] * 200_000).cast(kind)})  # bytes on disk, a code a run
    assert len(content) < 10_000
    with pytest.raises(DatasetUnreadable, match="bytes"):
        open_parquet(put(tmp_path, content), unpacked_limit=4 * 200_000 - 1)


def test_parquet_that_unpacks_to_too_much_is_refused_from_its_metadata(tmp_path: Path) -> None:
    content = parquet({"x": pa.array([0] * 2_000_000)})
    assert len(content) < 20_000
    with pytest.raises(DatasetUnreadable, match="1,000,000 bytes, the limit"):
        take(tmp_path, content, limit=1_000_000)


def test_a_dictionary_cannot_hide_its_size(tmp_path: Path) -> None:
    codes_of = pa.array([0] * 100_000, pa.int32())
    cells = pa.DictionaryArray.from_arrays(codes_of, pa.array(["x" * 100_000]))
    content = parquet({"x": cells})
    assert len(content) < 200_000
    with pytest.raises(DatasetUnreadable, match="the limit"):
        take(tmp_path, content, limit=1 << 30)


def test_long_text_repeated_without_end_is_refused_before_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[pa.RecordBatch] = []
    monkeypatch.setattr("automl.data.parquetfile._parts", made.append)
    codes_of = pa.array([0] * 5_000, pa.int32())
    content = parquet({"x": pa.DictionaryArray.from_arrays(codes_of, pa.array(["x" * 100_000]))})
    with pytest.raises(DatasetUnreadable, match="200:1"):
        take(tmp_path, content)
    assert made == []


def test_short_text_may_repeat_as_often_as_it_likes(tmp_path: Path) -> None:
    content = parquet({"x": ["a word"] * 400_000 + ["another"]})
    assert len(content) < 10_000
    assert take(tmp_path, content)[0].rows == 400_001


@pytest.mark.parametrize("cut", [8, 40, -1, -20])
def test_half_a_parquet_file_is_refused(cut: int, tmp_path: Path) -> None:
    with pytest.raises(DatasetUnreadable, match="Parquet file is damaged"):
        take(tmp_path, parquet({"x": list(range(100))})[:cut])


def test_text_with_nul_is_refused_where_it_stands(tmp_path: Path) -> None:
    with pytest.raises(DatasetUnreadable, match="Row 2 of column 'x' holds a NUL") as caught:
        take(tmp_path, parquet({"x": ["a", "b\0"]}))
    assert caught.value.errors[0].line == 2
