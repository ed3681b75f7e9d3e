"""Requests answered once: the first answer is kept under the caller's key and given again.

The key commits in the transaction of what it created, so that a client that lost the answer (to a
crash, a cut connection) may simply ask again.
"""

from contextlib import suppress
from types import TracebackType
from typing import Self

from automl.core.errors import Unavailable
from automl.core.ports import Reply, Store, Unit

TOUCH_SECONDS = 8.0


class Once:
    """One request of ``tenant`` under ``key``; with no key every step does nothing.

    Reserve, receive the request, look for a kept answer, else work and keep; free what failed::

        with Once(store, tenant=…, key=…, operation="POST /v1/studies") as once:
            if reply := once.replay(fingerprint):
                return reply
            with store.unit() as unit:
                …
                once.keep(unit, fingerprint, reply)
    """

    def __init__(self, store: Store, *, tenant: str, key: str | None, operation: str) -> None:
        self._store = store
        self._tenant = tenant
        self._key = key
        self._operation = operation
        self._answered = key is None

    @property
    def answered(self) -> bool:
        """Whether the key has its answer already; never so without a key."""
        return self._key is not None and self._answered

    def reserve(self) -> None:
        """Take the key.

        Raises:
            IdempotencyInFlight: a twin of this request is being answered.
            IdempotencyKeyReused: the key belongs to another operation.
        """
        if self._key is not None:
            with self._store.unit() as unit:
                reply = unit.requests.reserve(self._tenant, self._key, self._operation)
            self._answered = reply is not None

    def touch(self) -> None:
        """Keep the key ours while the work goes on; call it every `TOUCH_SECONDS`."""
        if self._key is not None and not self._answered:
            with suppress(Unavailable), self._store.unit() as unit:
                unit.requests.touch(self._tenant, self._key)

    def replay(self, fingerprint: str) -> Reply | None:
        """Return the kept answer to the request of that fingerprint, if there is one.

        Raises:
            IdempotencyKeyReused: the answer belongs to another request.
        """
        if self._key is None or not self._answered:
            return None
        with self._store.unit() as unit:
            return unit.requests.check(self._tenant, self._key, fingerprint)

    def keep(self, unit: Unit, fingerprint: str, reply: Reply) -> None:
        """Keep the answer, in the transaction that creates what it speaks of."""
        if self._key is not None:
            unit.requests.keep(self._tenant, self._key, fingerprint, reply)

    def free(self) -> None:
        """Give the key back after a failure; an answered key stays."""
        if self._key is not None and not self._answered:
            # With the store away the key lapses by itself; the first failure is the one to tell.
            with suppress(Unavailable), self._store.unit() as unit:
                unit.requests.free(self._tenant, self._key)

    def __enter__(self) -> Self:
        self.reserve()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self.free()
