"""Engines: the same SQLAlchemy on top, each database's own safeguards below."""

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import ConnectionPoolEntry

WRITE = "automl_write"
"""The execution option of a connection whose transactions will write: FULL or NORMAL syncs."""

BUSY_SECONDS = 4.5
"""How long a writer waits for others: the user gets an answer within five seconds."""


def open_engine(url: str) -> Engine:
    """Return the engine of a SQLAlchemy URL; nothing is connected yet."""
    backend = make_url(url).get_backend_name()
    if backend == "sqlite":
        return _sqlite(url)
    if backend == "postgresql":
        return _postgresql(url)
    raise ValueError(f"the database URL names {backend!r}; expected sqlite or postgresql")


def _sqlite(url: str) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS},
        pool_size=8,
        max_overflow=56,
        pool_timeout=BUSY_SECONDS,
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        record.info[WRITE] = "FULL"
        for pragma in (
            "auto_vacuum=INCREMENTAL",  # before the first table, else it has no effect
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            # Some builds overwrite all that is deleted, and a full disk could not be emptied.
            "secure_delete=FAST",
            "journal_size_limit=67108864",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A reader takes no lock; a writer takes the one there is at once, and waits for it: an
        # upgrade in mid-transaction would fail without waiting.
        write = connection.get_execution_options().get(WRITE)
        if write and connection.info.get(WRITE) != write:
            connection.exec_driver_sql(f"PRAGMA synchronous={write}")
            connection.info[WRITE] = write
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgresql(url: str) -> Engine:
    # Only here: the driver takes 5 MB and an eighth of a second of each process.
    from automl.store.postgres import Bounded, look_after

    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        connect_args={
            "connect_timeout": 2,
            "application_name": "automl",
            # A machine that vanished in a transaction keeps its locks no longer than a lease.
            "options": "-c statement_timeout=4500 -c idle_in_transaction_session_timeout=4500",
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 2,
            "tcp_user_timeout": 4500,
        },
        pool_size=4,
        max_overflow=60,
        pool_timeout=BUSY_SECONDS,
    )

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, args: list[Any], given: dict[str, Any]) -> Bounded:
        return Bounded.connect(*args, **given)

    look_after(engine, BUSY_SECONDS)
    return engine
