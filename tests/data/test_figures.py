"""Currencies, per cents and thousands: read where there is one way to read them."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from automl.core.catalog import ColumnKind
from automl.core.errors import InvalidRows
from automl.core.schema import Profile
from automl.data import figures, table
from automl.data.rows import from_file, from_json, input_of
from automl.export import predict
from tests.data.files import codes, only, put, take

READ: dict[str, tuple[list[str], list[float | None]]] = {
    "dollars": (["$1,000", "$2,500.50", "-$3", "$ 4", ""], [1000, 2500.5, -3, 4, None]),
    "only thousands of dollars": (["$1,000", "$2,000"], [1000, 2000]),
    "prices of petrol": (["$3.459", "$3.599"], [3.459, 3.599]),
    "euros": (["1.000 €", "2.500,50 €", "-3 €", "n/a"], [1000, 2500.5, -3, None]),
    "only thousands of euros": (["1.000 €", "12.000 €"], [1000, 12000]),
    "pounds": (["£3.5", "£12", "£1,234.25"], [3.5, 12, 1234.25]),
    "per cent": (["12 %", "3.5%", "0", "-1 %"], [12, 3.5, 0, -1]),
    "per cent with commas": (["12,5 %", "3,25 %"], [12.5, 3.25]),
    "millions": (["1,234,567", "1,234", "12"], [1234567, 1234, 12]),
    "millions with points": (["1.234.567", "1.234", "12,5"], [1234567, 1234, 12.5]),
    "thousands beside a point": (["1,234.5", "2,000", "0.5"], [1234.5, 2000, 0.5]),
    "spaces": (["1 234", "12\u00a0345,5", "7"], [1234, 12345.5, 7]),
    "apostrophes": (["1'234.50", "9'876'543", "1"], [1234.5, 9876543, 1]),
}

TEXT = {
    "may be either": ["1,234", "5,678"],
    "two currencies": ["$1", "€2"],
    "shares beside per cents": ["12 %", "0.5"],
    "both marks as decimals": ["$1.5", "$1,5"],
    "bad groups": ["1,23,456", "1,234,567"],
    "leading zeros": ["$007", "$008"],
    "a word": ["$1,000", "free"],
    "three decimals or thousands of euros": ["1,000 €", "2,000 €"],
    "a sign on either side": ["$5$", "$6"],
}


def ingest(folder: Path, cells: list[str]) -> tuple[Profile, Path]:
    rows = "".join(f'"{cell}";x{n % 2}\n' for n, cell in enumerate(cells))
    return take(folder, "a;b\n" + rows)


@pytest.mark.parametrize("case", READ)
def test_numbers_as_people_write_them_are_read(case: str, tmp_path: Path) -> None:
    cells, expected = READ[case]
    wanted = np.array([np.nan if value is None else value for value in expected])
    profile, out = ingest(tmp_path, cells)
    column = only(profile, "a")
    assert (column.kind, column.cells) == (ColumnKind.NUMERIC, "number")
    assert column.missing == np.isnan(wanted).sum()
    assert (column.min, column.max) == (np.nanmin(wanted), np.nanmax(wanted))
    np.testing.assert_array_equal(table.load(out, [column]).numbers("a"), wanted)
    item = input_of(column)
    by_json = from_json([{"a": cell} for cell in cells], [item])["a"].ravel()
    np.testing.assert_array_equal(by_json, wanted)
    file = put(tmp_path, "a;b\n" + "".join(f'"{cell}";x\n' for cell in cells), "rows.csv")
    np.testing.assert_array_equal(from_file(file, [item])["a"].ravel(), wanted)
    plain = from_json([{"a": 1234.5}, {"a": None}], [item])["a"].ravel()
    np.testing.assert_array_equal(plain, [1234.5, np.nan])


@pytest.mark.parametrize("case", TEXT)
def test_what_may_be_read_in_two_ways_stays_text(case: str, tmp_path: Path) -> None:
    profile, _ = ingest(tmp_path, TEXT[case] * 12)
    column = only(profile, "a")
    assert column.cells == "string"
    assert (column.sign, column.thousands) == ("", "")


def test_another_currency_is_refused_when_predicting(tmp_path: Path) -> None:
    profile, _ = ingest(tmp_path, READ["dollars"][0])
    with pytest.raises(InvalidRows, match="'a' takes a number"):
        from_json([{"a": "5 €"}], [input_of(only(profile, "a"))])


def test_words_are_looked_at_but_briefly() -> None:
    assert figures.find({f"word {n}": 1 for n in range(1_000)}) is None


def test_figures_that_stay_text_are_warned_about(tmp_path: Path) -> None:
    profile, _ = ingest(tmp_path, ["$1", "€2"] * 12)
    assert "FORMATTED_NUMBERS" in codes(profile)


@pytest.mark.parametrize("case", READ)
def test_the_script_in_the_bundle_reads_the_same(case: str, tmp_path: Path) -> None:
    cells, _ = READ[case]
    profile, out = ingest(tmp_path, cells)
    column = only(profile, "a")
    fed = predict.feed(cells, asdict(input_of(column))).ravel()
    np.testing.assert_array_equal(fed, table.load(out, [column]).numbers("a"))
