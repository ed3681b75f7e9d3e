"""Who works on what: the order of claims, and the claims themselves.

A look without locks ranks the studies that have something to do. A turn needs no more: its answer
is checked when it comes. For a lease the study is locked and looked at again, because others claim
at the same time.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    RowMapping,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    update,
)

from automl.core.catalog import EventType, StudyStatus, TrialFailure, TrialState
from automl.core.quota import Quotas
from automl.core.study import REPLAY_WINDOW
from automl.core.trial import Attempt, Candidate, Finish, Turn
from automl.store import ends, quota, rows
from automl.store.clock import now
from automl.store.ledger import Ledger
from automl.store.tables import points, studies, trials

_c = studies.c

SEARCHING: ColumnElement[bool] = _c.status.in_(
    (StudyStatus.QUEUED.value, StudyStatus.RUNNING.value)
)
"""The study is queued or running; whether its search is over is said by `OVER`."""

ASKS: ColumnElement[bool] = and_(
    _c.exhausted.is_(False),
    or_(_c.trials.is_(None), _c.next_number < _c.trials),
    or_(_c.search_ends_at.is_(None), _c.search_ends_at > now()),
    or_(_c.seconds.is_not(None), _c.next_number - _c.open_from < REPLAY_WINDOW),
)
"""`Standing.asks` in SQL: the study wants its next candidate."""

FINISH_DUE: ColumnElement[bool] = and_(
    _c.status == StudyStatus.FINALIZING.value, _c.finish_until.is_(None)
)
"""The study's search is over and nobody holds its finish; who lost it, `reap` decides."""

OVER: ColumnElement[bool] = or_(
    _c.search_ends_at <= now(),
    and_(
        _c.waiting + _c.running == 0,
        or_(_c.exhausted.is_(True), and_(_c.trials.is_not(None), _c.next_number >= _c.trials)),
    ),
)
"""Of a queued or running study: its search is over, see ``settle.py``."""

AWAY_SECONDS = 10.0
"""So long a trial that gave way leaves its place to others; then it comes before what is new."""


