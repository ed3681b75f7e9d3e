"""A user's corrections of inferred columns."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from automl.core.catalog import ColumnKind
from automl.core.errors import Detail, InvalidSpec
from automl.core.schema import CellType, Column, DateFormat
from automl.core.study import ColumnOverride
from automl.data.dates import spelling

_MILLISECONDS = 1e11
"""In seconds the year 5138: such large counts since 1970 are of milliseconds."""


def apply(columns: Sequence[Column], overrides: Mapping[str, ColumnOverride]) -> tuple[Column, ...]:
    """Return the columns that are used, with their corrected kinds, in the dataset's order.

    A categorical column declared numeric is allowed: its cells that are no numbers are missing.

    Raises:
        InvalidSpec: an override names no column, or a kind that its cells cannot have.
    """
    names = {column.name for column in columns}
    errors = [
        Detail(f"The dataset has no column {name!r}.", field=f"columns.{name}")
        for name in overrides
        if name not in names
    ]
    corrected = []
    for column in columns:
        override = overrides.get(column.name, ColumnOverride())
        problem = _of_arrays(column, override) or (
            None if override.kind is None else _problem(column, override.kind)
        )
        if problem is not None:
            errors.append(Detail(problem, field=f"columns.{column.name}"))
        elif override.use:
            corrected.append(_correct(column, override.kind))
    if errors:
        raise InvalidSpec(
            "columns: " + " ".join(error.message for error in errors[:3]), errors=tuple(errors)
        )
    return tuple(corrected)


def _of_arrays(column: Column, override: ColumnOverride) -> str | None:
    """Return why a column of arrays cannot be corrected so."""
    if not column.kind.array or (override.use and override.kind in {None, column.kind}):
        return None
    return (
        f"{column.name!r} holds the arrays themselves ({column.kind.value}): it can neither be left"
        " out nor be of another kind. Upload the file with another modality instead."
    )


def _problem(column: Column, kind: ColumnKind) -> str | None:
    if kind.array and kind is not column.kind:
        return (
            f"The cells of {column.name!r} are no arrays of a kind {kind.value!r}; what arrays hold"
            " is said at the upload, with modality."
        )
    if kind is ColumnKind.NUMERIC and column.cells == "string" and not has_numbers(column):
        return (
            f"The cells of {column.name!r} are no numbers (such as {_example(column)}), so it "
            "cannot be numeric; leave it categorical or text."
        )
    if kind is ColumnKind.BOOLEAN and column.unique > 2:
        return (
            f"{column.name!r} has {column.unique} values, so it cannot be boolean; two are needed."
        )
    if kind is ColumnKind.DATETIME and _date_format(column) is None:
        return (
            f"The cells of {column.name!r} are no dates that can be read (such as "
            f"{_example(column)}); write them as 2024-01-31, 31/01/2024 or 20240131."
        )
    if kind is ColumnKind.CONSTANT and column.unique > 1:
        return f'{column.name!r} has {column.unique} values; to leave it out, use {{"use": false}}.'
    return None


def has_numbers(column: Column) -> bool:
    """Return whether some of the column's usual cells are numbers, written as text."""
    return column.kind in {ColumnKind.CONSTANT, ColumnKind.ID} or any(
        _is_number(value, column) for value, _ in column.top
    )


def _is_number(text: str, column: Column) -> bool:
    from automl.data.figures import number

    return number(text, column) is not None


def _example(column: Column) -> str:
    return repr(column.top[0][0]) if column.top else "''"


def _correct(column: Column, kind: ColumnKind | None) -> Column:
    if kind is None or kind is column.kind:
        return column
    cells: CellType = "string"
    if kind is ColumnKind.NUMERIC or (kind is ColumnKind.BOOLEAN and column.cells == "number"):
        cells = "number"
    date = _date_format(column) if kind is ColumnKind.DATETIME else None
    return replace(column, kind=kind, cells=cells, date=date)


def _date_format(column: Column) -> DateFormat | None:
    """Return how the cells write dates; whole numbers that are no dates count from 1970."""
    found = spelling(value for value, _ in column.top)
    if found is not None:
        return found.format
    if not column.integral or column.max is None:
        return None
    return "epoch_milliseconds" if column.max >= _MILLISECONDS else "epoch_seconds"
