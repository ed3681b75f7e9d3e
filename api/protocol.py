"""What the server bears of a connection: refusals in the application's words, and patience.

Uvicorn waits for ever for a request that does not come, a body that stops, a reader who does not
read. Each costs little, but holds a descriptor; so each gets a time, and no more of them are held
than leave room for the service's own files.
"""

import asyncio
from typing import Any

import h11
from starlette.types import Receive, Scope, Send
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from api import capacity
from api.errors import problem

HEAD_SECONDS = 20.0
"""From a connection, or the last answer on it, until the next request's head is whole."""
STALL_SECONDS = 60.0
"""While a body comes in, or an answer goes out, without a single byte moving."""
LOOK_SECONDS = 5.0
MARGIN = 32
"""So many above capacity are still told of it; the others are cut off."""


class Protocol(H11Protocol):
    """Uvicorn's HTTP/1.1, whose own refusal is a problem (RFC 9457), and whose patience ends."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._idle_since = self._heard = self._moved = self.loop.time()
        self._unsent = 0
        self._looking: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, if there is room for it."""
        super().connection_made(transport)
        most = capacity.connections()
        if len(self.connections) > most + MARGIN:
            transport.abort()
            return
        if len(self.connections) > most:
            self.app = _full
        self._looking = self.loop.call_later(LOOK_SECONDS, self._look)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._looking is not None:
            self._looking.cancel()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        """Take bytes of a request."""
        self._heard = self.loop.time()
        super().data_received(data)

    @override
    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._idle_since = self.loop.time()
        super().on_response_complete()

    @override
    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no request, and hang up."""
        answer = problem(
            400, "BAD_REQUEST", "This is no HTTP request: its first lines or its framing are wrong."
        )
        headers = [*answer.raw_headers, (b"connection", b"close")]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=bytes(answer.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _look(self) -> None:
        """Cut the connection off once it has waited too long."""
        now, unsent = self.loop.time(), self.transport.get_write_buffer_size()
        if unsent != self._unsent:
            self._unsent, self._moved = unsent, now
        if self._overdue(now):
            self.transport.abort()
        else:
            self._looking = self.loop.call_later(LOOK_SECONDS, self._look)

    def _overdue(self, now: float) -> bool:
        if self._unsent:
            return now - self._moved > STALL_SECONDS
        theirs = self.conn.their_state
        if theirs is h11.IDLE:
            return now - self._idle_since > HEAD_SECONDS
        awaited = theirs is h11.SEND_BODY and not self.flow.read_paused
        return awaited and now - self._heard > STALL_SECONDS


async def _full(scope: Scope, receive: Receive, send: Send) -> None:
    answer = problem(
        503,
        "BUSY",
        "The service holds as many connections as it can; try again in a moment.",
        headers={"Connection": "close"},
    )
    await answer(scope, receive, send)
