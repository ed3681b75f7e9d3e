"""Whether a trial in training stands in the way of a study that has no worker at all.

The order of claims decides who that is: the trial is given back, with all that train together with
it, whoever would be next is looked at, and all of it is undone. So fairness has one home, see
``claim.ranking``.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, or_, select, update

from automl.store.claim import ASKS, FINISH_DUE, SEARCHING
from automl.store.clock import now
from automl.store.database import Transaction
from automl.store.tables import studies, workers

_c = studies.c
_WAITS = and_(_c.running == 0, or_(FINISH_DUE, and_(SEARCHING, or_(_c.waiting > 0, ASKS))))


def needed(reader: Connection, study_id: str, lease_seconds: float) -> bool:
    """Return whether a study beside this one waits for a worker, and no worker is idle.

    That is a look without locks: nearly always it is all that the question costs.
    """
    waits = exists().where(_WAITS, _c.id != study_id)
    return bool(reader.execute(select(and_(waits, ~_worker(lease_seconds)))).scalar_one())


def blocked(
    tx: Transaction, study_id: str, held: int, lease_seconds: float, ranking: Select[Any]
) -> bool:
    """Return whether a study without a worker would be next without ``held`` of this one's trials.

    A worker that was with it at its last heartbeat may be between two trials, and counts.
    """
    tx.writer.execute(
        update(studies)
        .where(_c.id == study_id)
        .values(running=_c.running - held, waiting=_c.waiting + held, served_at=now())
    )
    first = tx.writer.execute(ranking, {"wanted": 1}).mappings().first()
    if first is None or first["id"] == study_id or first["running"]:
        found = False
    else:
        there = _worker(lease_seconds, study_id=first["id"])
        found = not tx.writer.execute(select(there)).scalar_one()
    tx.writer.rollback()
    return found


def _worker(lease_seconds: float, study_id: str | None = None) -> ColumnElement[bool]:
    """Whether some live worker is with that study; None: with none, idle."""
    where = workers.c.study_id == study_id  # IS NULL for None
    return exists().where(workers.c.last_heartbeat_at >= now() - lease_seconds, where)
