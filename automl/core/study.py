"""Studies: what was asked for (spec), what will be done (plan), where it stands (study)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from automl.core.catalog import (
    ColumnKind,
    FamilyName,
    MetricName,
    Modality,
    StudyFailure,
    StudyStatus,
    TaskType,
    TrialState,
    ValidationStrategy,
)

REPLAY_WINDOW = 8
"""In replay order trial n is asked from the results of trials 0…n−8, whatever the worker count."""


def finish_reserve(seconds: float, outputs: int) -> float:
    """Return how many of a budget's seconds are kept for ensemble, export and parity.

    With many classes trees are many, and so is what must be written and compared: measured 7 s for
    26 classes where two take 2 s.
    """
    least = 2.0 + 0.2 * max(0, outputs - 2)
    return max(2.0, 0.06 * seconds, min(least, 0.3 * seconds))


def label(value: str | float) -> str:
    """Return how a class is spelled that is named by a value: ``true``, ``1`` for 1.0."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """What is predicted and how it is judged; ``metric`` None means the task's default."""

    type: TaskType
    target: str
    metric: MetricName | None = None
    positive: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnOverride:
    """A user's correction of an inferred column."""

    kind: ColumnKind | None = None
    use: bool = True


@dataclass(frozen=True, slots=True)
class Budget:
    """When a study ends: after ``seconds`` of wall clock or ``trials`` ended trials."""

    seconds: float | None = None
    trials: int | None = None

    @property
    def replay(self) -> bool:
        """Whether only trials count: then the search runs in replay order."""
        return self.seconds is None


@dataclass(frozen=True, slots=True)
class Validation:
    """How rows are held back; ``test_fraction`` None means auto."""

    strategy: ValidationStrategy = ValidationStrategy.AUTO
    column: str | None = None
    test_fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Objective:
    """Bounds on the model handed out: bytes of the file, median milliseconds for one row."""

    max_model_bytes: int | None = None
    max_row_ms: float | None = None


@dataclass(frozen=True, slots=True)
class StudySpec:
    """A user's request, validated: everything that determines a search."""

    dataset_id: str
    task: TaskSpec
    budget: Budget
    test_dataset_id: str | None = None
    columns: Mapping[str, ColumnOverride] = field(default_factory=dict)
    families: tuple[FamilyName, ...] | None = None
    search_space: Mapping[str, Mapping[str, Any]] | None = None
    validation: Validation = Validation()
    objective: Objective = Objective()
    ensemble: bool = True
    seed: int = 0
    priority: int = 5
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, decided from the spec and the data before anything is trained.

    ``classes`` are the labels in output order: ints for an integral target, else strings; empty
    for regression. ``rows`` counts the usable rows (with a target); ``test_rows`` of them are set
    aside. ``folds`` is 1 for a holdout. ``categories`` and ``texts`` count the features of these
    kinds, ``pairable`` the numbers that may be paired: what they cost, and whether a space need say
    how to take them.
    """

    task: TaskType
    target: str
    metric: MetricName
    positive: int | None
    """Index of the positive class among two, else None."""
    classes: tuple[str, ...] | tuple[int, ...]
    features: tuple[str, ...]
    families: tuple[FamilyName, ...]
    strategy: ValidationStrategy
    folds: int
    rows: int
    test_rows: int
    dropped_rows: int
    """Rows left out because their target is missing."""
    baseline: float
    """The metric of always predicting the majority class's frequencies, or the mean."""
    categories: int = 0
    texts: int = 0
    pairable: int = 0
    warnings: tuple[tuple[str, str], ...] = ()
    official_rows: int = 0
    """Rows of a test set that was given, beside ``rows``: the dataset's own part or another one."""
    modality: Modality = Modality.TABLE
    shape: tuple[int, ...] = ()
    """Of a row that is an array, without the axis of rows."""
    words: float = 0.0
    """Of a row that is a text, on average."""
    rare: float = 0.0
    """Which part of these no other text has, about."""
    alike: bool = False
    """Whether folds have one layout and equally many steps: not in studies of before they had."""
    contested: bool = False
    """Whether rows that differ in the target alone are dealt one by one: not so in those either."""
    kin: bool = False
    """Whether what divides a fold's training rows keeps kin together: nor did it in those."""
    level: bool = False
    """Whether all folds of a candidate are judged at one end: where few rows judge each, and not in
    those."""

    @property
    def outputs(self) -> int:
        """Columns of a prediction: one a class, or one for regression."""
        return len(self.classes) or 1


@dataclass(frozen=True, slots=True)
class Study:
    """One search over one dataset, task and budget, as it stands.

    Times are seconds since the epoch on the database's clock. ``elapsed_seconds`` leaves out
    pauses. ``version`` rises with every change that an ask depends on.
    """

    id: str
    tenant: str
    spec: StudySpec
    plan: Plan
    status: StudyStatus
    version: int
    last_seq: int
    counts: Mapping[TrialState, int]
    created_at: float
    queued_at: float = 0.0
    """When it was last queued: anew, or resumed after its end."""
    started_at: float | None = None
    finished_at: float | None = None
    elapsed_seconds: float = 0.0
    best_trial: int | None = None
    best_family: FamilyName | None = None
    best_value: float | None = None
    model_id: str | None = None
    error: tuple[StudyFailure, str] | None = None
