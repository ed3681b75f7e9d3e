"""Removed studies: gone for every reader with one short commit, their rows in portions.

One statement takes a study's rows along only where these are few. Over millions of trials
PostgreSQL would cut it off, each time anew, and on SQLite nobody else could write meanwhile. So the
row of a large study says that it is removed, which hides all that hangs on it, and sweeps delete
what lies below before they delete that row: whoever dies in between leaves the rest to the next.
"""

from sqlalchemy import Table, delete, func, select, tuple_, update

from automl.store import links
from automl.store.clock import now
from automl.store.database import Database, Transaction
from automl.store.ledger import Standing
from automl.store.tables import events, model_files, models, points, studies, trials

ROWS = 2_000
"""How many rows of a table a transaction deletes at most."""

PORTIONS = 10
"""How many such transactions a sweep has at most: who sweeps has heartbeats to send."""

READ_SECONDS = 10.0
"""So long a removed study's rows stay whole: who found it just before may still be reading them."""

_DUE = (
    select(studies.c.id)
    .where(studies.c.removed_at.is_not(None), studies.c.removed_at < now() - READ_SECONDS)
    .order_by(studies.c.removed_at)
    .limit(1)
)
"""The study removed first, once nobody reads it any more: at the end of an index, as nearly none
was removed."""

_ARRAYS = (trials.c.checkpoint, trials.c.out_of_fold, trials.c.fitted)


def remove(tx: Transaction, study: Standing) -> None:
    """Have nobody see the locked study, its trials, events and models any more, from the commit on.

    The artifacts of few rows are let go of at once, those of many as their rows go.
    """
    _remove_models(tx, study.id)
    if _few(tx, study):
        _remove_trials(tx, study.id)
        tx.writer.execute(delete(studies).where(studies.c.id == study.id))
    else:
        tx.writer.execute(update(studies).where(studies.c.id == study.id).values(removed_at=now()))


def sweep(database: Database) -> int:
    """Delete rows of removed studies; returns how many portions, 0 when none is left."""
    with database.look() as reader:
        if reader.execute(_DUE).first() is None:
            return 0
    for done in range(PORTIONS):
        # What a power cut undoes is done again.
        with database.write(lasting=False) as tx:
            if not _portion(tx):
                return done
    return PORTIONS


def _few(tx: Transaction, study: Standing) -> bool:
    if max(study.next_number, study.last_seq) > ROWS:
        return False
    some = select(points.c.epoch).where(points.c.study_id == study.id).limit(ROWS + 1).subquery()
    return int(tx.writer.execute(select(func.count()).select_from(some)).scalar_one()) <= ROWS


def _portion(tx: Transaction) -> bool:
    """Delete some rows of the study removed first; returns whether there was one.

    Its row is the lock: one that another sweep is at is left to that.
    """
    study_id = tx.writer.execute(_DUE.with_for_update(skip_locked=True)).scalar()
    if study_id is None:
        return False
    if not (
        _remove_some(tx, points, study_id)
        or _remove_trials(tx, study_id)
        or _remove_some(tx, events, study_id)
    ):
        tx.writer.execute(delete(studies).where(studies.c.id == study_id))
    return True


def _remove_models(tx: Transaction, study_id: str) -> None:
    files = select(model_files.c.artifact_id).join(models).where(models.c.study_id == study_id)
    held = tx.writer.execute(files).scalars().all()
    tx.writer.execute(delete(models).where(models.c.study_id == study_id))
    links.let_go(tx, *held)


def _remove_trials(tx: Transaction, study_id: str) -> int:
    """Remove a portion of the trials, and let go of what they refer to."""
    mine = trials.c.study_id == study_id
    some = select(trials.c.number, *_ARRAYS).where(mine).order_by(trials.c.number).limit(ROWS)
    found = tx.writer.execute(some).all()
    if found:
        tx.writer.execute(delete(trials).where(mine, trials.c.number <= found[-1].number))
        links.let_go(tx, *(artifact for _, *held in found for artifact in held))
    return len(found)


def _remove_some(tx: Transaction, table: Table, study_id: str) -> int:
    """Remove a portion of the study's rows of that table."""
    key = tuple(table.primary_key.columns)
    mine = table.c.study_id == study_id
    some = select(*key).where(mine).order_by(*key).limit(ROWS)
    return int(tx.writer.execute(delete(table).where(mine, tuple_(*key).in_(some))).rowcount)
