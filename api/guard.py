"""What stands before every route: who may speak to us, and headers that browsers heed."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_NOTHING = "default-src 'none'; frame-ancestors 'none'"
_PAGES = ("/docs",)
"""These load scripts and styles; everything else is data."""


class Guard:
    """Loopback only while no API key was ever created.

    A page of another site can make a browser send requests here, or point a name of its own at
    127.0.0.1 (DNS rebinding); ``Origin`` and ``Host`` give both away.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with the headers added to the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(MutableHeaders(scope=message), scope["path"])
            await send(message)

        headers = Headers(scope=scope)
        if not _is_loopback(f"//{headers.get('host', '')}"):
            refusal = problem(
                403,
                "HOST_NOT_ALLOWED",
                "Without API keys this service answers to loopback names only: use 127.0.0.1 or"
                " localhost.",
            )
        elif "origin" in headers and not _is_loopback(headers["origin"]):
            refusal = problem(
                403, "ORIGIN_NOT_ALLOWED", "Pages of other sites may not use this service."
            )
        else:
            await self._app(scope, receive, sending)
            return
        await refusal(scope, receive, sending)


def _is_loopback(url: str) -> bool:
    try:
        name = (urlsplit(url).hostname or "").rstrip(".")
        if name == "localhost" or name.endswith(".localhost"):
            return True
        return ip_address(name).is_loopback
    except ValueError:  # no URL or no address
        return False


def _add_headers(headers: MutableHeaders, path: str) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "no-store")
    if not path.startswith(_PAGES):
        headers.setdefault("Content-Security-Policy", _NOTHING)
