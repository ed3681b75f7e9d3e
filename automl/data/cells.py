"""Values of typed formats as the text cells that a CSV file would hold.

Exact: whole numbers digit by digit, floats as their shortest spelling that reads back equal,
dates and times in ISO 8601, nothing for null.
"""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from automl.core.errors import DatasetUnreadable, Detail
from automl.data.blocks import LONGEST_ROW


def texts(values: pa.Array) -> pa.StringArray:
    """Return the values as text: ``(len(values),)``, the empty string for null.

    Raises:
        DatasetUnreadable: a date is none of the calendar's.
        TypeError: their type holds no single value a cell; see `is_plain`.
    """
    kind = values.type
    if pa.types.is_null(kind):
        return pa.array([""] * len(values), pa.string())
    if pa.types.is_floating(kind):
        return _floats(values)
    if pa.types.is_decimal(kind):
        return _filled(_decimals(values))
    if pa.types.is_temporal(kind):
        return _filled(_times(values))
    return _filled(pc.cast(values, pa.string()))


def is_plain(kind: pa.DataType) -> bool:
    """Return whether values of that type can be cells."""
    if pa.types.is_dictionary(kind):
        return is_plain(kind.value_type) and not pa.types.is_dictionary(kind.value_type)
    tests = (
        pa.types.is_null, pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating,
        pa.types.is_decimal, pa.types.is_date, pa.types.is_time, pa.types.is_timestamp,
        pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view,
    )  # fmt: skip
    return any(test(kind) for test in tests)


def check_text(cells: pa.StringArray, name: str, first_row: int) -> None:
    """Refuse text that no CSV file could hold.

    Raises:
        DatasetUnreadable: a NUL character, or a cell that is too long; names column and row.
    """
    long = pc.greater(pc.binary_length(cells), LONGEST_ROW)
    for bad, what in (
        (pc.match_substring(cells, "\0"), "a NUL character; text has none"),
        (long, f"more than {LONGEST_ROW >> 20} MiB in one cell"),
    ):
        places = np.flatnonzero(bad.to_numpy(zero_copy_only=False))
        if len(places):
            row = first_row + int(places[0])
            raise DatasetUnreadable(
                f"Row {row} of column {name!r} holds {what}.",
                errors=(Detail(f"Here stands {what}.", field=name, line=row),),
            )


def _filled(cells: pa.StringArray) -> pa.StringArray:
    return pc.fill_null(cells, "") if cells.null_count else cells


def _floats(values: pa.Array) -> pa.StringArray:
    numbers = values.to_numpy(zero_copy_only=False)
    if numbers.dtype == np.float64:
        cells: Sequence[str] = list(map(repr, numbers.tolist()))
    else:
        cells = numbers.astype(str).tolist()  # the shortest spelling among that type's numbers
    return pa.array(["" if cell == "nan" else cell for cell in cells], pa.string())


def _decimals(values: pa.Array) -> pa.StringArray:
    cells = pc.cast(values, pa.string())
    if not pc.any(pc.match_substring(cells, "E")).as_py():
        return cells
    plain = [None if cell is None else f"{Decimal(cell):f}" for cell in cells.to_pylist()]
    return pa.array(plain, pa.string())


def _times(values: pa.Array) -> pa.StringArray:
    kind, zone = values.type, ""
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        values, zone = pc.cast(values, pa.timestamp(kind.unit)), "Z"  # stored in UTC
    cells = pc.cast(values, pa.string())
    if pc.any(pc.starts_with(cells, "<")).as_py():
        raise DatasetUnreadable(
            "A date or time lies outside of the calendar (years up to 9999); write it as text."
        )
    if pa.types.is_date(kind):
        return cells
    cells = pc.replace_substring_regex(cells, r"\.0+$", "")
    cells = pc.replace_substring_regex(cells, r"(\.\d*[1-9])0+$", r"\1")
    cells = pc.replace_substring(cells, " ", "T")
    return pc.binary_join_element_wise(cells, zone, "") if zone else cells
