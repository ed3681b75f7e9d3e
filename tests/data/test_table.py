"""The canonical form, read back."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from automl.core.catalog import ColumnKind
from automl.core.errors import DatasetUnreadable
from automl.core.schema import Profile
from automl.data import table
from tests.data.files import only, take

ROWS = 40
TEXT = "n;word;flag;big;.n\n" + "".join(
    f"{['1,5', '2', 'NA', '', '-3,25'][i % 5]};{['b', 'é', '', 'a'][i % 4]};{i % 2};"
    f"{2**60 + i % 3};{i % 7}\n"
    for i in range(ROWS)
)


@pytest.fixture
def ingested(tmp_path: Path) -> tuple[Profile, Path]:
    return take(tmp_path, TEXT)


def test_numbers_are_read_as_inferred(ingested: tuple[Profile, Path]) -> None:
    profile, path = ingested
    frame = table.load(path, [only(profile, "n"), only(profile, "flag")])
    expected = np.tile([1.5, 2.0, np.nan, np.nan, -3.25], 8)
    np.testing.assert_array_equal(frame.numbers("n"), expected)
    np.testing.assert_array_equal(frame.numbers("flag"), np.arange(ROWS) % 2)
    assert (list(frame.columns), frame.rows) == (["n", "flag"], ROWS)


def test_strings_are_sorted_codes(ingested: tuple[Profile, Path]) -> None:
    profile, path = ingested
    strings = table.load(path, [only(profile, "word")]).strings("word")
    assert strings.values == ("a", "b", "é")
    assert strings.codes.dtype == np.int32
    assert strings.codes[:4].tolist() == [1, 2, -1, 0]
    assert strings.cells()[:4].tolist() == ["b", "é", "", "a"]


def test_a_name_with_a_dot_is_not_mixed_up(ingested: tuple[Profile, Path]) -> None:
    profile, path = ingested
    assert table.text(path, ".n")[:3] == ["0", "1", "2"]
    assert table.text(path, "n")[:3] == ["1,5", "2", "NA"]
    np.testing.assert_array_equal(
        table.load(path, [only(profile, ".n")]).numbers(".n"), np.arange(ROWS) % 7
    )


def test_a_string_column_declared_numeric_has_gaps(tmp_path: Path) -> None:
    profile, path = take(tmp_path, "a,b\n" + "1,x\n2,y\noops,z\n" * 10)
    column = replace(profile.columns[0], kind=ColumnKind.NUMERIC, cells="number")
    numbers = table.load(path, [column]).numbers("a")
    np.testing.assert_array_equal(numbers[:3], [1.0, 2.0, np.nan])


def test_a_number_column_declared_categorical_keeps_its_spelling(tmp_path: Path) -> None:
    profile, path = take(tmp_path, "a,b\n" + "1.0,x\n1,y\nNA,z\n,w\n" * 10)
    column = replace(profile.columns[0], kind=ColumnKind.CATEGORICAL, cells="string")
    strings = table.load(path, [column]).strings("a")
    assert strings.values == ("1", "1.0", "NA")
    assert strings.codes[:4].tolist() == [1, 0, 2, -1]


def test_an_unknown_column_is_named(ingested: tuple[Profile, Path]) -> None:
    with pytest.raises(DatasetUnreadable, match="'nope'"):
        table.text(ingested[1], "nope")


def test_nothing_wanted_still_counts_rows(ingested: tuple[Profile, Path]) -> None:
    assert table.load(ingested[1], []).rows == ROWS


def test_many_row_groups_are_one_column(tmp_path: Path) -> None:
    rows = 200_000
    text = "".join(f"{n * 31 % 1_000},w{n % 1_009}{'x' * 100}\n" for n in range(rows))
    profile, path = take(tmp_path, "a,b\n" + text)  # three blocks, three dictionaries
    frame = table.load(path, profile.columns)
    np.testing.assert_array_equal(frame.numbers("a"), np.arange(rows) * 31 % 1_000)
    cells = frame.strings("b")
    assert list(cells.values) == sorted(f"w{n}{'x' * 100}" for n in range(1_009))
    assert all(
        cells.values[cells.codes[n]] == f"w{n % 1_009}{'x' * 100}" for n in (0, 77_777, rows - 1)
    )


def test_preview_shows_cells_as_in_the_file(ingested: tuple[Profile, Path]) -> None:
    first, second, third, fourth = table.preview(ingested[1], 4)
    assert first == {"n": 1.5, "word": "b", "flag": 0, "big": str(2**60), ".n": 0}
    assert second["n"] == 2
    assert isinstance(second["n"], int)
    assert third["word"] is None
    assert (third["n"], fourth["n"]) == ("NA", None)


def test_preview_shows_ids_and_constants_as_the_numbers_they_are(tmp_path: Path) -> None:
    cells = "".join(f"{n},5,v1,{20240101 + n % 28}\n" for n in range(30))
    _, path = take(tmp_path, f"row_id,five,word,day\n{cells}")
    assert table.preview(path, 2) == [
        {"row_id": n, "five": 5, "word": "v1", "day": str(20240101 + n)} for n in range(2)
    ]


def test_preview_of_more_rows_than_there_are(ingested: tuple[Profile, Path]) -> None:
    assert len(table.preview(ingested[1], 1_000)) == ROWS
    assert table.preview(ingested[1], 0) == []
