"""What dead workers left behind, and what is due: found and put right by anyone, at any time.

Each finding is one small transaction under its study's lock that looks again before it acts, so
that any number of processes may do this at once.
"""

from collections.abc import Collection

from sqlalchemy import (
    ColumnElement,
    Double,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from automl.core.catalog import EventType, StudyFailure, StudyStatus, TrialFailure, TrialState
from automl.store import ends, finishes, removal, settle
from automl.store.claim import OVER, SEARCHING
from automl.store.clock import now
from automl.store.database import Transaction
from automl.store.ledger import Ledger
from automl.store.requests import KEPT_SECONDS
from automl.store.tables import artifacts, requests, studies, trials, watch, workers

_c = studies.c

PATIENCE = 60.0
"""Seconds after its budget until a study without any live worker fails."""

GAP = 15.0
"""Seconds without anybody looking after which a service counts as having been away."""

_FINISHING = _c.status == StudyStatus.FINALIZING.value
_UNFINISHED = or_(SEARCHING, _FINISHING)


_LEASE = bindparam("lease_seconds", type_=Double)
_DEAD = workers.c.last_heartbeat_at < now() - _LEASE
_SWEEP = 0x53574550
"""Keeps the advisory lock of whoever sweeps apart from any other."""

_OLD = requests.c.created_at < now() - KEPT_SECONDS


def _least(column: ColumnElement[float | None]) -> ColumnElement[float | None]:
    """Return the least value in a table, which stands at the end of an index.

    Asked whether any is less than the clock, PostgreSQL reads the table: that one ticks.
    """
    return select(func.min(column)).scalar_subquery()


_AHEAD = now() + 10.0 * _LEASE
"""No lease ends so late, and nobody was heard of so late, unless the clock was set back since."""

_ASTRAY = or_(
    select(func.max(trials.c.lease_until)).scalar_subquery() > _AHEAD,
    exists().where(_FINISHING, _c.finish_until > _AHEAD),
    exists().where(workers.c.last_heartbeat_at > _AHEAD),
)

SET_RIGHT = (
    update(trials).where(trials.c.lease_until > _AHEAD).values(lease_until=now() + _LEASE),
    update(studies).where(_FINISHING, _c.finish_until > _AHEAD).values(finish_until=now() + _LEASE),
    update(workers).where(workers.c.last_heartbeat_at > _AHEAD).values(last_heartbeat_at=now()),
)
"""What is `astray` gets a lease's time from now: who lives renews it by then. Each in a transaction
of its own, for others lock these rows in other orders."""

LOOK = select(
    or_(
        exists().where(_DEAD),
        _least(requests.c.created_at) < now() - KEPT_SECONDS,
        _least(trials.c.lease_until) < now(),
        exists().where(_FINISHING, _c.finish_until < now()),
        exists().where(SEARCHING, OVER),
        and_(exists().where(_UNFINISHED), ~exists().where(~_DEAD)),
        _least(artifacts.c.kept_until) < now(),
        _least(_c.removed_at) < now() - removal.READ_SECONDS,
        _ASTRAY,
    ).label("busy"),
    now().label("now"),
)
"""Whether there is anything to look at more closely, and the moment."""

BURIED = 0.0
"""The end of a lease whose holder is known to be dead."""


def look(tx: Transaction, lease_seconds: float) -> tuple[bool, float]:
    """Return, by one query, whether there is anything to look at more closely, and the moment.

    There is nearly never, and every worker and API process asks about once a second.
    """
    found = tx.reader.execute(LOOK, {"lease_seconds": lease_seconds}).one()
    return bool(found.busy), float(found.now)


def alone(tx: Transaction) -> bool:
    """Return whether nobody else is at it; then nobody will be until the transaction's end.

    What one worker finds all find in the same seconds. When a server answered too late for the
    heartbeats of 200 workers, 130 of them stood in line for each other's dead rows, which delayed
    the heartbeats that followed.
    """
    if tx.sqlite:
        return True
    return bool(tx.reader.execute(select(func.pg_try_advisory_xact_lock(_SWEEP))).scalar_one())


def astray(tx: Transaction, lease_seconds: float) -> bool:
    """Return whether leases or heartbeats are from before the database's clock was set back.

    Else the dead would hold their work, and count as alive, for as long as it was set back.
    """
    return bool(tx.reader.execute(select(_ASTRAY), {"lease_seconds": lease_seconds}).scalar_one())


def lapsing(lease_seconds: float) -> ColumnElement[bool]:
    """Whether some lease was not renewed for half its time: its work will soon be anyone's."""
    soon = now() + lease_seconds / 2
    return or_(
        _least(trials.c.lease_until) < soon,
        exists().where(_FINISHING, _c.finish_until < soon),
    )


def lapsed_trials(tx: Transaction, until: float) -> list[tuple[str, int]]:
    """Return study and number of the trials whose leases have lapsed by then."""
    query = select(trials.c.study_id, trials.c.number).where(trials.c.lease_until <= until)
    return [(study_id, number) for study_id, number in tx.reader.execute(query).all()]


def lapsed_finishes(tx: Transaction, until: float) -> list[str]:
    """Return the studies whose finish lost its worker by then."""
    query = select(_c.id).where(_FINISHING, _c.finish_until <= until)
    return list(tx.reader.execute(query).scalars())


def due(tx: Transaction, live: int) -> list[str]:
    """Return the studies whose search is over.

    Without workers and results a study is left to `starved`: it is not its trials that failed.
    """
    query = select(_c.id).where(SEARCHING, OVER)
    if not live:
        query = query.where(or_(_c.complete > 0, _c.search_ends_at.is_(None)))
    return list(tx.reader.execute(query).scalars())


def starved(tx: Transaction) -> list[str]:
    """Return the studies that no worker came for until their budget's end and a minute more."""
    end = func.coalesce(_c.started_at + _c.paused_seconds, _c.queued_at) + _c.seconds
    return list(
        tx.reader.execute(select(_c.id).where(_UNFINISHED, end + PATIENCE < now())).scalars()
    )


def live_workers(tx: Transaction, lease_seconds: float) -> int:
    """Return how many workers were heard of within a lease."""
    query = select(func.count()).select_from(workers).where(~_DEAD)
    return int(tx.reader.execute(query, {"lease_seconds": lease_seconds}).scalar_one())


def unfinished(tx: Transaction) -> bool:
    """Return whether any study waits for workers."""
    return tx.reader.execute(select(_c.id).where(_UNFINISHED).limit(1)).first() is not None


def watched(tx: Transaction) -> bool:
    """Note that somebody looks; returns whether that was so for `PATIENCE` without a gap.

    A service that starts again after an hour must give its workers time to come.
    """
    moment = tx.now()
    row = tx.reader.execute(select(watch.c.since, watch.c.at)).first()
    since = moment if row is None or moment - row.at > GAP else row.since
    if row is None or since != row.since or moment - row.at > GAP / 5:
        insert = tx.insert(watch).values(id=1, since=since, at=moment)
        tx.writer.execute(
            insert.on_conflict_do_update(
                index_elements=[watch.c.id], set_={"since": since, "at": moment}
            )
        )
    return bool(moment - since >= PATIENCE)


def retry_lapsed(ledger: Ledger, number: int) -> bool:
    """Give a trial back whose worker was lost; returns whether its lease had lapsed."""
    query = select(trials).where(
        trials.c.study_id == ledger.study.id,
        trials.c.number == number,
        trials.c.state == TrialState.RUNNING.value,
        trials.c.lease_until < ledger.now,
    )
    row = ledger.tx.writer.execute(query).mappings().first()
    if row is None:
        return False
    ledger.event(EventType.WORKER_LOST, worker=row["worker"], trial=number)
    ends.retry(ledger, row, TrialFailure.WORKER_LOST)
    settle.settle(ledger)
    return True


def lose_finish(ledger: Ledger) -> bool:
    """Give a finish back whose worker was lost."""
    return finishes.lose(ledger)


def starve(ledger: Ledger) -> bool:
    """Fail a study that no worker came for."""
    study = ledger.study
    if study.status.ended or study.status is StudyStatus.PAUSED or study.seconds is None:
        return False
    start = study.queued_at if study.started_at is None else study.started_at + study.paused_seconds
    if start + study.seconds + PATIENCE >= ledger.now:
        return False
    detail = "no worker was there until the budget's end; start one and resume the study"
    settle.fail(ledger, StudyFailure.NO_WORKER, detail)
    return True


def bury(tx: Transaction, dead: Collection[str]) -> None:
    """Let the leases of workers that are known to be dead have lapsed, and remove their rows."""
    tx.writer.execute(
        update(trials)
        .where(trials.c.worker.in_(dead), trials.c.state == TrialState.RUNNING.value)
        .values(lease_until=BURIED)
    )
    tx.writer.execute(
        update(studies)
        .where(_c.finish_worker.in_(dead), _c.status == StudyStatus.FINALIZING.value)
        .values(finish_until=BURIED)
    )
    tx.writer.execute(delete(workers).where(workers.c.id.in_(dead)))


def forget(tx: Transaction, lease_seconds: float) -> int:
    """Remove the rows of dead workers and of requests nobody repeats any more.

    A row that is just being written is not waited for: whoever writes it is alive.
    """
    lease = {"lease_seconds": lease_seconds}
    found = tx.reader.execute(select(workers.c.id).where(_DEAD).limit(1), lease).first()
    stale = tx.reader.execute(select(requests.c.key).where(_OLD).limit(1)).first()
    count = 0
    if found is not None:
        dead = select(workers.c.id).where(_DEAD).with_for_update(skip_locked=True)
        count += tx.writer.execute(delete(workers).where(workers.c.id.in_(dead)), lease).rowcount
    if stale is not None:
        count += tx.writer.execute(delete(requests).where(_OLD)).rowcount
    return count
