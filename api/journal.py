"""A name for every request, and a line of it in the log: what its answer is asked about later.

What changes something is told at INFO, what only reads at DEBUG, what failed at WARNING. Never the
query, a header or a body, nor of the path what is neither a word, a number nor one of our ids: a
secret may stand there.
"""

import re
import secrets
import time
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from automl.core.ids import looks_like_id

HEADER = "X-Request-ID"
_NAME = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_IDS = {"study_id": "study_id", "dataset_id": "dataset_id", "model_id": "model_id",
        "number": "trial"}  # fmt: skip
_LONGEST = 200
_WORD = re.compile(r"[a-z_.-]{0,24}|[0-9]{1,9}", re.ASCII)

log = structlog.get_logger(__name__)


class Journal:
    """Names each request, in every log line of its making and in the answer's ``X-Request-ID``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and tell how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = _name(Headers(scope=scope).get(HEADER))
        # Not unbound: the server's own lines about this request come after us, in the same task.
        structlog.contextvars.bind_contextvars(request_id=name)
        started = time.perf_counter()
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = name
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            _tell(scope, status, time.perf_counter() - started)


def _name(given: str | None) -> str:
    """Return the caller's name for the request, or a new one where that is none."""
    return given if given and _NAME.fullmatch(given) else secrets.token_hex(8)


def _tell(scope: Scope, status: int, seconds: float) -> None:
    tell = log.debug if scope["method"] in _READING else log.info
    if status >= 500:
        tell = log.warning
    tell(
        "request",
        method=scope["method"][:_LONGEST],
        path="/".join(map(_plain, scope["path"][:_LONGEST].split("/"))),
        status=status,
        seconds=round(seconds, 3),
        **_about(scope),
    )


def _plain(segment: str) -> str:
    return segment if _WORD.fullmatch(segment) or looks_like_id(segment) else "…"


def _about(scope: Scope) -> dict[str, Any]:
    """Return whose request it was, and what it was about."""
    params = scope.get("path_params", {})
    about = {field: _plain(params[name]) for name, field in _IDS.items() if name in params}
    caller = scope.get("state", {}).get("caller")
    return about if caller is None else {"tenant": caller.tenant, **about}
