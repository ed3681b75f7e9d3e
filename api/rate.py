"""How fast a tenant may ask: a token bucket each, in the memory of this process.

No store is asked, so none can fail: several API processes give a tenant that many times as much.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

BURST_SECONDS = 2.0
"""So many seconds' worth may come at once: a page asks for several things when it opens."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Rate:
    """Requests that each tenant may make.

    >>> now = 0.0
    >>> rate = Rate(0.5, clock=lambda: now)
    >>> rate.wait("a"), rate.wait("a"), rate.wait("b")
    (0.0, 2.0, 0.0)
    >>> now = 2.0
    >>> rate.wait("a")
    0.0

    Args:
        per_second: of one tenant; 0: as many as it likes.
        clock: monotonic seconds.
    """

    def __init__(self, per_second: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._most = max(1.0, BURST_SECONDS * per_second)
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}  # of tenants with a key: nobody can add to them

    def wait(self, tenant: str) -> float:
        """Return 0 and count a request, or return the seconds until one may come."""
        if self._per_second <= 0:
            return 0.0
        now = self._clock()
        bucket = self._buckets.setdefault(tenant, _Bucket(self._most, now))
        earned = (now - bucket.at) * self._per_second
        bucket.tokens, bucket.at = min(self._most, bucket.tokens + earned), now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self._per_second
        bucket.tokens -= 1
        return 0.0
