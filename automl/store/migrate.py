"""Bringing the schema to the current version, by whichever process comes first.

Alembic is imported only when there is something to do: it takes longer than the look.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import Connection, inspect, make_url, text

from automl.store.database import Database
from automl.store.trouble import translated

HEAD = "0009"
"""The newest revision under ``migrations/versions``; a test compares."""

_LOCK = 7201690263
"""The key of PostgreSQL's advisory lock: any number that is ours alone."""


def migrate(database: Database, url: str) -> None:
    """Bring the schema to ``HEAD``; several processes may call this at once.

    Whoever comes while another is at it waits for as long as that takes, and an index over many
    rows has the time that it needs: cut off, it would be begun anew at every start, for ever.

    Raises:
        StoreUnavailable: the database is away.
    """
    path = make_url(url).database
    lock = _file_lock(Path(f"{path}.lock")) if url.startswith("sqlite") and path else nullcontext()
    with translated(), lock, database.write() as tx:
        if not tx.sqlite:
            from automl.store.postgres import wait_without_end  # only here, see engine.py

            wait_without_end(tx.writer)
            tx.writer.execute(text("SET LOCAL statement_timeout = 0"))
            # What upgrades is loaded meanwhile, which takes a busy machine longer than a lease.
            tx.writer.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            tx.writer.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if version(tx.writer) != HEAD:
            _upgrade(tx.writer)


def version(connection: Connection) -> str | None:
    """Return the schema's revision, None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "automl.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    """Hold a lock that dies with its process; SQLite's own is not there before its file is."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
