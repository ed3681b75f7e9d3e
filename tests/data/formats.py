"""Files of every format made of cells, and the cells that come back."""

import io
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import settings
from hypothesis import strategies as st

from automl.core.schema import Profile
from automl.data import table

QUICK = settings(max_examples=60)

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


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
