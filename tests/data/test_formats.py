"""Parquet, JSON Lines and Excel: every cell comes back as text, and what cannot says why."""

import contextlib
import csv
import datetime as dt
import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automl.core.errors import DatasetUnreadable
from automl.core.model import Input
from automl.core.schema import Profile
from automl.data import table
from automl.data.parquetfile import open_parquet
from automl.data.rows import from_file, input_of
from tests.data.files import codes, put, take
from tests.tables import mixed

QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
# XML has no other control characters, and reads a CR as a line end.
XML = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc", "Cn"]), max_size=12)


@st.composite
def columns(draw: st.DrawFn, cells: st.SearchStrategy[Any]) -> list[list[Any]]:
    rows, width = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    column = st.lists(st.none() | cells, min_size=rows, max_size=rows)
    return draw(st.lists(column, min_size=width, max_size=width))


def named(values: list[list[Any]]) -> dict[str, list[Any]]:
    return {f"name.{index}": column for index, column in enumerate(values)}


def text_of(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return "" if value != value else repr(value)  # noqa: PLR0124 -- NaN
        case _:
            return str(value)


def parquet(arrays: dict[str, Any], **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(arrays), sink, **options)
    return sink.getvalue()


def excel(*sheets: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for index, rows in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet {index + 1}")
        for row in rows:
            sheet.append(row)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def cells_of(taken: tuple[Profile, Path]) -> dict[str, list[str]]:
    profile, out = taken
    return {column.name: table.text(out, column.name) for column in profile.columns}


INTEGERS = st.integers(-(2**63), 2**63 - 1)


@QUICK
@given(
    values=st.one_of(columns(TEXT), columns(INTEGERS), columns(st.floats()), columns(st.booleans()))
)
def test_any_frame_comes_back_from_parquet(values: list[list[Any]], tmp_path: Path) -> None:
    frame = named(values)
    found = cells_of(take(tmp_path, parquet(frame)))
    assert found == {name: list(map(text_of, column)) for name, column in frame.items()}


JSON_CELLS = TEXT | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()


@QUICK
@given(values=columns(JSON_CELLS), ascii_only=st.booleans())
def test_any_frame_comes_back_from_json_lines(
    values: list[list[Any]], ascii_only: bool, tmp_path: Path
) -> None:
    frame = named(values)
    rows = [dict(zip(frame, row, strict=True)) for row in zip(*values, strict=True)]
    content = "\n".join(json.dumps(row, ensure_ascii=ascii_only) for row in rows)
    taken = take(tmp_path, content)
    assert taken[0].format == "jsonl"
    assert cells_of(taken) == {n: list(map(text_of, column)) for n, column in frame.items()}


EXCEL_CELLS = XML | st.integers(-(2**53), 2**53) | st.booleans()


@QUICK
@given(values=columns(EXCEL_CELLS.filter(lambda cell: not str(cell).startswith(("=", "#")))))
def test_any_frame_comes_back_from_excel(values: list[list[Any]], tmp_path: Path) -> None:
    frame = named([["first", *column] for column in values])
    rows = [list(row) for row in zip(*frame.values(), strict=True)]
    taken = take(tmp_path, excel([list(frame), *rows]))
    kept = [row for row in rows if any(cell not in {None, ""} for cell in row)]
    expected = {name: [text_of(row[n]) for row in kept] for n, name in enumerate(frame)}
    assert taken[0].format == "xlsx"
    assert cells_of(taken) == expected


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


def test_numbers_of_json_stay_as_they_are_written(tmp_path: Path) -> None:
    content = '{"a": 1.10, "b": 12345678901234567890123}\n\n{"b": -0, "a": 1e5, "c": NaN}\n'
    assert cells_of(take(tmp_path, content)) == {
        "a": ["1.10", "1e5"],
        "b": ["12345678901234567890123", "-0"],
        "c": ["", "NaN"],
    }


BAD_JSON = {
    "nested": ('{"a": 1}\n{"a": {"b": 1}}\n', "Line 2: 'a' holds an object", 2, 1),
    "list": ('{"a": 1, "b": []}\n', "Line 1: 'b' holds a list", 1, 2),
    "twice": ('{"a": 1}\n{"a": 1, "a": 2}\n', "Line 2: the key 'a' stands there twice", 2, None),
    "cut": ('{"a": 1}\n{"a": \n', "Line 2: no JSON object", 2, 7),
    "no object": ('{"a": 1}\n\n[1]\n', "Line 3: each line should hold one JSON object", 3, None),
    "several lines": ('{\n"a": 1\n}\n', "Line 1: no JSON object", 1, 2),
    "deep": ('{"a": 1}\n{"a": ' + "[" * 100_000 + "\n", "Line 2: .*(deep|no JSON)", 2, None),
    "half a character": ('{"a": "\\ud800"}\n', "half a character", 1, 1),
    "nul": ('{"a": "\\u0000"}\n', "NUL", 1, 1),
    "array": ('[{"a": 1},\n{"a": 2}]', "one JSON array", None, None),
    "no keys": ('{}\n{ "a" 1}\n', "Line 2", 2, 7),
    "empty objects": ("{}\n{}\n", "no keys", 1, None),
    "twins": ('{"a": 1, "a ": 2}\n', "already stands", None, None),
}


@pytest.mark.parametrize("case", BAD_JSON)
def test_bad_json_lines_say_what_and_where(case: str, tmp_path: Path) -> None:
    content, message, line, column = BAD_JSON[case]
    with pytest.raises(DatasetUnreadable, match=message) as caught:
        take(tmp_path, content)
    if line is not None:
        assert caught.value.errors[0].line == line
    if column is not None:
        assert caught.value.errors[0].column == column
    assert not (tmp_path / "table.parquet").exists()


def test_every_bad_json_line_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DatasetUnreadable) as caught:
        take(tmp_path, '{"a": 1}\n' + '{"a": []}\nnot json\n' * 8)
    assert [error.line for error in caught.value.errors] == list(range(2, 12))


def test_keys_stand_in_the_order_of_appearance(tmp_path: Path) -> None:
    profile, _ = take(tmp_path, '{"b": 1}\n{"c": 1, "a": 2}\n{"b": 3}\n')
    assert [column.name for column in profile.columns] == ["b", "c", "a"]


def test_too_many_keys_are_refused(tmp_path: Path) -> None:
    lines = [json.dumps({f"k{n}_{m}": 1 for m in range(1_000)}) for n in range(25)]
    with pytest.raises(DatasetUnreadable, match=r"line 21 .* 20,000 different keys"):
        take(tmp_path, "\n".join(lines))


def test_excel_dates_numbers_and_errors(tmp_path: Path) -> None:
    rows = [
        ["when", "x", "e"],
        [dt.datetime.fromisoformat("2024-01-31"), 0.1, "#N/A"],
        [dt.datetime.fromisoformat("2024-01-31T05:06:07"), 12345678901, "b"],
    ]
    profile, out = take(tmp_path, excel(rows))
    assert cells_of((profile, out)) == {
        "when": ["2024-01-31", "2024-01-31T05:06:07"],
        "x": ["0.1", "12345678901"],
        "e": ["", "b"],
    }
    assert "ERROR_CELLS" in codes(profile)


def test_the_first_sheet_with_cells_is_read(tmp_path: Path) -> None:
    profile, out = take(tmp_path, excel([], [[], ["a", "b"], [1, 2], [], [3, None]], [["other"]]))
    assert cells_of((profile, out)) == {"a": ["1", "3"], "b": ["2", ""]}
    (warning,) = [item for item in profile.warnings if item.code == "SEVERAL_SHEETS"]
    assert "'Sheet 2'" in warning.message
    assert "'Sheet 3'" in warning.message


RICH = """
<row r="1"><c r="A1" t="inlineStr"><is><t>name</t></is></c><c t="inlineStr"><is><t>x</t></is></c>
<c r="C1" t="str"><f>1+1</f><v>f</v></c></row>
<row r="3"><c r="A3" t="inlineStr"><is><r><t>rich </t></r><r><rPr><b/></rPr><t>text</t></r>
<rPh sb="0" eb="1"><t>how it sounds</t></rPh></is></c><c r="C3" t="b"><v>1</v></c></row>
<row r="4"><c r="B4"><v>1E-3</v></c><c r="C4" t="d"><v>2024-01-31</v></c></row>
<row r="9"><c r="A9"/><c r="B9"><f>A1</f></c></row></sheetData></worksheet>"""


def test_cells_as_other_programs_write_them(tmp_path: Path) -> None:
    content = repacked(GOOD, sheet=SHEET.format(RICH).encode())
    assert cells_of(take(tmp_path, content)) == {
        "name": ["rich text", ""],
        "x": ["", "0.001"],
        "f": ["true", "2024-01-31"],
    }


def test_one_sheet_with_cells_needs_no_warning(tmp_path: Path) -> None:
    profile, _ = take(tmp_path, excel([], [["a"], [1]], []))
    assert "SEVERAL_SHEETS" not in codes(profile)


def packed(parts: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return sink.getvalue()


def repacked(content: bytes, **changed: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    return packed({**parts, **{_path(name): data for name, data in changed.items()}})


def _path(name: str) -> str:
    return {"sheet": "xl/worksheets/sheet1.xml", "strings": "xl/sharedStrings.xml"}[name]


SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}'
GOOD = excel([["a", "b"], [1, "x"]])
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'
BAD_EXCEL = {
    "old": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, r"\.xls\), or one with a password"),
    "zip": (packed({"a.csv": b"a,b\n1,2\n"}), "zip file"),
    "binary": (packed({"xl/workbook.bin": b""}), "xlsb"),
    "open document": (packed({"content.xml": b"", "mimetype": b""}), "OpenDocument"),
    "cut": (GOOD[:-30], "Excel file is damaged"),
    "no zip": (b"PK\x03\x04 ...", "Excel file is damaged"),
    "begin cut off": (GOOD[:4] + GOOD[900:], "Excel file is damaged"),
    "bomb": (repacked(GOOD, sheet=b" " * (64 << 20)), "200:1"),
    "entities": (repacked(GOOD, strings=LAUGHS), "entities"),
    "no cells": (excel([], []), "no cells"),
    "header only": (excel([["a", "b"]]), "no rows"),
    "beside": (excel([["a"], [1], [2, None, 3]]), "Row 3 has a cell in column 3"),
    "far away": (repacked(GOOD, sheet=SHEET.format(
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="2000000000"><c r="A2"><v>1</v></c></row>'
        "</sheetData></worksheet>").encode()), "larger than a sheet"),
    "no xml": (repacked(GOOD, sheet=SHEET.format("<row>").encode()), "Excel file is damaged"),
    "late entities": (repacked(GOOD, sheet=b"<!--" + b" " * 5_000 + b"-->" + LAUGHS[21:]),
                      "Excel file is damaged"),
    "rows in no order": (repacked(GOOD, sheet=SHEET.format(
        '<row r="2"><c r="A2"><v>1</v></c></row><row r="1"><c r="A1"><v>1</v></c></row>'
        "</sheetData></worksheet>").encode()), "Excel file is damaged"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_EXCEL)
def test_bad_workbooks_are_refused(case: str, tmp_path: Path) -> None:
    content, message = BAD_EXCEL[case]
    with pytest.raises(DatasetUnreadable, match=message):
        take(tmp_path, content)
    assert not (tmp_path / "table.parquet").exists()


def test_a_wrong_dimension_cuts_nothing_off(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as package:
        sheet = package.read("xl/worksheets/sheet1.xml")
    assert b'<dimension ref="A1:B2"' in sheet
    lying = repacked(GOOD, sheet=sheet.replace(b"A1:B2", b"A1:A1"))
    assert cells_of(take(tmp_path, lying)) == {"a": ["1"], "b": ["x"]}


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
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damaged_bytes_are_refused_or_read(form: str, data: st.DataObject, tmp_path: Path) -> None:
    content = bytearray(DAMAGEABLE[form])
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(4, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DatasetUnreadable):
        take(tmp_path, bytes(content))
