"""Whatever a program holds its rows in becomes the same table."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from automl.client import frame


class Polars:
    """A data frame that is known by its Arrow stream alone, with text as polars holds it."""

    def __init__(self, columns: dict[str, Sequence[Any]]) -> None:
        made = pa.table(columns)
        kinds = [pa.string_view() if pa.types.is_string(k) else k for k in made.schema.types]
        self._made = made.cast(pa.schema(list(zip(columns, kinds, strict=True))))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._made.__arrow_c_stream__(requested_schema)


COLUMNS: dict[str, list[Any]] = {"size": [1.5, None, 3.0], "colour": ["red", None, "blue"]}


@pytest.mark.parametrize("kind", [pd.DataFrame, pa.table, Polars])
def test_a_frame_of_any_library_is_one_table(kind: Any) -> None:
    made = frame.labelled(kind(COLUMNS), ["a", "b", "a"], "target")
    assert made.to_pydict() == {**COLUMNS, "target": ["a", "b", "a"]}
    assert frame.table(kind(COLUMNS)).to_pydict() == COLUMNS


@pytest.mark.parametrize("kind", [np.array, list, pd.DataFrame])
def test_columns_without_a_name_get_one(kind: Any) -> None:
    rows = kind([[1.0, 2.0], [3.0, float("nan")]])
    assert frame.names(rows) == ["x0", "x1"]
    assert frame.table(rows).to_pydict() == {"x0": [1.0, 3.0], "x1": [2.0, None]}


def test_cells_keep_what_they_are() -> None:
    given = pd.DataFrame({
        "whole": [1, 2, 3],
        "category": pd.Categorical(["007", "x", "007"]),
        "day": pd.to_datetime(["2024-01-31", None, "2024-02-01"]),
        "mixed": [1, "a", None],
        "flag": pd.array([True, None, False], dtype="boolean"),
    }, index=[5, 6, 7])  # fmt: skip
    made = frame.labelled(given, pd.Series([0.5, 1.5, 2.5], index=[9, 8, 7]), "target")
    assert made["category"].to_pylist() == ["007", "x", "007"]
    assert made["mixed"].to_pylist() == ["1", "a", None]
    assert made["day"].null_count == made["flag"].null_count == 1
    assert made["target"].to_pylist() == [0.5, 1.5, 2.5]  # by place, whatever the index
    assert pa.types.is_integer(made["whole"].type)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (3, TypeError, "not int"),
        ("text", TypeError, "not str"),
        ([1, 2], ValueError, "rows and columns"),
        ([], ValueError, "rows and columns"),
        ([[1, 2], [3]], ValueError, "shorter"),
        (np.zeros(3), ValueError, "1 axes"),
        ([[1.5], [{"a": 1}]], TypeError, "string or a number"),
    ],
)
def test_what_is_no_table_is_told_so(data: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        frame.table(data)


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        ([[1]], [1, 2], ValueError, "X has 1 rows and y 2"),
        ([[1], [2]], np.zeros((2, 2)), ValueError, "y must have one axis"),
        ([[1], [2]], [[1], [2]], TypeError, "string or a number"),
        (pd.DataFrame({"target": [1]}), [1], ValueError, "column 'target'.*rename"),
    ],
)
def test_what_does_not_fit_together_is_told_so(
    x: Any, y: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        frame.labelled(x, y, "target")
