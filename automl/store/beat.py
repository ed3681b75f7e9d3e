"""Heartbeats: a worker's row and its lease renewed, and the answer that carries orders."""

from sqlalchemy import select, update

from automl.core.catalog import StudyStatus, TrialState
from automl.core.leases import Order, Worker
from automl.core.trial import Attempt, Finish
from automl.store.clock import now
from automl.store.database import Transaction
from automl.store.tables import studies, trials, workers


def renew_worker(tx: Transaction, worker: Worker) -> float:
    """Write the worker's row with the database's time, and return that."""
    values = {
        "device": worker.device,
        "state": worker.state,
        "last_heartbeat_at": now(),
        "tenant": worker.tenant,
        "study_id": worker.study_id,
        "trial": worker.trial,
    }
    written = tx.writer.execute(
        tx.insert(workers)
        .values(id=worker.id, **values)
        .on_conflict_do_update(index_elements=[workers.c.id], set_=values)
        .returning(workers.c.last_heartbeat_at)
    )
    return float(written.scalar_one())


def renew_lease(tx: Transaction, hold: Attempt | Finish, lease_seconds: float) -> bool:
    """Put the lease's end off; returns False when it is not the holder's any more."""
    if isinstance(hold, Finish):
        statement = (
            update(studies)
            .where(
                studies.c.id == hold.study_id,
                studies.c.status == StudyStatus.FINALIZING.value,
                studies.c.finish_token == hold.token,
            )
            .values(finish_until=now() + lease_seconds)
        )
    else:
        statement = (
            update(trials)
            .where(
                trials.c.study_id == hold.study_id,
                trials.c.number == hold.number,
                trials.c.token == hold.token,
                trials.c.state == TrialState.RUNNING.value,
            )
            .values(lease_until=now() + lease_seconds)
        )
    return bool(tx.writer.execute(statement).rowcount)


def order(tx: Transaction, hold: Attempt | Finish) -> tuple[Order, bool]:
    """Return the order for a holder of a live lease, and whether the search's time is over."""
    overdue = studies.c.search_ends_at <= now()
    query = select(studies.c.status, overdue).where(studies.c.id == hold.study_id)
    status, late = tx.reader.execute(query).one()
    if status == StudyStatus.PAUSED.value:
        return Order.RELEASE, False
    return Order.GO_ON, bool(late) and status == StudyStatus.RUNNING.value
