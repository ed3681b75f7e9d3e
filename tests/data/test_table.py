"""The canonical form, read back."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
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


@pytest.fixture
def grouped(tmp_path: Path) -> tuple[Profile, Path]:
    """Three row groups; prices with signs, and words of which every fifth is missing."""
    cells = "".join(
        f"${n * 37 % 9_000:,};{'' if n % 5 == 0 and n else f'w{n % 1_017}'}\n" for n in range(3_000)
    )
    profile, path = take(tmp_path, "price;word\n" + cells)
    whole, described = pq.read_table(path), pq.read_metadata(path).metadata
    with pq.ParquetWriter(path, whole.schema) as writer:
        writer.write_table(whole, row_group_size=1_000)
        writer.add_key_value_metadata(described)
    return profile, path


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


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(np.arange(0, 3_000, 7), id="some of each row group"),
        pytest.param(np.arange(1_010, 1_900), id="of two row groups, at their border"),
        pytest.param(np.array([2_999]), id="the last one"),
        pytest.param(np.arange(0), id="none"),
        pytest.param(np.arange(0, 3_000, 2), id="half of them"),
        pytest.param(np.arange(10, 3_000), id="most of them"),
    ],
)
def test_some_rows_are_read_as_they_are_among_all(
    grouped: tuple[Profile, Path], rows: table.Rows
) -> None:
    profile, path = grouped
    whole = table.load(path, profile.columns).take(rows)
    some = table.load(path, profile.columns, rows)
    assert some.rows == len(rows)
    assert some.numbers("price").tobytes() == whole.numbers("price").tobytes()
    assert some.strings("word").cells().tolist() == whole.strings("word").cells().tolist()
    known = some.strings("word").values
    assert list(known) == sorted(known)


def test_of_few_rows_no_other_cells_are_held(grouped: tuple[Profile, Path]) -> None:
    profile, path = grouped
    found = table.load(path, [only(profile, "word")], np.array([4, 5, 2_001])).strings("word")
    assert found.values == ("w4", "w984")
    assert found.codes.tolist() == [0, -1, 1]


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


def test_the_last_whole_numbers_that_are_all_floats_are_numbers(tmp_path: Path) -> None:
    last = 2**53
    profile, path = take(tmp_path, f"x,beyond\n{last},{last + 1}\n{-last},{-last - 1}\n7,7\n")
    assert [column.kind.value for column in profile.columns] == ["numeric", "categorical"]
    assert profile.columns[0].integral
    assert table.preview(path, 2) == [
        {"x": last, "beyond": str(last + 1)},
        {"x": -last, "beyond": str(-last - 1)},
    ]


def test_preview_of_more_rows_than_there_are(ingested: tuple[Profile, Path]) -> None:
    assert len(table.preview(ingested[1], 1_000)) == ROWS
    assert table.preview(ingested[1], 0) == []


def test_a_table_of_many_columns_is_opened_once_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"n{place}" for place in range(60)]
    # Quarters: exact as text and as float64, and no whole numbers that could be names of rows.
    cells = [[row * 1.25 + place for place in range(60)] for row in range(20)]
    rows = [",".join(str(value) for value in row) for row in cells]
    profile, path = take(tmp_path, "\n".join([",".join(names), *rows]) + "\n")
    opened: list[object] = []
    real = pq.ParquetFile

    def counted(*args: Any, **kwargs: Any) -> pq.ParquetFile:
        opened.append(args)
        return real(*args, **kwargs)

    monkeypatch.setattr(pq, "ParquetFile", counted)
    frame = table.load(path, [only(profile, name) for name in names])
    assert len(opened) <= 3  # to describe it, to read it, to count its rows
    for place, name in enumerate(names):
        assert frame.numbers(name).tolist() == [row[place] for row in cells]


@pytest.mark.parametrize("few", [False, True])
def test_columns_read_together_and_alone_are_equal(
    grouped: tuple[Profile, Path], monkeypatch: pytest.MonkeyPatch, few: bool
) -> None:
    profile, path = grouped
    columns = [only(profile, "price"), only(profile, "word")]
    rows = np.arange(0, 3_000, 7) if few else None
    together = table.load(path, columns, rows)
    monkeypatch.setattr(table, "_CELLS", 1)
    alone = table.load(path, columns, rows)
    np.testing.assert_array_equal(together.numbers("price"), alone.numbers("price"))
    assert together.strings("word").cells().tolist() == alone.strings("word").cells().tolist()
