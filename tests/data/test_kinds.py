"""Kinds, missing cells and remarks, as inferred from whole columns."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from automl.core.catalog import ColumnKind
from automl.core.schema import Column, Profile
from automl.data.dates import is_date
from tests.data.files import codes, only, take
from tests.tables import write

N = 60


def profile_of(folder: Path, cells: Sequence[str], name: str = "x") -> Profile:
    rows = [[cell, str(index % 7)] for index, cell in enumerate(cells)]
    write(folder / "source.csv", [name, "other"], rows)
    return take(folder, (folder / "source.csv").read_bytes())[0]


def column_of(folder: Path, cells: Sequence[str], name: str = "x") -> Column:
    return only(profile_of(folder, cells, name), name)


KINDS = {
    "integers": ([str(n % 9) for n in range(N)], ColumnKind.NUMERIC, "number"),
    "floats, all different": ([f"{n}.25" for n in range(N)], ColumnKind.NUMERIC, "number"),
    "integers, all different": ([str(n * n) for n in range(N)], ColumnKind.NUMERIC, "number"),
    "years": ([str(1900 + n) for n in range(N)], ColumnKind.NUMERIC, "number"),
    "numbers with blanks": (["1", "", "2.5", "NA"] * 15, ColumnKind.NUMERIC, "number"),
    "one number and blanks": (["1", ""] * 30, ColumnKind.NUMERIC, "number"),
    "exponents": (["1e5", "-2E-3", "+7"] * 20, ColumnKind.NUMERIC, "number"),
    "words": (["red", "green", "blue"] * 20, ColumnKind.CATEGORICAL, "string"),
    "one word and blanks": (["red", ""] * 30, ColumnKind.CATEGORICAL, "string"),
    "words with a marker": (["red", "NA"] * 30, ColumnKind.CATEGORICAL, "string"),
    "leading zeros": (["007", "012", "123"] * 20, ColumnKind.CATEGORICAL, "string"),
    "true and false": (["True", "False"] * 30, ColumnKind.BOOLEAN, "string"),
    "yes and no": (["yes", "no", ""] * 20, ColumnKind.BOOLEAN, "string"),
    "y and n": (["Y", "N"] * 30, ColumnKind.BOOLEAN, "string"),
    "t and f": (["t", "f"] * 30, ColumnKind.BOOLEAN, "string"),
    "0 and 1": (["0", "1"] * 30, ColumnKind.BOOLEAN, "number"),
    "0.0 and 1.0 with gaps": (["0.0", "1.0", "NA"] * 20, ColumnKind.BOOLEAN, "number"),
    "1 and 2": (["1", "2"] * 30, ColumnKind.NUMERIC, "number"),
    "yes and never": (["yes", "never"] * 30, ColumnKind.CATEGORICAL, "string"),
    "row numbers": ([str(n) for n in range(N)], ColumnKind.ID, "string"),
    "row numbers, shuffled": ([str(n * 7 % N + 1) for n in range(N)], ColumnKind.ID, "string"),
    "keys": ([f"K-{n:04d}" for n in range(N)], ColumnKind.ID, "string"),
    "integers beyond 2^53": ([str(2**60 + n) for n in range(N)], ColumnKind.ID, "string"),
    "integers beyond 2^63": (
        [str(2**70 + n % 3) for n in range(N)],
        ColumnKind.CATEGORICAL,
        "string",
    ),
    "one word": (["red"] * N, ColumnKind.CONSTANT, "string"),
    "one number": (["5"] * N, ColumnKind.CONSTANT, "string"),
    "nothing": ([""] * N, ColumnKind.CONSTANT, "string"),
    "dates": ([f"2024-01-{n % 28 + 1:02d}" for n in range(N)], ColumnKind.DATETIME, "string"),
    "dates of eight digits": (
        [f"202401{n % 28 + 1:02d}" for n in range(N)],
        ColumnKind.DATETIME,
        "string",
    ),
    "numbers of eight digits": (
        [f"202401{n % 50 + 10:02d}" for n in range(N)],
        ColumnKind.NUMERIC,
        "number",
    ),
    "sentences": (
        [f"this is sentence number {n} of many" for n in range(N)],
        ColumnKind.TEXT,
        "string",
    ),
    "thousands": (["1,000", "12,345"] * 30, ColumnKind.CATEGORICAL, "string"),
    "prices": (["$1,000", "$7"] * 30, ColumnKind.NUMERIC, "number"),
}


@pytest.mark.parametrize("case", KINDS)
def test_kinds(case: str, tmp_path: Path) -> None:
    cells, kind, form = KINDS[case]
    column = column_of(tmp_path, cells)
    assert (column.kind, column.cells) == (kind, form)


@pytest.mark.parametrize("name", ["id", "customer_id", "customerId", "ID", "Id", "uuid", "row_id"])
def test_integers_that_never_repeat_are_an_id_by_name(name: str, tmp_path: Path) -> None:
    assert column_of(tmp_path, [str(n * n) for n in range(N)], name).kind is ColumnKind.ID


@pytest.mark.parametrize("name", ["paid", "humidity", "width", "idea", "video"])
def test_names_that_only_contain_id_are_none(name: str, tmp_path: Path) -> None:
    assert column_of(tmp_path, [str(n * n) for n in range(N)], name).kind is ColumnKind.NUMERIC


def test_an_id_that_repeats_stays_numeric(tmp_path: Path) -> None:
    assert column_of(tmp_path, [str(n // 2) for n in range(N)], "id").kind is ColumnKind.NUMERIC


def test_a_few_rows_are_no_ids(tmp_path: Path) -> None:
    assert column_of(tmp_path, ["a", "b", "c"]).kind is ColumnKind.CATEGORICAL
    assert column_of(tmp_path, ["1", "2", "3"]).kind is ColumnKind.NUMERIC


def test_statistics_of_numbers(tmp_path: Path) -> None:
    column = column_of(tmp_path, ["1", "1.0", "3", "", "NA", "?", " 3 ", "-2"] * 5)
    assert column.missing == 15
    assert column.unique == 3
    assert (column.min, column.max, column.integral) == (-2.0, 3.0, True)
    assert column.top == ((" 3 ", 5), ("-2", 5), ("1", 5), ("1.0", 5), ("3", 5))


def test_statistics_of_strings(tmp_path: Path) -> None:
    column = column_of(tmp_path, ["b", "a", "b", "", "NA"] * 12)
    assert (column.missing, column.unique, column.min) == (12, 3, None)
    assert column.top == (("b", 24), ("NA", 12), ("a", 12))


def test_decimal_commas(tmp_path: Path) -> None:
    column = column_of(tmp_path, ["1,5", "2", "-0,25", "NA"] * 15)
    assert column.kind is ColumnKind.NUMERIC
    assert column.decimal_comma
    assert (column.min, column.max, column.unique, column.missing) == (-0.25, 2.0, 3, 15)
    assert not column.integral


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (["1,5", "1.5"], "MIXED_DECIMAL_MARKS"),
        (["1,000", "12,345"], "THOUSANDS_SEPARATORS"),
        (["$1,000", "€7.50"], "FORMATTED_NUMBERS"),
        (["12%", "$7"], "FORMATTED_NUMBERS"),
        (["007", "0123"], "NUMBERS_AS_TEXT"),
        ([str(2**64), str(2**65)], "NUMBERS_AS_TEXT"),
        ([*map(str, range(29)), "unknown"], "MOSTLY_NUMERIC"),
        (["1.5", "inf", "2.5"], "INFINITE_VALUES"),
        (["x"], "CONSTANT_COLUMN"),
        ([""], "EMPTY_COLUMN"),
    ],
)
def test_remarks(cells: list[str], code: str, tmp_path: Path) -> None:
    assert code in codes(profile_of(tmp_path, cells * (N // len(cells))))


def test_dates_are_no_numbers_with_separators(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, [f"{13 + n % 15}.{1 + n % 12:02}.2021" for n in range(N)])
    assert only(profile, "x").kind is ColumnKind.DATETIME
    assert "FORMATTED_NUMBERS" not in codes(profile)


def test_the_infinite_are_missing(tmp_path: Path) -> None:
    column = column_of(tmp_path, ["1.5", "inf", "2.5"] * 20)
    assert (column.kind, column.missing, column.max) == (ColumnKind.NUMERIC, 20, 2.5)


def test_a_clean_table_has_no_warnings(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, [f"{n}.5" for n in range(N)])
    assert codes(profile) == set()


def test_duplicate_rows_and_columns(tmp_path: Path) -> None:
    lines = [f"{n},{n}.0,{n},{n % 3}" for n in range(N)]
    profile, _ = take(tmp_path, "\n".join(["a,b,c,d", *lines, lines[5], lines[5], lines[6]]))
    found = {warning.code: warning.message for warning in profile.warnings}
    assert found["DUPLICATE_ROWS"].startswith("3 of 63 rows")
    assert "a = c" in found["DUPLICATE_COLUMNS"]


def test_many_categories_are_estimated_well(tmp_path: Path) -> None:
    count = 130_000
    text = "".join(f"c{n},{n % 50},{n}.5\n" for n in range(count))
    profile, _ = take(tmp_path, "name,b,c\n" + text)
    name, b, c = profile.columns
    assert name.kind is ColumnKind.ID
    assert b.unique == 50
    assert c.kind is ColumnKind.NUMERIC
    for column in (name, c):
        assert abs(column.unique - count) < 0.03 * count
    assert b.top[0] == ("0", count // 50)


def test_a_hundred_thousand_categories(tmp_path: Path) -> None:
    text = "".join(f"c{n % 100_000},{n % 2}\n" for n in range(110_000))
    column = take(tmp_path, "name,b\n" + text)[0].columns[0]
    assert (column.kind, column.unique) == (ColumnKind.CATEGORICAL, 100_000)
    assert column.top[0][1] == 2


DATES = [
    *("2024-01-31", "2024-01-31T12:30:00Z", "2024-01-31 12:30:00.123+02:00", "2024/01/31"),
    *("31/01/2024", "01/31/2024", "31.01.2024", "1/2/24", "31-Jan-2024", "Jan 31, 2024"),
    *("January 31, 2024", "Wed, 31 Jan 2024 12:30:00 GMT", "1/31/2024 5:30 PM", "2024-01"),
]


@pytest.mark.parametrize("text", DATES)
def test_dates(text: str) -> None:
    assert is_date(text)


@pytest.mark.parametrize(
    "text",
    ["1.5", "12:30", "2024", "20240131", "192.168.1.1", "31/31/2024", "may", "1-2", "", "3.10.2"],
)
def test_no_dates(text: str) -> None:
    assert not is_date(text)
