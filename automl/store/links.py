"""When artifacts may be swept: never while something refers to them, soon after it lets go.

``kept_until`` is the time to look; ``sweep.py`` then asks every table that could refer to the
artifact, so that nothing here can lose bytes: at worst they stay an hour longer.
"""

from sqlalchemy import ColumnElement, bindparam, exists, func, or_, select, update

from automl.core.errors import NotFound
from automl.store.clock import now
from automl.store.database import Transaction
from automl.store.tables import artifacts, datasets, model_files, trials

UNREFERENCED_SECONDS = 3600.0
"""How long stored bytes wait for somebody to refer to them."""

_REFERENCES = (
    datasets.c.source,
    datasets.c.canonical,
    trials.c.checkpoint,
    trials.c.out_of_fold,
    trials.c.fitted,
    model_files.c.artifact_id,
)
"""Every column that may refer to an artifact."""

_MINE = (artifacts.c.id.in_(bindparam("ids", expanding=True)), artifacts.c.state == "ready")
_THERE = select(artifacts.c.id).where(*_MINE).order_by(artifacts.c.id)
_SHARED, _OWN = (_THERE.with_for_update(read=read) for read in (True, False))
_KEEP = update(artifacts).where(*_MINE).values(kept_until=None)
_LET_GO = (
    update(artifacts)
    .where(
        artifacts.c.id.in_(bindparam("ids", expanding=True)),
        or_(artifacts.c.kept_until.is_(None), artifacts.c.kept_until < now()),
    )
    .values(kept_until=func.coalesce(artifacts.c.kept_until, now()))
)


def referred() -> ColumnElement[bool]:
    """Return, in SQL, whether anything refers to the artifact of the row."""
    return or_(*(exists().where(column == artifacts.c.id) for column in _REFERENCES))


def hold(tx: Transaction, *ids: str, eager: bool = False) -> None:
    """Check that the artifacts are there for a row that is about to refer to them.

    ``eager`` ones are swept at once when they are let go; others not before their hour has passed,
    because another trial may have stored the same bytes and be about to refer to them too.

    Raises:
        NotFound: one of them is not stored.
    """
    found = set(tx.writer.execute(_OWN if eager else _SHARED, {"ids": ids}).scalars())
    if missing := set(ids) - found:
        raise NotFound(f"there is no artifact {min(missing)!r}")
    if eager:
        tx.writer.execute(_KEEP, {"ids": ids})


def let_go(tx: Transaction, *ids: str | None) -> None:
    """Have the sweep look at artifacts that a row no longer refers to."""
    wanted = [artifact_id for artifact_id in ids if artifact_id is not None]
    if not wanted:
        return
    tx.writer.execute(_LET_GO, {"ids": wanted})
