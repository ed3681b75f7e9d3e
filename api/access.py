"""Who may come in: keys looked up in the store, each answer trusted for half a second.

So a revoked or expired key, and the first key ever created, take effect within a second in every
process, however many requests come in meanwhile.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread

from automl.core.errors import Unavailable
from automl.core.key import Scope
from automl.core.ports import Store
from automl.service import keys
from automl.service.keys import Visit

TRUSTED_SECONDS = 0.5
USE_SECONDS = 10.0
"""How often it is written down which keys were used."""
_MOST = 10_000
"""Answers kept at once; guessed keys must not fill the memory."""
_THREADS = 32

_PUBLIC = "default"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request speaks for; ``credential`` is None while no key was ever created."""

    tenant: str
    scope: Scope
    credential: str | None = None


ANYONE = Caller(_PUBLIC, Scope.ADMIN)


@dataclass(frozen=True, slots=True)
class _Seen:
    visit: Visit | None
    at: float

    def caller(self, text: str, now: float) -> Caller | None:
        if self.visit is None:
            return None
        left = self.visit.seconds_left
        if left is not None and now - self.at >= left:
            return None
        return Caller(self.visit.key.tenant, self.visit.key.scope, text)


class Access:
    """What one API process knows of keys."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self._closed = False
        self._open_at: float | None = None
        self._used: set[str] = set()
        self._limiter = CapacityLimiter(_THREADS)  # of its own: busy routes do not delay a refusal

    async def closed(self) -> bool:
        """Return whether a key is needed: one was created once. Raises `Unavailable`."""
        if self._closed:
            return True
        now = self._clock()
        if self._open_at is None or now - self._open_at >= TRUSTED_SECONDS:
            self._closed = await to_thread.run_sync(keys.exist, self._store, limiter=self._limiter)
            self._open_at = now
        return self._closed

    async def caller(self, text: str) -> Caller | None:
        """Return who brings the key ``text``, None for a useless one. Raises `Unavailable`."""
        now = self._clock()
        seen = self._seen.get(text)
        if seen is None or now - seen.at >= TRUSTED_SECONDS:
            visit = await to_thread.run_sync(
                keys.recognize, self._store, text, limiter=self._limiter
            )
            seen = _Seen(visit, now)
            self._keep(text, seen)
            if visit is not None:
                self._used.add(visit.key.id)
        return seen.caller(text, self._clock())

    async def still(self, caller: Caller) -> bool:
        """Return whether a caller let in before would be let in now.

        While the store is away it would: nothing new can be read then, by nobody.
        """
        try:
            if caller.credential is None:
                return not await self.closed()
            return await self.caller(caller.credential) is not None
        except Unavailable:
            seen = self._seen.get(caller.credential or "")
            return seen is None or seen.caller("", self._clock()) is not None

    def note_use(self) -> None:
        """Write down which keys were used since the last time. Raises `Unavailable`."""
        if self._used:
            used, self._used = self._used, set()
            keys.note_use(self._store, used)

    def _keep(self, text: str, seen: _Seen) -> None:
        if len(self._seen) >= _MOST:
            self._seen.clear()
        self._seen[text] = seen


def bearer(header: str | None) -> str | None:
    """Return the token of an ``Authorization`` header, None where it has none.

    >>> bearer("bearer abc"), bearer("Basic abc"), bearer(None)
    ('abc', None, None)
    """
    scheme, _, token = (header or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def needed(method: str, path: str) -> Scope:
    """Return the scope that a request needs.

    >>> needed("GET", "/v1/studies"), needed("POST", "/v1/studies")
    (<Scope.READ: 'read'>, <Scope.WRITE: 'write'>)
    """
    if path == "/v1/keys" or path.startswith("/v1/keys/"):
        return Scope.ADMIN
    if method in {"GET", "HEAD", "OPTIONS"}:
        return Scope.READ
    predicts = path.startswith("/v1/models/") and path.endswith("/predict")
    return Scope.READ if method == "POST" and predicts else Scope.WRITE
