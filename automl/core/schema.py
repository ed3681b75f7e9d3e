"""Datasets and their columns."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from automl.core.catalog import ColumnKind, Modality

CellType = Literal["number", "string", "array"]

DateFormat = Literal[
    "iso",
    "day_first",
    "month_first",
    "month_name",
    "yyyymmdd",
    "epoch_seconds",
    "epoch_milliseconds",
]
"""How a column of dates is written, where it is not ISO 8601, which is always understood:
31/01/2024 or 31.01.24, 01/31/2024, 31 Jan 2024 or January 31st, 2024, 20240131, or a count since
1970. A time of day may follow; it is taken as written, whatever its zone."""


QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Where a summary looks at a column of numbers."""
BINS = 20
"""Bars of a summary's histogram."""

COUNTED_OFF = 10
"""Trees count off the numbers of a column that has no more different ones."""


@dataclass(frozen=True, slots=True)
class Summary:
    """How the numbers of a column are spread.

    ``quantiles`` are those of ``QUANTILES``: exact for up to 64,000 different numbers, within half
    a per cent of the rows beyond. ``histogram`` counts the cells in ``BINS`` bars of equal width
    from the column's least number to its greatest. ``mean`` and ``std`` are None where they are no
    finite floats.
    """

    mean: float | None
    std: float | None
    quantiles: tuple[float, ...]
    histogram: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the present cells of a column are: characters, and words on average."""

    shortest: int
    mean: float
    longest: int
    words: float


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, as inferred from its cells or corrected by the user.

    ``cells`` says how a cell enters a model: numeric columns and 0/1 booleans as numbers (float64,
    NaN for missing), images, series and volumes as arrays, everything else as strings (the empty
    string for missing).
    """

    name: str
    kind: ColumnKind
    cells: CellType
    missing: int
    unique: int
    min: float | None = None
    max: float | None = None
    top: tuple[tuple[str, int], ...] = ()
    decimal_comma: bool = False
    """Whether ``1,5`` in this column means one and a half."""
    thousands: str = ""
    """What sets thousands apart in its numbers, if anything; a blank stands for any space."""
    sign: str = ""
    """The currency or per cent sign that its numbers carry; ``12 %`` is the number 12."""
    integral: bool = False
    """Whether every present cell is a whole number within ±2^53."""
    date: DateFormat | None = None
    """How its dates are written; None for other kinds, and for dates that cannot be read yet."""
    summary: Summary | None = None
    """Of columns of numbers."""
    lengths: Lengths | None = None
    """Of columns of strings."""
    earliest: str | None = None
    latest: str | None = None
    """First and last date, in ISO 8601; None where they are not known."""
    shape: tuple[int, ...] = ()
    """Of an array cell, axes as in the file; empty for all other kinds."""
    dtype: str = ""
    """NumPy's name of what array cells hold; empty for all other kinds."""
    labels: tuple[str, ...] = ()
    """Of a target beside arrays: its distinct values in order, where it is no plain number."""

    @property
    def pairable(self) -> bool:
        """Whether a sum or a ratio with another column of numbers may tell trees more."""
        return self.kind is ColumnKind.NUMERIC and self.unique > COUNTED_OFF


@dataclass(frozen=True, slots=True)
class DataWarning:
    """Something about the data a user should know before trusting a model of it."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What ingest learned of a file: everything of a Dataset but its identity."""

    modality: Modality
    format: str
    rows: int
    columns: tuple[Column, ...]
    warnings: tuple[DataWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """An uploaded, immutable input with its schema.

    ``source`` and ``table`` are artifact ids: the bytes as uploaded, and the canonical form.
    """

    id: str
    tenant: str
    name: str
    modality: Modality
    format: str
    bytes: int
    sha256: str
    rows: int
    columns: tuple[Column, ...]
    warnings: tuple[DataWarning, ...]
    created_at: float
    source: str
    table: str

    def column(self, name: str) -> Column | None:
        """Return the column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)


def column_to_json(column: Column) -> dict[str, Any]:
    """Return what ``dataclasses.asdict`` would, in a fifth of the time: tables have thousands."""
    plain = {name: getattr(column, name) for name in Column.__slots__}
    for name in ("summary", "lengths"):
        if plain[name] is not None:
            plain[name] = asdict(plain[name])
    return plain


def column_from_json(data: Mapping[str, Any]) -> Column:
    """Return the Column that ``column_to_json`` once turned into ``data``."""
    return Column(
        **{
            **data,
            "kind": ColumnKind(data["kind"]),
            "shape": tuple(data.get("shape", ())),
            "labels": tuple(data.get("labels", ())),
            "top": tuple((str(value), int(count)) for value, count in data.get("top", ())),
            "summary": _summary(data.get("summary")),
            "lengths": None if data.get("lengths") is None else Lengths(**data["lengths"]),
        }
    )


def _summary(data: Mapping[str, Any] | None) -> Summary | None:
    if data is None:
        return None
    lists = {name: tuple(data[name]) for name in ("quantiles", "histogram")}
    return Summary(**{**data, **lists})
