"""Excel: every cell comes back as text, and what cannot says why."""

import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.core.errors import DatasetUnreadable
from tests.data.files import codes, take
from tests.data.formats import QUICK, cells_of, columns, excel, named, text_of

# XML has no other control characters, and reads a CR as a line end.
XML = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc", "Cn"]), max_size=12)

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
