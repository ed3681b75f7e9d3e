"""How the service itself looks: workers, families, health, problems."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field

from api.views.base import View, at
from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Hyperparameter, Value
from automl.core.learner import FamilySpec
from automl.core.leases import Worker


class WorkerView(View):
    """A live worker: one slot on one device."""

    id: str
    device: str
    state: Literal["idle", "busy"]
    current_study: str | None
    current_trial: int | None
    last_heartbeat_at: str

    @classmethod
    def of(cls, worker: Worker) -> Self:
        """Return the view of a worker."""
        return cls(
            id=worker.id,
            device=worker.device,
            state=worker.state,
            current_study=worker.study_id,
            current_trial=worker.trial,
            last_heartbeat_at=at(worker.last_heartbeat_at),
        )


class HyperparameterView(View):
    """One dimension of a family's search space.

    `tasks` and `modalities` are the only ones it means something for; null: all of the family's.
    """

    name: str
    type: Literal["int", "float", "categorical"]
    low: int | float | None
    high: int | float | None
    log: bool
    choices: Sequence[Value] | None
    default: Value
    when: Mapping[str, Sequence[Value]] | None
    tasks: Sequence[TaskType] | None
    modalities: Sequence[Modality] | None
    description: str

    @classmethod
    def of(cls, dimension: Hyperparameter) -> Self:
        """Return the view of a dimension."""
        return cls(
            name=dimension.name,
            type=dimension.type,
            low=dimension.low,
            high=dimension.high,
            log=dimension.log,
            choices=dimension.choices,
            default=dimension.default,
            when=None if dimension.when is None else {dimension.when[0]: dimension.when[1]},
            tasks=dimension.tasks,
            modalities=dimension.modalities,
            description=dimension.description,
        )


class FamilyView(View):
    """A kind of model, what it serves and its search space."""

    name: FamilyName
    title: str
    modalities: Sequence[Modality]
    tasks: Sequence[TaskType]
    hyperparameters: Sequence[HyperparameterView]

    @classmethod
    def of(cls, spec: FamilySpec) -> Self:
        """Return the view of a family."""
        return cls(
            name=spec.name,
            title=spec.title,
            modalities=spec.modalities,
            tasks=spec.tasks,
            hyperparameters=[HyperparameterView.of(dimension) for dimension in spec.space],
        )


class HealthView(View):
    """The process is up."""

    status: Literal["ok"] = "ok"


class ReadyView(View):
    """What answers now; ``workers`` counts the live ones."""

    store: bool
    broker: bool
    workers: int


class PlaceView(View):
    """A field of a request, or a line of a file, at fault."""

    message: str
    field: str | None = None
    line: int | None = None
    column: int | None = None


class Problem(View):
    """What went wrong, and what would be right (RFC 9457)."""

    type: str
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    reason: str
    errors: Sequence[PlaceView] | None = None
