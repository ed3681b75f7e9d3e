"""A time column's cells, in order."""

import numpy as np
import pytest

from automl.data.moments import moments


@pytest.mark.parametrize(
    "rising",
    [
        ["1999", "2001", "2010"],
        ["19991231", "20000101", "20240131"],
        ["1999-12-31", "2000-01", "2000-01-01T10:00", "2000-01-01 10:00:00.5Z", "2000-01-02"],
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
