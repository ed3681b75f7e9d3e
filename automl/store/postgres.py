"""PostgreSQL connections that never wait for ever: a stopped server may keep its sockets open."""

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from psycopg import abc
from sqlalchemy import Engine, event
from typing_extensions import override

T = TypeVar("T")

_PING_SECONDS = 1.5


class Bounded(psycopg.Connection[Any]):
    """A connection whose every answer must come within ``patience`` seconds."""

    patience: float = _PING_SECONDS

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


def bound_waits(engine: Engine, seconds: float) -> None:
    """Give connections in use ``seconds`` for an answer, and the pool's ping less.

    Both, one after the other, must end before a caller's five seconds do.
    """

    @event.listens_for(engine, "checkout")
    def _out(connection: Bounded, *_: Any) -> None:
        connection.patience = seconds

    @event.listens_for(engine, "checkin")
    def _in(connection: Bounded | None, *_: Any) -> None:
        if connection is not None:
            connection.patience = _PING_SECONDS


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