def _waits(*how: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a trial of the study waits, of such a kind."""
    mine = (trials.c.study_id == _c.id, trials.c.state == TrialState.WAITING.value)
    return and_(_c.waiting > 0, exists().where(*mine, *how))


BEGUN: ColumnElement[bool] = or_(
    and_(_c.waiting > 0, _c.served_at < now() - AWAY_SECONDS),
    _waits(trials.c.checkpointed.is_(False)),
)
"""A trial of the study lost its worker, or gave way long enough ago."""

AWAY: ColumnElement[bool] = _waits()
"""Of a study that is not `BEGUN`: a trial of it gave way just now."""

CANDIDATES = 16
"""How many studies a claim tries before it leaves the rest to the next claim."""


def ranking(most: int) -> Select[Any]:
    """Return the query for studies with something to do, the most deserving first.

    ``leases`` says whether that is more than a turn. What was begun comes before what is new: a
    finish, then a trial that lost its worker and would else stand behind every other study's next,
    or that gave way and has waited for its share; until then it is behind others. Nobody is
    starved: between tenants, and inside a tenant between studies of a priority, those with the
    fewest running trials come first, and where that is equal, whose turn was longest ago; until its
    first turn a study has waited since it was queued.

    Args:
        most: trials of a tenant that may run at the same time, 0 for no limit.

    How many studies are wanted is its parameter ``wanted``.
    """
    active = (StudyStatus.QUEUED.value, StudyStatus.RUNNING.value, StudyStatus.FINALIZING.value)
    load = (
        select(
            _c.tenant,
            func.sum(_c.running).label("running"),
            func.coalesce(_served(), func.min(_c.queued_at)).label("waits_since"),
        )
        .where(_c.status.in_((*active, StudyStatus.PAUSED.value)))
        .group_by(_c.tenant)
        .subquery()
    )
    columns = (_c.id, _c.tenant, _c.version, _c.next_number, _c.search_ends_at, _c.running)
    leases = or_(_c.status == StudyStatus.FINALIZING.value, _c.waiting > 0, OVER)
    runs = or_(_c.waiting > 0, ASKS)
    if most:
        runs = and_(runs, load.c.running < most)
    return (
        select(*columns, leases.label("leases"), now().label("now"))
        .join(load, load.c.tenant == _c.tenant)
        .where(_c.status.in_(active), or_(FINISH_DUE, and_(SEARCHING, or_(runs, OVER))))
        .order_by(
            case((_c.status == StudyStatus.FINALIZING.value, 0), (BEGUN, 1), else_=2),
            load.c.running,
            case((AWAY, 1), else_=0),
            load.c.waits_since,
            _c.tenant,
            _c.priority.desc(),
            _c.running,
            func.coalesce(_c.served_at, _c.queued_at),
            _c.created_at,
            _c.id,
        )
        .limit(bindparam("wanted", type_=Integer))
    )


def _served() -> ColumnElement[float | None]:
    """Return when the group's tenant last had a turn.

    Ended studies count: else a tenant of many small ones would look as if it had never had any.
    """
    every = studies.alias("every")
    last = select(func.max(every.c.served_at)).where(every.c.tenant == _c.tenant)
    return last.correlate(studies).scalar_subquery()


def turn(row: RowMapping) -> Turn:
    """Return the turn of a study that `ranking` found."""
    ends_at = row["search_ends_at"]
    left = None if ends_at is None else max(0.0, ends_at - row["now"])
    return Turn(row["id"], row["tenant"], row["version"], row["next_number"], left)


def take(
    ledger: Ledger, worker: str, lease_seconds: float, quotas: Quotas
) -> Attempt | Finish | Turn | None:
    """Return what the locked study has to do now, leased to the worker; None: nothing."""
    study = ledger.study
    if study.status is StudyStatus.FINALIZING:
        return _finish(ledger, worker, lease_seconds)
    if study.status not in (StudyStatus.QUEUED, StudyStatus.RUNNING):
        return None
    if not quota.may_run(ledger.tx, quotas, study.tenant):
        return None
    if study.waiting and (attempt := _waiting(ledger, worker, lease_seconds)) is not None:
        return attempt
    if study.asks(ledger.now):
        left = study.search_left(ledger.now)
        return Turn(study.id, study.tenant, study.version, study.next_number, left)
    return None


def back(
    ledger: Ledger, worker: str, numbers: Sequence[int], lease_seconds: float, quotas: Quotas
) -> Iterator[Attempt]:
    """Yield those of the locked study's trials that gave way, each leased when it is asked for.

    What waits and lost no attempt gave way.
    """
    study = ledger.study
    gave_way = (trials.c.number.in_(numbers), trials.c.crashes + trials.c.losses == 0)
    while study.status is StudyStatus.RUNNING and study.waiting:
        if not quota.may_run(ledger.tx, quotas, study.tenant):
            return
        attempt = _waiting(ledger, worker, lease_seconds, *gave_way)
        if attempt is None:
            return
        ledger.save()  # what a quota counts
        yield attempt


def started(ledger: Ledger, number: int, candidate: Candidate, worker: str, attempt: int) -> None:
    """Append the event of a trial that a worker begins or goes on with."""
    ledger.study.served_at = ledger.now
    ledger.event(
        EventType.TRIAL_STARTED,
        trial=number,
        family=candidate.family.value,
        params=dict(candidate.params),
        attempt=attempt,
        worker=worker,
    )


def _finish(ledger: Ledger, worker: str, lease_seconds: float) -> Finish | None:
    study = ledger.study
    if study.finish_until is not None:
        return None
    study.finish_token += 1
    study.finish_worker = worker
    study.finish_until = ledger.now + lease_seconds
    left = None if study.ends_at is None else max(0.0, study.ends_at - ledger.now)
    return Finish(study.id, study.tenant, study.finish_token, left)


def _waiting(
    ledger: Ledger, worker: str, lease_seconds: float, *which: ColumnElement[bool]
) -> Attempt | None:
    """Return the first trial that waits, leased; of all, or of ``which``."""
    study, connection = ledger.study, ledger.tx.writer
    query = (
        select(trials)
        .where(trials.c.study_id == study.id, trials.c.state == TrialState.WAITING.value, *which)
        .order_by(trials.c.number)
        .limit(1)
    )
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    number, token = row["number"], row["token"] + 1
    mine = (trials.c.study_id == study.id, trials.c.number == number)
    connection.execute(
        update(trials)
        .where(*mine)
        .values(
            state=TrialState.RUNNING.value,
            token=token,
            worker=worker,
            lease_until=ledger.now + lease_seconds,
            attempts=trials.c.attempts + 1,
            checkpointed=False,
        )
    )
    if row["checkpoint"] is None:  # it starts over, and so does its curve
        connection.execute(
            points.delete().where(points.c.study_id == study.id, points.c.trial == number)
        )
    ledger.move(TrialState.WAITING, TrialState.RUNNING)
    try:
        candidate = rows.candidate(row)
    except ValueError:  # damaged, or of a newer version: else it would end every child that comes
        held = connection.execute(select(trials).where(*mine)).mappings().one()
        detail = f"the worker's version knows no family {row['family']!r}"
        ends.fail(ledger, held, TrialFailure.INVALID_CANDIDATE, detail, None)
        return _waiting(ledger, worker, lease_seconds, *which)
    started(ledger, number, candidate, worker, row["attempts"] + 1)
    return Attempt(
        study_id=study.id,
        tenant=study.tenant,
        number=number,
        token=token,
        candidate=candidate,
        seconds_left=study.search_left(ledger.now),
        checkpoint=row["checkpoint"],
        lost=row["crashes"] + row["losses"],
    )
