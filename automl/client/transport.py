"""HTTP with patience: what is safe to repeat is repeated until the service answers for good.

Everything sent here is safe: reads, deletions, and creations that carry an idempotency key.
"""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import IO, Any, Self

import httpx

from automl.client.patience import Patience
from automl.client.problems import ServiceError, Unreachable

RETRIED = frozenset({429, 502, 503, 504})
"""Answers that promise better luck later."""

READ_SECONDS = 120.0
"""What an answer may take."""

SLOWEST = 1e6
"""Bytes of a file that a busy service makes a dataset of in a second, at least."""

STREAM_SECONDS = 45.0
"""Event streams are pinged every 15 s: a longer silence is a dead connection."""

Json = dict[str, Any]
Content = Callable[[], AbstractContextManager[IO[bytes]]]
"""Opens a body; anew for each try."""


class Transport:
    """Connections to one service."""

    def __init__(self, url: str, *, key: str, patience: float) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.url = url
        self._patience = patience
        timeout = httpx.Timeout(30.0, read=READ_SECONDS)
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def within(self, patience: float) -> Self:
        """Return the same connections with another patience in seconds."""
        hurried = copy.copy(self)
        hurried._patience = patience  # noqa: SLF001 -- its own copy
        return hurried

    def patience(self) -> Patience:
        """Return the patience for one undertaking."""
        return Patience(self._patience)

    def send(
        self, method: str, path: str, *, content: Content | None = None, **given: Any
    ) -> httpx.Response:
        """Return a successful answer.

        Raises:
            ServiceError: the service refused.
            Unreachable: it did not answer in time.
        """
        patience = self.patience()
        while True:
            try:
                with ExitStack() as stack:
                    body = stack.enter_context(content()) if content else given.get("content")
                    response = self._http.request(method, path, **{**given, "content": body})
            except httpx.UnsupportedProtocol as error:
                raise Unreachable(self.url, error) from None
            except httpx.TransportError as error:
                if not patience.wait():
                    raise Unreachable(self.url, _why(error)) from error
                continue
            if not promises_more(response) or not patience.wait(retry_after(response)):
                return checked(response)

    def upload(self, path: str, content: Content, size: int, **given: Any) -> httpx.Response:
        """Return the answer to a POST of ``size`` bytes, which the service reads before it answers.

        Raises:
            ServiceError: the service refused.
            Unreachable: it did not answer in time.
        """
        timeout = httpx.Timeout(30.0, read=READ_SECONDS + size / SLOWEST)
        return self.send("POST", path, content=content, timeout=timeout, **given)

    @contextmanager
    def stream(
        self, path: str, *, params: Mapping[str, str], headers: Mapping[str, str]
    ) -> Iterator[httpx.Response | None]:
        """Give an answer to read as it comes; None where the service is busy. One try only.

        Raises:
            ServiceError: the service refused.
            httpx.TransportError: the connection broke.
        """
        timeout = httpx.Timeout(30.0, read=STREAM_SECONDS)
        given = {"params": params, "headers": headers, "timeout": timeout}
        with self._http.stream("GET", path, **given) as response:  # type: ignore[arg-type]
            if response.is_success:
                yield response
                return
            response.read()
            if not promises_more(response):
                checked(response)
            yield None


def checked(response: httpx.Response) -> httpx.Response:
    """Return a successful response. Raises `ServiceError` for any other."""
    if response.is_success:
        return response
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):  # a proxy's page, or no service of ours
        problem = {"detail": f"{response.url} answered with HTTP {response.status_code}"}
    raise ServiceError(response.status_code, problem)


def promises_more(response: httpx.Response) -> bool:
    """Return whether the same request may succeed a little later."""
    in_flight = response.status_code == 409 and "Retry-After" in response.headers
    return response.status_code in RETRIED or in_flight


def retry_after(response: httpx.Response) -> float | None:
    """Return the seconds that the service asked to wait, None where it did not say."""
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return None


def server_sent(lines: Iterator[str]) -> Iterator[Json]:
    r"""Yield the JSON values of a stream of server-sent events.

    >>> list(server_sent(iter(["id: 1", 'data: {"seq": 1}', "", ": ping", ""])))
    [{'seq': 1}]
    """
    data: list[str] = []
    for line in lines:
        if line.startswith("data:"):
            data.append(line.removeprefix("data:").removeprefix(" "))
        elif not line and data:
            yield json.loads("\n".join(data))
            data = []


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__
