"""What stands before every route: who may speak to us, and headers that browsers heed.

It decides before anything of a body is read.
"""

import math
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import ANYONE, Access, Caller, bearer, needed
from api.errors import SAFE, of_error, problem
from api.rate import Limiter
from automl.core.errors import Unavailable

_CHALLENGE = 'Bearer realm="automl"'


class Guard:
    """Once a key was created: a key for everything of ``/v1``. Before that: loopback only.

    And no more requests to ``/v1`` than a tenant may make.

    A page of another site can make a browser send requests here, or point a name of its own at
    127.0.0.1 (DNS rebinding); ``Origin`` and ``Host`` give both away.
    """

    def __init__(self, app: ASGIApp, access: Access, rate: Limiter) -> None:
        self._app = app
        self._access = access
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with the caller noted, and add the headers to the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(MutableHeaders(scope=message))
            await send(message)

        verdict = await self._judge(scope)
        if isinstance(verdict, Caller):
            scope.setdefault("state", {})["caller"] = verdict
            await self._app(scope, receive, sending)
        else:
            await verdict(scope, receive, sending)

    async def _judge(self, scope: Scope) -> Caller | Response:
        """Return who asks, or how they are refused."""
        headers, path = Headers(scope=scope), scope["path"]
        private = path == "/v1" or path.startswith("/v1/")
        try:
            if not await self._closed(headers):
                verdict = _elsewhere(headers) or ANYONE
            elif private:
                verdict = await self._check(headers, scope["method"], path)
            else:
                return ANYONE
            return await self._count(verdict) if private else verdict
        except Unavailable as error:
            # What is open to all tells nothing of anyone, and health must be seen right now.
            return of_error(error) if private else ANYONE

    async def _closed(self, headers: Headers) -> bool:
        """Return whether a key is needed: who brings a good one shows that there are keys.

        That there are none is trusted for a moment. Whoever uses the very first one meanwhile must
        not be taken for anyone: what they make would belong to another tenant.
        """
        if await self._access.closed():
            return True
        text = bearer(headers.get("authorization"))
        return text is not None and await self._access.caller(text) is not None

    async def _count(self, verdict: Caller | Response) -> Caller | Response:
        """Return the verdict, or the refusal of a tenant that asks too much."""
        seconds = await self._rate.wait(verdict.tenant) if isinstance(verdict, Caller) else 0.0
        return _too_many(seconds) if seconds else verdict

    async def _check(self, headers: Headers, method: str, path: str) -> Caller | Response:
        text = bearer(headers.get("authorization"))
        if text is None:
            return _unknown(
                "This service needs an API key: send 'Authorization: Bearer KEY'.", _CHALLENGE
            )
        caller = await self._access.caller(text)
        if caller is None:
            return _unknown(
                "The API key is unknown, expired or revoked; ask for a new one.",
                f'{_CHALLENGE}, error="invalid_token"',
            )
        scope = needed(method, path)
        if not caller.scope.allows(scope):
            return problem(
                403,
                "SCOPE_MISSING",
                f"This needs a key of scope {scope.value!r}; yours has {caller.scope.value!r}.",
            )
        return caller


def _unknown(detail: str, challenge: str) -> Response:
    return problem(401, "UNAUTHENTICATED", detail, headers={"WWW-Authenticate": challenge})


def _too_many(seconds: float) -> Response:
    wait = math.ceil(seconds)
    return problem(
        429,
        "RATE_LIMITED",
        f"This tenant sends more requests than it may; the next one is taken in {wait} s.",
        headers={"Retry-After": str(wait)},
    )


def _elsewhere(headers: Headers) -> Response | None:
    """Return the refusal of a request that does not come from this machine's own programs."""
    if not is_loopback(f"//{headers.get('host', '')}"):
        return problem(
            403,
            "HOST_NOT_ALLOWED",
            "Without API keys this service answers to loopback names only: use 127.0.0.1 or"
            " localhost.",
        )
    if "origin" in headers and not is_loopback(headers["origin"]):
        return problem(403, "ORIGIN_NOT_ALLOWED", "Pages of other sites may not use this service.")
    return None


def is_loopback(url: str) -> bool:
    """Return whether a URL's host names this very machine."""
    try:
        name = (urlsplit(url).hostname or "").rstrip(".")
        if name == "localhost" or name.endswith(".localhost"):
            return True
        return ip_address(name).is_loopback
    except ValueError:  # no URL or no address
        return False


def _add_headers(headers: MutableHeaders) -> None:
    for name, value in SAFE.items():
        headers.setdefault(name, value)
