"""How datasets look."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

from api.views.base import View, at
from automl.core.catalog import ColumnKind, Modality
from automl.core.schema import QUANTILES, Column, Dataset, Summary


class WarningView(View):
    """Something to know before trusting a model of the data."""

    code: str
    message: str


class SummaryView(View):
    """How the numbers of a column are spread; bars of equal width from min to max."""

    mean: float | None
    std: float | None
    quantiles: Mapping[str, float]
    histogram: Sequence[int]


class LengthsView(View):
    """How long the cells of a column of strings are."""

    shortest: int
    mean: float
    longest: int
    words: float


class ColumnView(View):
    """A column as inferred; `summary` of numbers, `lengths` of strings, the ends of dates."""

    name: str
    kind: ColumnKind
    missing: int
    unique: int
    min: int | float | None
    max: int | float | None
    top: Sequence[tuple[str, int]]
    summary: SummaryView | None = None
    lengths: LengthsView | None = None
    earliest: str | None = None
    latest: str | None = None

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
            summary=None if column.summary is None else _summary(column.summary),
            lengths=None if column.lengths is None else LengthsView(**asdict(column.lengths)),
            earliest=column.earliest,
            latest=column.latest,
        )


class DatasetView(View):
    """An uploaded dataset.

    Images, series and volumes have a `shape`, that of one row, and no `columns`; their `classes`
    are those of the first target that has any, whole numbers as numbers.
    """

    id: str
    name: str
    modality: Modality
    format: str
    bytes: int
    sha256: str
    rows: int
    columns: Sequence[ColumnView]
    shape: Sequence[int] | None = None
    classes: Sequence[str | int] | None = None
    warnings: Sequence[WarningView]
    created_at: str

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        """Return the view of a dataset."""
        arrays = dataset.modality.arrays
        return cls(
            id=dataset.id,
            name=dataset.name,
            modality=dataset.modality,
            format=dataset.format,
            bytes=dataset.bytes,
            sha256=dataset.sha256,
            rows=dataset.rows,
            columns=[] if arrays else [ColumnView.of(column) for column in dataset.columns],
            shape=next((column.shape for column in dataset.columns if column.shape), None),
            classes=next((labels(column) for column in dataset.columns if column.labels), None),
            warnings=[WarningView(code=w.code, message=w.message) for w in dataset.warnings],
            created_at=at(dataset.created_at),
        )


class PreviewView(View):
    """The first rows, cells as in the file.

    Images of bytes are PNG files as `data:` addresses in `X`; other arrays are nested lists, with
    null for missing numbers, or null where they have more than 4,096 numbers.
    """

    rows: Sequence[Mapping[str, Any]]


def labels(column: Column) -> Sequence[str | int]:
    """Return a target's classes as a model has them: whole numbers, or strings."""
    return list(map(int, column.labels)) if column.cells == "number" else column.labels


def _summary(summary: Summary) -> SummaryView:
    names = [f"{share:.0%}" for share in QUANTILES]
    return SummaryView(
        mean=summary.mean,
        std=summary.std,
        quantiles=dict(zip(names, summary.quantiles, strict=True)),
        histogram=summary.histogram,
    )


def _whole(number: float | None) -> int | float | None:
    if number is not None and number.is_integer() and abs(number) <= 2**53:
        return int(number)
    return number
