"""How datasets look."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from api.views.base import View, at
from automl.core.catalog import ColumnKind, Modality
from automl.core.schema import Column, Dataset


class WarningView(View):
    """Something to know before trusting a model of the data."""

    code: str
    message: str


class ColumnView(View):
    """A column as inferred."""

    name: str
    kind: ColumnKind
    missing: int
    unique: int
    min: int | float | None
    max: int | float | None
    top: Sequence[tuple[str, int]]

    @classmethod
    def of(cls, column: Column) -> Self:
        """Return the view of a column."""
        return cls(
            name=column.name,
            kind=column.kind,
            missing=column.missing,
            unique=column.unique,
            min=_whole(column.min),
            max=_whole(column.max),
            top=column.top,
        )


class DatasetView(View):
    """An uploaded dataset."""

    id: str
    name: str
    modality: Modality
    format: str
    bytes: int
    sha256: str
    rows: int
    columns: Sequence[ColumnView]
    shape: Sequence[int] | None = None
    classes: Sequence[str] | None = None
    warnings: Sequence[WarningView]
    created_at: str

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        """Return the view of a dataset."""
        return cls(
            id=dataset.id,
            name=dataset.name,
            modality=dataset.modality,
            format=dataset.format,
            bytes=dataset.bytes,
            sha256=dataset.sha256,
            rows=dataset.rows,
            columns=[ColumnView.of(column) for column in dataset.columns],
            warnings=[WarningView(code=w.code, message=w.message) for w in dataset.warnings],
            created_at=at(dataset.created_at),
        )


class PreviewView(View):
    """The first rows, cells as in the file."""

    rows: Sequence[Mapping[str, Any]]


def _whole(number: float | None) -> int | float | None:
    if number is not None and number.is_integer() and abs(number) <= 2**53:
        return int(number)
    return number
