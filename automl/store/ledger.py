"""A study under its lock: what stands in its row, changed in memory, written with its events.

Every change to a study or its trials happens here: the row is locked first, so changes to one study
come one after the other, counts are exact and ``seq`` has no gaps. ``save`` writes the changed
columns and the events in one go.
"""

import math
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, Self

from sqlalchemy import bindparam, insert, select, update

from automl.core.catalog import EventType, MetricName, StudyStatus, TrialState
from automl.core.study import REPLAY_WINDOW
from automl.store.clock import now
from automl.store.database import Transaction
from automl.store.elapsed import elapsed
from automl.store.tables import KEPT, events, studies, trials


@dataclass(slots=True)
class Standing:
    """The columns of a study that change; times in seconds since the epoch."""

    id: str
    tenant: str
    dataset_id: str
    test_dataset_id: str | None
    metric: str
    outputs: int
    status: StudyStatus
    cancelling: bool
    exhausted: bool
    version: int
    last_seq: int
    seconds: float | None
    trials: int | None
    next_number: int
    open_from: int
    waiting: int
    running: int
    complete: int
    pruned: int
    failed: int
    cancelled: int
    queued_at: float
    served_at: float | None
    started_at: float | None
    finished_at: float | None
    paused_at: float | None
    paused_seconds: float
    search_ends_at: float | None
    best_trial: int | None
    best_family: str | None
    best_value: float | None
    model_id: str | None
    error_reason: str | None
    error_detail: str | None
    finish_token: int
    finish_worker: str | None
    finish_until: float | None
    finish_crashes: int
    finish_losses: int
    attempts: int
    leases_lost: int
    crashes: int
    trial_seconds: float
    finalizing_at: float | None

    @property
    def open(self) -> int:
        """How many trials have no outcome yet."""
        return self.waiting + self.running

    @property
    def elapsed(self) -> float:
        """Seconds of an ended or paused study, pauses left out."""
        until = self.finished_at or self.paused_at or 0.0
        return elapsed(started_at=self.started_at, until=until, paused_seconds=self.paused_seconds)

    @property
    def ends_at(self) -> float | None:
        """When the budget's seconds are over; None without such a budget or before the start."""
        if self.started_at is None or self.seconds is None:
            return None
        return self.started_at + self.paused_seconds + self.seconds

    @property
    def spent(self) -> bool:
        """Whether no trial may ever be asked again, as far as trials are concerned."""
        return self.exhausted or (self.trials is not None and self.next_number >= self.trials)

    def overdue(self, moment: float) -> bool:
        """Whether the search's seconds are over."""
        return (
            self.status is StudyStatus.RUNNING
            and self.search_ends_at is not None
            and self.search_ends_at <= moment
        )

    def asks(self, moment: float) -> bool:
        """Whether a candidate may be asked for now."""
        return (
            self.status in (StudyStatus.QUEUED, StudyStatus.RUNNING)
            and not self.spent
            and not self.overdue(moment)
            and (self.seconds is not None or self.next_number - self.open_from < REPLAY_WINDOW)
        )

    def search_left(self, moment: float) -> float | None:
        """Return the seconds that remain for searching."""
        return None if self.search_ends_at is None else max(0.0, self.search_ends_at - moment)


_NAMES = tuple(item.name for item in fields(Standing))
_columns = attrgetter(*_NAMES)

_LOCK = (
    select(*(studies.c[name] for name in _NAMES), now().label("now"))
    .where(studies.c.id == bindparam("study_id"), KEPT)
    .with_for_update()
)
_SAVE = update(studies).where(studies.c.id == bindparam("study_id"))
_APPEND = insert(events)
_NEXT_OPEN = (
    select(trials.c.number)
    .where(
        trials.c.study_id == bindparam("study_id"),
        trials.c.number > bindparam("after"),
        trials.c.state.in_((TrialState.WAITING.value, TrialState.RUNNING.value)),
    )
    .order_by(trials.c.number)
    .limit(1)
)


@dataclass(slots=True)
class Ledger:
    """A locked study and the events that its transaction appends."""

    tx: Transaction
    now: float
    study: Standing
    _before: tuple[Any, ...]
    _events: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def lock(cls, tx: Transaction, study_id: str, tenant: str | None = None) -> Self | None:
        """Return the study under its lock, None where there is none (of that tenant)."""
        row = tx.writer.execute(_LOCK, {"study_id": study_id}).first()
        if row is None:
            return None
        *values, moment = row
        study = Standing(*values)
        if tenant not in (None, study.tenant):
            return None
        study.status = StudyStatus(study.status)
        return cls(tx, moment, study, _columns(study))

    @property
    def metric(self) -> MetricName:
        """What the study's trials are judged by."""
        return MetricName(self.study.metric)

    def event(self, kind: EventType, **data: Any) -> None:
        """Append an event to the study's log."""
        self.study.last_seq += 1
        self.study.attempts += kind is EventType.TRIAL_STARTED
        self.study.leases_lost += kind is EventType.WORKER_LOST
        self._events.append(
            {
                "study_id": self.study.id,
                "seq": self.study.last_seq,
                "type": kind.value,
                "at": self.now,
                "data": {name: _finite(value) for name, value in data.items()},
            }
        )

    def move(self, before: TrialState | None, after: TrialState) -> None:
        """Count a trial that went from one state to another; None: it is new."""
        if before is not None:
            setattr(self.study, before.value, getattr(self.study, before.value) - 1)
        setattr(self.study, after.value, getattr(self.study, after.value) + 1)

    def closed(self, number: int) -> None:
        """Note that the trial has its outcome (its row says so already)."""
        if not self.study.open:
            self.study.open_from = self.study.next_number
        elif number == self.study.open_from:
            after = {"study_id": self.study.id, "after": number}
            found = self.tx.writer.execute(_NEXT_OPEN, after).scalar()
            self.study.open_from = self.study.next_number if found is None else found

    def save(self) -> None:
        """Write the study's changed columns and its new events."""
        after: tuple[Any, ...] = _columns(self.study)
        both = zip(_NAMES, self._before, after, strict=True)
        changes = {name: value for name, before, value in both if value != before}
        if changes:
            self.tx.writer.execute(_SAVE, {"study_id": self.study.id, **changes})
        if self._events:
            self.tx.writer.execute(_APPEND, self._events)
            self.tx.points.append("event.sent")
        self._before, self._events = after, []


def _finite(value: Any) -> Any:
    """Return what strict JSON can say of ``value``."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
