"""Transactions: opened late, upgraded when something is written, closed in every case."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, Pool, Table, select, text
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

from automl.core.fault import fault
from automl.store.clock import now
from automl.store.engine import WRITE, open_engine
from automl.store.trouble import translated

_NOW = select(now())


@dataclass(slots=True)
class Transaction:
    """One transaction: reading until something asks for ``writer``.

    On both databases a unit sees what others commit meanwhile (READ COMMITTED): what must not
    change between a look and a write is looked at through ``writer``, under a lock.
    """

    reader: Connection
    points: list[str] = field(default_factory=list)
    """Fault points to pass once this is committed."""
    lasting: bool = True
    """Whether the commit waits for the disk."""
    _writing: bool = False

    @property
    def writer(self) -> Connection:
        """The connection, with SQLite's write lock held."""
        if not self._writing:
            self._writing = True
            if self.sqlite:
                self.reader.rollback()
                self.reader.execution_options(**{WRITE: "FULL" if self.lasting else "NORMAL"})
        return self.reader

    @property
    def sqlite(self) -> bool:
        """Whether this is SQLite, where the whole database is one lock."""
        return self.reader.dialect.name == "sqlite"

    def insert(self, table: Table) -> SqliteInsert | PostgresqlInsert:
        """Return the INSERT that knows ON CONFLICT; both databases speak it alike."""
        return SqliteInsert(table) if self.sqlite else PostgresqlInsert(table)

    def now(self) -> float:
        """Return the database's clock."""
        return float(self.reader.execute(_NOW).scalar_one())


class Database:
    """An engine that survives forks, with its errors translated."""

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        self._pid = os.getpid()
        self._inherited: list[Pool] = []

    @property
    def engine(self) -> Engine:
        """The engine of this process."""
        if self._pid != os.getpid():
            # A forked child must neither use nor close its parent's connections: they are kept
            # where no garbage collector finds them.
            self._inherited.append(self._engine.pool)
            self._engine.dispose(close=False)
            self._pid = os.getpid()
        return self._engine

    @property
    def local(self) -> bool:
        """Whether whoever uses it is on the machine of its disk: then a power cut ends them too.

        What it undoes was only begun, and nobody is left who holds it.
        """
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Give a transaction: committed when the block ends, rolled back when it raises.

        Raises:
            StoreUnavailable: the database is away, locked or too slow.
            DiskFull: there is no room.
        """
        with translated(), self.engine.connect() as connection:
            transaction = Transaction(connection)
            yield transaction
            connection.commit()
        for point in transaction.points:
            fault(point)

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """Give a connection for reading alone; on PostgreSQL each statement is a transaction.

        Raises:
            StoreUnavailable: the database is away, locked or too slow.
        """
        with translated(), self.engine.connect() as connection:
            if not self.local:
                connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection

    @contextmanager
    def write(self, *, lasting: bool = True) -> Iterator[Transaction]:
        """Give a transaction that holds SQLite's write lock from the start.

        One that is not ``lasting`` may be undone by a power cut (never by the death of a process)
        until the next lasting one commits: it does not wait for the disk.
        """
        with self.transaction() as transaction:
            transaction.lasting = lasting
            connection = transaction.writer
            if not lasting and not transaction.sqlite:
                connection.execute(text("SET LOCAL synchronous_commit = off"))
            yield transaction

    def close(self) -> None:
        """Close every connection of this process."""
        self.engine.dispose()
