"""One table in every format: the same rows come back."""

import contextlib
import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.errors import DatasetUnreadable
from automl.core.model import Input
from automl.data.rows import from_file, input_of
from tests.data.files import codes, put, take
from tests.data.formats import excel, parquet
from tests.tables import mixed


def same_rows() -> dict[str, bytes]:
    a, b = [1, 2, None], ["x", "y,z", ""]
    rows = [{"a": x, "b": y} for x, y in zip(a, b, strict=True)]
    return {
        "csv": b'a,b\n1,x\n2,"y,z"\n,""\n',
        "parquet": parquet({"a": pa.array(a), "b": b}),
        "jsonl": "\n".join(map(json.dumps, rows)).encode(),
        "xlsx": excel([["a", "b"], *[[row["a"], row["b"]] for row in rows[:2]]]),
    }


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_the_format_changes_nothing_but_its_name(form: str, tmp_path: Path) -> None:
    contents = same_rows()
    expected, _ = take(tmp_path, contents["csv"])
    found, _ = take(tmp_path, contents[form])
    assert found.columns == expected.columns
    assert found.format == form


def test_a_workbook_is_the_csv_file_it_was_saved_from(tmp_path: Path) -> None:
    source = mixed(tmp_path / "mixed.csv").read_text()
    names, *lines = csv.reader(io.StringIO(source))
    rows = [[None if not cell else _typed(cell) for cell in line] for line in lines]
    expected, _ = take(tmp_path, source)
    found, _ = take(tmp_path, excel([names, *rows]))
    for ours, theirs in zip(found.columns, expected.columns, strict=True):
        assert (ours.name, ours.kind, ours.cells) == (theirs.name, theirs.kind, theirs.cells)
        assert (ours.missing, ours.unique) == (theirs.missing, theirs.unique)
        assert (ours.min, ours.max) == (theirs.min, theirs.max)
        if theirs.cells == "string":
            assert ours.top == theirs.top
    assert codes(found) == codes(expected)


def _typed(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl", "xlsx"])
def test_rows_to_predict_come_in_every_format(form: str, tmp_path: Path) -> None:
    profile, _ = take(tmp_path, same_rows()["csv"])
    inputs: list[Input] = [input_of(column) for column in profile.columns]
    feeds = from_file(put(tmp_path, same_rows()[form]), inputs[::-1])
    assert feeds["a"][:2].tolist() == [[1.0], [2.0]]
    assert feeds["b"][:2].tolist() == [["x"], ["y,z"]]


DAMAGEABLE = same_rows()


@pytest.mark.parametrize("form", ["parquet", "jsonl", "xlsx"])
@settings(max_examples=40)
@given(data=st.data())
def test_damaged_bytes_are_refused_or_read(form: str, data: st.DataObject, tmp_path: Path) -> None:
    content = bytearray(DAMAGEABLE[form])
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(4, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DatasetUnreadable):
        take(tmp_path, bytes(content))


def test_a_damaged_name_of_a_column_is_refused(tmp_path: Path) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"grade": [1, 2], "fine": [3, 4]}), sink, store_schema=False)
    content = sink.getvalue()
    assert content.count(b"grade") > 1
    with pytest.raises(DatasetUnreadable, match="damaged"):
        take(tmp_path, content.replace(b"grade", b"\x80rade"))
