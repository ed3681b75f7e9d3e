"""How trials, their curves and events look."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from api.views.base import View, at, at_or_none
from automl.core.catalog import EventType, FamilyName, TrialFailure, TrialState
from automl.core.hyperparameter import Value
from automl.core.ports import Event
from automl.core.trial import CurvePoint, Trial
from automl.service.studies import Page
from automl.service.trials import Traced


class TrialView(View):
    """One candidate's row in the leaderboard."""

    number: int
    state: TrialState
    family: FamilyName
    params: Mapping[str, Value]
    value: float | None
    fold_values: Sequence[float | None]
    epochs: int | None
    seconds: float | None
    worker: str | None
    attempts: int
    reason: TrialFailure | None
    message: str | None
    parameters: int | None
    started_at: str | None
    finished_at: str | None

    @classmethod
    def of(cls, trial: Trial, **more: Any) -> Self:
        """Return the view of a trial."""
        return cls(
            number=trial.number,
            state=trial.state,
            family=trial.candidate.family,
            params=trial.candidate.params,
            value=trial.value,
            fold_values=trial.fold_values,
            epochs=trial.epochs,
            seconds=trial.seconds,
            worker=trial.worker,
            attempts=trial.attempts,
            reason=trial.reason,
            message=trial.message,
            parameters=trial.parameters,
            started_at=at_or_none(trial.started_at),
            finished_at=at_or_none(trial.finished_at),
            **more,
        )


class PointView(View):
    """What one epoch (of boosting: a round) measured."""

    epoch: int
    fold: int | None
    train_loss: float | None
    valid_loss: float | None
    value: float | None
    learning_rate: float | None
    gradient_norm: float | None
    seconds: float

    @classmethod
    def of(cls, point: CurvePoint) -> Self:
        """Return the view of a point."""
        return cls(
            epoch=point.epoch,
            fold=point.fold,
            train_loss=point.train_loss,
            valid_loss=point.valid_loss,
            value=point.value,
            learning_rate=point.learning_rate,
            gradient_norm=point.gradient_norm,
            seconds=point.seconds,
        )


class TracedView(TrialView):
    """A trial with its curve."""

    curve: Sequence[PointView]

    @classmethod
    def of_traced(cls, traced: Traced) -> Self:
        """Return the view of a trial with its curve."""
        return cls.of(traced.trial, curve=[PointView.of(point) for point in traced.curve])


class EventView(View):
    """One entry of a study's log."""

    seq: int
    type: EventType
    at: str
    data: Mapping[str, Any]

    @classmethod
    def of(cls, event: Event) -> Self:
        """Return the view of an event."""
        return cls(seq=event.seq, type=event.type, at=at(event.at), data=event.data)


class EventsView(View):
    """A stretch of a study's log; ``last_seq`` is the number of the whole log's last event."""

    items: Sequence[EventView]
    last_seq: int

    @classmethod
    def of(cls, page: Page) -> Self:
        """Return the view of a stretch."""
        return cls(items=[EventView.of(event) for event in page.events], last_seq=page.last_seq)
