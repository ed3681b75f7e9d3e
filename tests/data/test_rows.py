"""Rows to predict, from requests and files."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl.core.catalog import ColumnKind
from automl.core.errors import DatasetUnreadable, InvalidRows
from automl.core.model import Input
from automl.core.study import ColumnOverride
from automl.data import override
from automl.data.rows import from_file, from_json, input_of
from automl.export import predict
from tests.data.files import put, take

AGE = Input("age", ColumnKind.NUMERIC, "number")
PRICE = Input("price", ColumnKind.NUMERIC, "number", decimal_comma=True)
FLAG = Input("flag", ColumnKind.BOOLEAN, "number")
SEX = Input("sex", ColumnKind.CATEGORICAL, "string")


def cell(value: object, item: Input) -> Any:
    return from_json([{item.name: value}], [item])[item.name][0, 0]


@pytest.mark.parametrize(
    ("value", "item", "number"),
    [
        (5, AGE, 5.0),
        (5.5, AGE, 5.5),
        ("5.5", AGE, 5.5),
        (" 7 ", AGE, 7.0),
        ("1,5", PRICE, 1.5),
        (1.5, PRICE, 1.5),
        (2**80, AGE, 2.0**80),
        (True, FLAG, 1.0),
        (False, FLAG, 0.0),
        (1, FLAG, 1.0),
    ],
)
def test_numbers(value: object, item: Input, number: float) -> None:
    assert cell(value, item) == number


@pytest.mark.parametrize(
    ("word", "number"), [("true", 1.0), ("True", 1.0), ("FALSE", 0.0), ("1", 1.0), ("0.0", 0.0)]
)
def test_a_column_of_0_and_1_takes_the_booleans_of_other_formats(
    word: str, number: float, tmp_path: Path
) -> None:
    assert cell(word, FLAG) == number
    path = put(tmp_path, f"flag,x\n{word},1\n,1\n")
    wanted = [[number], [math.nan]]
    np.testing.assert_array_equal(from_file(path, [FLAG])["flag"], wanted)
    np.testing.assert_array_equal(predict.feed([word, ""], asdict(FLAG)), wanted)


@pytest.mark.parametrize("value", [None, "", "NA", "?", "nan", math.nan, math.inf, "inf", 10**400])
def test_missing_numbers(value: object) -> None:
    assert math.isnan(cell(value, AGE))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Male", "Male"),
        ("", ""),
        (None, ""),
        ("NA", "NA"),
        (1, "1"),
        (1.0, "1"),
        (1.5, "1.5"),
        (2**70, str(2**70)),
        (math.nan, ""),
    ],
)
def test_strings(value: object, text: str) -> None:
    assert cell(value, SEX) == text


YES = Input("smokes", ColumnKind.BOOLEAN, "string", true="Yes", false="no")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *(
            (value, "Yes")
            for value in (True, 1, 1.0, "1", "1.0", "Yes", "YES", " yes ", "True", "t")
        ),
        *((value, "no") for value in (False, 0, 0.0, "0", "no", "No", "N", "FALSE")),
        *((value, str(value)) for value in (2, "maybe", "")),
        (None, ""),
    ],
)
def test_truths_are_the_words_of_their_column(value: object, text: str, tmp_path: Path) -> None:
    assert cell(value, YES) == text
    if isinstance(value, str):
        path = put(tmp_path, f"smokes,x\n{value},1\n")
        assert from_file(path, [YES])["smokes"].tolist() == [[text]]
        assert predict.feed([value], asdict(YES)).tolist() == [[text]]
        assert cell(value, SEX) == value


def test_truths_that_a_column_spells_in_several_ways_stay_apart(tmp_path: Path) -> None:
    lines = "".join(f"{word},{n}\n" for n, word in enumerate(["Yes", "yes", "NO", "Yes"] * 10))
    profile, _ = take(tmp_path, f"smokes,x\n{lines}")
    item = input_of(profile.columns[0])
    assert item.kind is ColumnKind.BOOLEAN
    told = {"Yes": "Yes", "yes": "yes", "NO": "NO", "YES": "Yes", "no": "NO", True: "Yes"}
    assert {word: cell(word, item) for word in told} == told
    assert predict.feed(["yes", "YES"], asdict(item)).tolist() == [["yes"], ["Yes"]]


@pytest.mark.parametrize(
    ("value", "item"),
    [
        ("old", AGE),
        ("007", AGE),
        ("1,5", AGE),
        ("1.5", PRICE),
        (True, AGE),
        ([1], AGE),
        ({"a": 1}, AGE),
        ("yes", FLAG),
        ([], SEX),
        (True, SEX),
        ({}, SEX),
        ("\ud800", SEX),
    ],
)
def test_wrong_types_name_the_column_and_the_row(value: object, item: Input) -> None:
    rows: list[dict[str, object]] = [{item.name: None}, {item.name: value}]
    with pytest.raises(InvalidRows, match=f"Row 2: '{item.name}' takes a ") as caught:
        from_json(rows, [item])
    assert [(error.field, error.line) for error in caught.value.errors] == [(item.name, 2)]


def test_shapes_and_types() -> None:
    feeds = from_json([{"sex": "a", "age": 1, "more": []}, {"age": None, "sex": None}], [AGE, SEX])
    assert feeds["age"].dtype == np.float64
    assert feeds["sex"].dtype == object
    assert feeds["age"].shape == feeds["sex"].shape == (2, 1)
    assert list(feeds) == ["age", "sex"]


def test_no_rows() -> None:
    assert from_json([], [AGE, SEX])["sex"].shape == (0, 1)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InvalidRows, match="'sex' is missing") as caught:
        from_json([{"age": 1, "sex": "a"}, {"age": 2}], [AGE, SEX])
    assert [(error.field, error.line) for error in caught.value.errors] == [("sex", 2)]


def test_names_may_stand_as_in_the_file() -> None:
    """A dataset drops white space around them, and what reads the same file may keep it."""
    row = {"\ufeffage ": 1, " sex": "a", "sex ": "b"}
    feeds = from_json([row, {"age": 2, " age": 3, "sex": "c"}], [AGE, SEX])
    assert feeds["age"].tolist() == [[1.0], [2.0]]
    assert feeds["sex"].tolist() == [["a"], ["c"]]


def test_many_errors_are_cut_short() -> None:
    with pytest.raises(InvalidRows) as caught:
        from_json([{"age": "x"}] * 1_000, [AGE])
    assert len(caught.value.errors) == 10


def test_a_csv_file_in_any_dialect(tmp_path: Path) -> None:
    content = 'sex;more;price;age\n"wei""blich";x;1,5;39\n;;NA;\nmännlich;;2;?\n'
    path = put(tmp_path, content.encode("windows-1252"))
    feeds = from_file(path, [AGE, PRICE, SEX])
    np.testing.assert_array_equal(feeds["age"], [[39.0], [np.nan], [np.nan]])
    np.testing.assert_array_equal(feeds["price"], [[1.5], [np.nan], [2.0]])
    assert feeds["sex"].tolist() == [['wei"blich'], [""], ["männlich"]]


def test_a_csv_file_without_a_column(tmp_path: Path) -> None:
    with pytest.raises(InvalidRows, match="'sex' is missing") as caught:
        from_file(put(tmp_path, "age,Sex\n1,a\n"), [AGE, SEX])
    assert [error.field for error in caught.value.errors] == ["sex"]


def test_a_csv_file_with_a_wrong_cell(tmp_path: Path) -> None:
    with pytest.raises(InvalidRows, match="Row 2: 'age' takes a number, not 'old'") as caught:
        from_file(put(tmp_path, "age,sex\n1,a\nold,b\n"), [AGE, SEX])
    assert [(error.field, error.line) for error in caught.value.errors] == [("age", 2)]


def test_a_csv_file_with_a_header_only_has_no_rows(tmp_path: Path) -> None:
    assert from_file(put(tmp_path, "age,sex\n"), [AGE, SEX])["sex"].shape == (0, 1)


def test_a_broken_csv_file_says_where(tmp_path: Path) -> None:
    with pytest.raises(DatasetUnreadable, match="Line 3"):
        from_file(put(tmp_path, "age,sex\n1,a\n2\n"), [AGE, SEX])


def test_a_single_column_keeps_its_empty_lines(tmp_path: Path) -> None:
    feeds = from_file(put(tmp_path, "age\n1\n\n3\n"), [AGE])
    np.testing.assert_array_equal(feeds["age"], [[1.0], [np.nan], [3.0]])


def test_a_file_of_many_blocks(tmp_path: Path) -> None:
    rows = 120_000
    content = "age,sex\n" + "".join(f"{n},{'x' * 90}{n % 5}\n" for n in range(rows))
    feeds = from_file(put(tmp_path, content), [SEX, AGE])
    np.testing.assert_array_equal(feeds["age"][:, 0], np.arange(rows))
    assert feeds["sex"][-1, 0] == "x" * 90 + "4"


def test_json_is_written_as_the_file_writes_it(tmp_path: Path) -> None:
    text = "".join(f"{'Yes' if n % 3 else 'no'},{n % 4}.0,{n % 4},{n % 2}\n" for n in range(40))
    profile, _ = take(tmp_path, "word,dotted,plain,flag\n" + text)
    overrides = {name: ColumnOverride(ColumnKind.CATEGORICAL) for name in ("dotted", "plain")}
    inputs = [input_of(column) for column in override.apply(profile.columns, overrides)]
    rows: list[dict[str, object]] = [
        {"word": True, "dotted": 1, "plain": 2.0, "flag": False},
        {"word": False, "dotted": 3.0, "plain": 2, "flag": 1},
    ]
    feeds = from_json(rows, inputs)
    assert feeds["word"].tolist() == [["Yes"], ["no"]]
    assert feeds["dotted"].tolist() == [["1.0"], ["3.0"]]
    assert feeds["plain"].tolist() == [["2"], ["2"]]
    assert feeds["flag"].tolist() == [[0.0], [1.0]]
