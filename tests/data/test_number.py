"""What is a number and what is not, cell by cell and many at once."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from automl.data.number import Reading, parse_few, parse_many, parse_one

NUMBERS = {
    "0": 0.0,
    "-0": -0.0,
    "7": 7.0,
    "+3": 3.0,
    " 12 ": 12.0,
    "\t5\u00a0": 5.0,
    "1.": 1.0,
    ".5": 0.5,
    "-0.25": -0.25,
    "1e5": 1e5,
    "1E-05": 1e-5,
    "+1.5e+3": 1500.0,
    "9007199254740991": 2.0**53 - 1,
    "-9007199254740991": -(2.0**53) + 1,
    "9007199254740992": 2.0**53,
    "-9007199254740992": -(2.0**53),
    "123456789012345678.5": 123456789012345678.5,
    "1e300": 1e300,
    "1e-999": 0.0,
}
OTHERS = [
    *("007", "-01", "00", "00.5", "9007199254740993", "-9007199254740993", "1" * 400),
    *("abc", "1,5", "1,000", "$5", "5%", "1 000", "0x10", "1_000", "--1", "1e", "e5", ".", "1.2.3"),
    *("٣", "½", "true", "2024-01-01", "+", "nan5", "1e5.5"),
]


@pytest.mark.parametrize(("text", "value"), NUMBERS.items())
def test_numbers(text: str, value: float) -> None:
    found = parse_one(text)
    assert found == value
    assert found is not None
    assert math.copysign(1, found) == math.copysign(1, value)


@pytest.mark.parametrize("text", OTHERS)
def test_others(text: str) -> None:
    assert parse_few([text], decimal_comma=False).reading == [Reading.OTHER]


@pytest.mark.parametrize(
    "text", ["NA", "n/a", "NaN", "nan", "null", "NULL", "None", "?", " ", " NA "]
)
def test_markers(text: str) -> None:
    assert parse_few([text], decimal_comma=False).reading == [Reading.MISSING]


@pytest.mark.parametrize("text", ["inf", "-Infinity", "+INF", "1e999", "-1e400"])
def test_the_infinite(text: str) -> None:
    numbers = parse_few([text], decimal_comma=False)
    assert numbers.reading == [Reading.INFINITE]
    assert np.isnan(numbers.values[0])


@pytest.mark.parametrize(
    ("text", "value"), [("1,5", 1.5), ("-,5", -0.5), ("3", 3.0), ("1.5", None), ("1,000,000", None)]
)
def test_decimal_comma(text: str, value: float | None) -> None:
    assert parse_one(text, decimal_comma=True) == value


LIKELY = st.text(alphabet="0123456789.,+-eE \u00a0?naif", max_size=20)


@settings(max_examples=300)
@given(
    cells=st.lists(
        LIKELY | st.floats().map(repr) | st.integers().map(str) | st.text(max_size=6), max_size=6
    ),
    decimal_comma=st.booleans(),
)
@example(cells=[*NUMBERS, *OTHERS, "NA", "inf", "1e999", "", " "], decimal_comma=False)
@example(cells=[*NUMBERS, *OTHERS, "1,5", "1e999", "", " "], decimal_comma=True)
def test_few_and_many_read_alike(cells: list[str], decimal_comma: bool) -> None:
    cells = [cell for cell in cells if not any("\ud800" <= char <= "\udfff" for char in cell)]
    few = parse_few(cells, decimal_comma=decimal_comma)
    many = parse_many(pa.array(cells, pa.string()), decimal_comma=decimal_comma)
    assert few.reading.tolist() == many.reading.tolist()
    np.testing.assert_array_equal(few.values, many.values)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_comes_back_exactly(value: float) -> None:
    assert parse_one(repr(value)) == value or abs(value) >= 2.0**53
