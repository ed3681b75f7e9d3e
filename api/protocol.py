"""Bytes that are no HTTP are refused before the application hears of them, in its words."""

import h11
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.errors import problem


class Protocol(H11Protocol):
    """Uvicorn's HTTP/1.1, whose own refusal is a problem (RFC 9457) like every other."""

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
