"""What a stopped service leaves behind: no process, no lease, no half file, every byte whole."""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

import psutil
from sqlalchemy import Connection, func, or_, select, text

from automl.settings import Settings
from automl.store import links
from automl.store.engine import open_engine
from automl.store.tables import artifacts, chunks, model_files, studies, trials

_OPEN = ("waiting", "running")


def remains(data_dir: Path, database_url: str) -> list[str]:
    """Return what should not be there of a service whose studies have all ended, in words.

    Args:
        data_dir: the service's, or the folder in which each of its parts has one.
        database_url: its database.
    """
    engine = open_engine(Settings(database_url=database_url).sqlalchemy_url)
    try:
        with engine.connect() as connection:
            checks = (_leases, _sound, _kept, _digests)
            stored = [breach for check in checks for breach in check(connection)]
    finally:
        engine.dispose()
    return [*_processes(data_dir), *_files(data_dir), *stored]


def _processes(data_dir: Path) -> Iterator[str]:
    """Yield processes that still work for the data dir: their settings name it."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            place = process.environ().get("AUTOML_DATA_DIR")
            if place and Path(place).is_relative_to(data_dir):
                yield f"an orphan: {process.pid} {' '.join(process.cmdline())}"


def _files(data_dir: Path) -> Iterator[str]:
    """Yield unfinished uploads. Cut copies in the cache are the cache's, and swept by age."""
    for path in data_dir.rglob("inbox/**/*"):
        if path.is_file():
            yield f"an unfinished upload: {path.relative_to(data_dir)}"


def _leases(connection: Connection) -> Iterator[str]:
    held = select(func.count()).select_from(trials)
    if count := connection.execute(held.where(trials.c.lease_until.is_not(None))).scalar():
        yield f"{count} leases"
    if count := connection.execute(held.where(trials.c.state.in_(_OPEN))).scalar():
        yield f"{count} trials without an outcome"
    finishes = or_(studies.c.finish_until.is_not(None), studies.c.finish_worker.is_not(None))
    if count := connection.execute(
        select(func.count()).select_from(studies).where(finishes)
    ).scalar():
        yield f"{count} finishes that somebody holds"


def _sound(connection: Connection) -> Iterator[str]:
    if connection.dialect.name == "sqlite":
        answer = connection.execute(text("PRAGMA integrity_check")).scalar()
        if answer != "ok":
            yield f"the database is damaged: {answer}"
    ready = select(artifacts.c.id).where(artifacts.c.state == "ready")
    for column in (model_files.c.artifact_id, trials.c.out_of_fold, trials.c.fitted):
        broken = select(func.count()).where(column.is_not(None), column.not_in(ready))
        if count := connection.execute(broken).scalar():
            yield f"{count} references of {column} to bytes that are not there"


def _kept(connection: Connection) -> Iterator[str]:
    """Yield bytes that nobody refers to and no sweep will look at, and checkpoints left over."""
    query = select(artifacts.c.id).where(artifacts.c.kept_until.is_(None), ~links.referred())
    for artifact in connection.execute(query).scalars():
        yield f"artifact {artifact} is kept for nobody"
    held = select(func.count()).where(trials.c.checkpoint.is_not(None))
    if count := connection.execute(held).scalar():
        yield f"{count} checkpoints of trials that have ended"


def _digests(connection: Connection) -> Iterator[str]:
    """Yield artifacts whose bytes are not those of their digest."""
    query = select(artifacts.c.id, artifacts.c.sha256).where(artifacts.c.state == "ready")
    for artifact, announced in connection.execute(query).all():
        digest = hashlib.sha256()
        parts = select(chunks.c.data).where(chunks.c.artifact_id == artifact)
        for data in connection.execute(parts.order_by(chunks.c.seq)).scalars():
            digest.update(data)
        if digest.hexdigest() != announced:
            yield f"artifact {artifact} does not match its digest"
