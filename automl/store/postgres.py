"""PostgreSQL connections that never wait for ever: a stopped server may keep its sockets open."""

import math
import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from psycopg import abc
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import InvalidatePoolError
from typing_extensions import override

T = TypeVar("T")

_PING_SECONDS = 1.5

FRESH_SECONDS = 1.0
"""A connection that was of use so lately is there still: asking first would be one more way to the
server and back for each transaction. Where it is not, the caller is told that the store is away,
as of any server that goes in mid-transaction, and the next one gets a new connection."""


class Bounded(psycopg.Connection[Any]):
    """A connection whose every answer must come within ``patience`` seconds."""

    patience: float = _PING_SECONDS
    used_at: float = math.inf
    """When it was last given back, in monotonic seconds; a new one needs no asking."""

    @override
    def wait(self, gen: abc.PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Drive a libpq conversation to its end.

        Raises:
            psycopg.OperationalError: the server does not answer; the connection is closed.
        """
        try:
            return super().wait(
                _until(gen, time.monotonic() + (timeout or self.patience)), interval
            )
        except _NoAnswerError:
            self.pgconn.finish()  # whatever comes late must not be taken for another answer
            raise psycopg.OperationalError("the server does not answer") from None


class _NoAnswerError(Exception):
    pass


def look_after(engine: Engine, seconds: float) -> None:
    """Give connections in use ``seconds`` for an answer; ask those long unused if they are there.

    That has less time: both, one after the other, must end before a caller's five seconds do.
    """
    dialect: Any = engine.dialect  # its ping is typed for any driver's connection but this one

    @event.listens_for(engine, "checkout")
    def _out(connection: Bounded, *_: Any) -> None:
        if time.monotonic() - connection.used_at > FRESH_SECONDS:
            try:
                dialect.do_ping(connection)
            except psycopg.Error as error:
                raise InvalidatePoolError from error  # the others went with it; a new one comes
        connection.patience = seconds

    @event.listens_for(engine, "checkin")
    def _in(connection: Bounded | None, *_: Any) -> None:
        if connection is not None:
            connection.patience = _PING_SECONDS
            connection.used_at = time.monotonic()


def wait_without_end(connection: Connection) -> None:
    """Have whoever holds the connection wait for every answer until it comes.

    That ends when the connection is given back. A machine that vanished is still found out, by
    keepalives; a server that is stopped and stays so is not.
    """
    driver: Any = connection.connection.driver_connection  # typed for any driver's but this one
    driver.patience = math.inf


def _until(gen: abc.PQGen[T], deadline: float) -> Generator[Any, Any, T]:
    try:
        state = next(gen)
        while True:
            ready = yield state
            if not ready and time.monotonic() > deadline:
                raise _NoAnswerError
            state = gen.send(ready)
    except StopIteration as end:
        result: T = end.value
        return result
