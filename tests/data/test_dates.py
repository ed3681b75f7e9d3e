"""When the rows of a time column happened, and what counts as a date."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from automl.core.catalog import ColumnKind
from automl.core.frame import Floats
from automl.core.schema import Column, DateFormat
from automl.data.dates import are_compact, moments_of, spelling

TIME = Column("when", ColumnKind.CATEGORICAL, "string", missing=0, unique=2)


def moments(cells: Sequence[str], *, decimal_comma: bool = False) -> Floats:
    return moments_of(cells, replace(TIME, decimal_comma=decimal_comma))


@pytest.mark.parametrize(
    "rising",
    [
        ["1999", "2001", "2010"],
        ["19991231", "20000101", "20240131"],
        ["1999-12-31", "2000-01", "2000-01-01T10:00", "2000-01-01 10:00:00.5Z", "2000-01-02"],
        ["1999-12-31", "20000101", "2000-01-02"],
        ["31/12/1999", "01/02/2000", "13.02.2000"],
        ["12/31/1999", "02/01/2000", "02/13/2000"],
        ["31.12.99", "01.01.00"],
        ["31 Dec 1999", "January 1st, 2000", "Sun, 2 Jan 2000 11:59 pm", "3 jan 2000"],
        ["2000-01-01 12:30 am", "2000-01-01 9:00 am", "2000-01-01 12:00 pm", "2000-01-01 1:00 pm"],
        ["-1.5", "0", "1e3"],
    ],
)
def test_what_is_later_is_larger(rising: list[str]) -> None:
    found = moments(rising)
    assert np.isfinite(found).all()
    assert (np.diff(found) >= 0).all()
    assert found[-1] > found[0]


def test_what_is_neither_number_nor_date_is_nothing() -> None:
    found = moments(["2000-01-01", "", "soon", "2000-02-30", "5 Foo 2000"])
    assert np.isnan(found).tolist() == [False, True, True, True, True]


def test_decimal_commas_count_where_the_column_writes_them() -> None:
    assert moments(["1,5", "2"], decimal_comma=True).tolist() == [1.5, 2.0]


def test_eight_digits_are_dates_even_as_floats() -> None:
    assert are_compact(["20240131", "20240229.0"])
    assert not are_compact(["20240131", "20230229"])
    assert not are_compact(["20240131", "02402290"])


@pytest.mark.parametrize(
    ("cells", "expected", "sure"),
    [
        (["2024-01-31", "2024-02-01T10:00Z"], "iso", True),
        (["31/01/2024", "01/02/2024"], "day_first", True),
        (["01/31/2024", "01/02/2024"], "month_first", True),
        (["01.02.2024", "03.04.24"], "day_first", False),
        (["13/01/2024", "01/13/2024"], "day_first", False),
        (["20240131", "20240201.0"], "yyyymmdd", True),
        (["20240131", "2024-02-01"], "iso", True),
        (["31 Jan 2024", "February 1, 2024"], "month_name", True),
    ],
)
def test_a_column_s_spelling(cells: list[str], expected: DateFormat, sure: bool) -> None:
    found = spelling(cells)
    assert found is not None
    assert (found.format, found.sure) == (expected, sure)
