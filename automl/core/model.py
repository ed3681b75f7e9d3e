"""Models: what a study ends with, and the bytes it is handed out as."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from automl.core.catalog import ColumnKind, ExportFormat, FamilyName, MetricName, TaskType
from automl.core.decision import PLAIN, Decision
from automl.core.schema import CellType, DateFormat


@dataclass(frozen=True, slots=True)
class Artifact:
    """Stored bytes, content-addressed within a tenant."""

    id: str
    tenant: str
    sha256: str
    bytes: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Member:
    """A trial's share in the ensemble; weights sum to one, and some may be below zero."""

    trial: int
    family: FamilyName
    weight: float
    fits: int | None = None
    """How many the file holds of it: its answer is their mean. Earlier versions did not say."""


@dataclass(frozen=True, slots=True)
class Input:
    """One named input of the model file, in the order of the dataset's columns.

    ``true`` and ``false`` are how the words of a boolean column are spelled, and ``words`` are all
    of one that spells a truth in several ways, each learned by itself; ``point`` says whether
    whole numbers in a column of strings are written as ``1.0``: how to write JSON values.
    ``thousands`` and ``sign`` are what may stand beside the digits of a number in text.
    An input of arrays has a ``shape`` and a ``dtype``, as the dataset's arrays have.
    ``date`` is how the column writes dates; the file reads that and ISO 8601.
    """

    name: str
    kind: ColumnKind
    cells: CellType
    decimal_comma: bool = False
    true: str | None = None
    false: str | None = None
    point: bool = False
    date: DateFormat | None = None
    thousands: str = ""
    sign: str = ""
    shape: tuple[int, ...] = ()
    """Of an input of arrays, without the axis of rows."""
    dtype: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A member that was left out of the file because its outputs did not match."""

    trial: int
    difference: float
    detail: str


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Everything known of a model but where it is stored: a function of data and spec alone."""

    task: TaskType
    target: str
    metric: MetricName
    value: float
    source: Literal["test", "out_of_fold"]
    metrics: Mapping[MetricName, Estimate]
    members: tuple[Member, ...]
    inputs: tuple[Input, ...]
    classes: tuple[str, ...] | tuple[int, ...]
    parity: float
    """Largest relative difference between the file's outputs and the trained model's."""
    excluded: tuple[Exclusion, ...] = ()
    decision: Decision = PLAIN
    geometric: bool = False
    """Whether the weights are of logarithms, see `Mixture`; earlier versions had none such."""


@dataclass(frozen=True, slots=True)
class Model:
    """A published model; immutable."""

    id: str
    tenant: str
    study_id: str
    dataset_id: str
    card: ModelCard
    formats: Mapping[ExportFormat, Artifact]
    created_at: float
