"""JSON Lines: every cell comes back as text, and what cannot says why."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.core.errors import DatasetUnreadable
from tests.data.files import take
from tests.data.formats import QUICK, TEXT, cells_of, columns, named, text_of

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
