"""What nobody needs any more is removed, a few rows a transaction: artifacts and large studies."""

from contextlib import suppress

from sqlalchemy import delete, exists, select, update

from automl.core.errors import DiskFull
from automl.store import links, removal
from automl.store.clock import now
from automl.store.database import Database
from automl.store.tables import artifacts, chunks

ARTIFACTS = 50
"""How many artifacts one sweep looks at."""

CHUNKS = 32
"""How many chunks are deleted in a transaction."""


def sweep(database: Database) -> int:
    """Return how much was removed: portions of removed studies, and artifacts.

    These have waited long enough for somebody to refer to them.
    """
    removed = removal.sweep(database)
    # In an index's order: PostgreSQL finds nothing by a clock, and would read the table.
    due = (artifacts.c.kept_until.is_not(None), artifacts.c.kept_until < now())
    query = select(artifacts.c.id, artifacts.c.state).where(*due)
    query = query.order_by(artifacts.c.kept_until).limit(ARTIFACTS)
    with database.transaction() as tx:
        found = tx.reader.execute(query).all()
    for artifact_id, state in found:
        if state == "doomed" or _doom(database, artifact_id):
            removed += _remove(database, artifact_id)
    if removed:
        _vacuum(database)
    return removed


def _doom(database: Database, artifact_id: str) -> bool:
    """Decide whether the artifact goes; what is referred to stays.

    Its row is held before anything else is looked at: who lets go of it holds it too, and would
    else be overlooked, and the bytes be kept for ever.
    """
    this = artifacts.c.id == artifact_id
    due = artifacts.c.kept_until < now()
    with database.write() as tx:
        held = select(artifacts.c.id).where(this, due).with_for_update()
        if tx.writer.execute(held).first() is None:
            return False
        changed = tx.writer.execute(
            update(artifacts).where(this, ~links.referred()).values(state="doomed")
        )
        if not changed.rowcount:
            tx.writer.execute(
                update(artifacts).where(this, artifacts.c.state == "ready").values(kept_until=None)
            )
        return bool(changed.rowcount)


def _remove(database: Database, artifact_id: str) -> int:
    mine = chunks.c.artifact_id == artifact_id
    some = select(chunks.c.seq).where(mine).order_by(chunks.c.seq).limit(CHUNKS).subquery()
    while True:
        with database.write() as tx:
            gone = tx.writer.execute(delete(chunks).where(mine, chunks.c.seq.in_(select(some))))
            if not gone.rowcount:  # another sweep may still be at it: the last one ends it
                row = delete(artifacts).where(
                    artifacts.c.id == artifact_id,
                    artifacts.c.state == "doomed",
                    ~exists().where(mine),
                )
                return int(tx.writer.execute(row).rowcount)


def _vacuum(database: Database) -> None:
    """Give freed pages back to the file system, where the database does not do so itself.

    Moving pages takes room; where there is none the database uses the freed ones itself.
    """
    with suppress(DiskFull), database.transaction() as tx:
        if tx.sqlite:
            # It frees a page a step: through the driver's cursor, which takes all the steps.
            cursor = tx.writer.connection.cursor()
            cursor.execute("PRAGMA incremental_vacuum(4096)")
            cursor.fetchall()
            cursor.close()
