"""What becomes of requests that are still being answered when the server leaves."""

from asyncio import CancelledError

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem


class Leaving:
    """Refuses what the server gives up at its end: the client may ask the next one.

    The server waits a second for its requests (`automl.cli.api`), then cancels them and would say
    500 of each, as of a defect. What has begun to be sent just ends: clients of event streams come
    back with the last id they saw.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; of a cancelled request without an answer say that it may be repeated."""
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except CancelledError:
            if scope["type"] != "http":
                raise
            if not begun:
                await _STOPPING(scope, receive, send)


_STOPPING = problem(
    503,
    "STOPPING",
    "The server is stopping before this was done; send it again, with the same Idempotency-Key.",
)
