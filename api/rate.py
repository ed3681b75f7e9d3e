"""How fast a tenant may ask: a bucket each, kept where all API processes look, or in this one.

A bucket is one number: when it will be full again. That is a moment for the store's clock or ours,
which are never compared.
"""

import time
from collections.abc import Callable
from typing import Any, Protocol

from automl.settings import Settings

BURST_SECONDS = 2.0
"""So many seconds' worth may come at once: a page asks for several things when it opens."""
PATIENCE_SECONDS = 0.2
"""A store that takes longer is away."""
AWAY_SECONDS = 5.0
"""How long a store that was away is not asked again."""
CONNECTIONS = 8
"""To the store, of one process; each is needed for a fraction of a millisecond."""
_GRACE = 1e-6
"""Sums of intervals differ from their products by less."""

_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local wait = full - now - ARGV[2]
if wait > ARGV[3] + 0 then return string.format('%.6f', wait) end
full = full + ARGV[1]
redis.call('SET', KEYS[1], string.format('%.6f', full), 'PX', math.ceil((full - now) * 1000))
return '0'
"""
"""What `Rate.wait` does, in one step for all who ask."""


class Limiter(Protocol):
    """What the guard asks before each request."""

    async def wait(self, tenant: str) -> float:
        """Return 0 and count a request, or return the seconds until one may come."""

    async def aclose(self) -> None:
        """Let go of what it holds."""


def limiter(settings: Settings) -> Limiter:
    """Return the limiter of the settings: shared where the broker is reached over the network."""
    rate = Rate(settings.tenant_requests_per_second)
    shared = settings.broker_url.startswith(("redis://", "rediss://"))
    return SharedRate(rate, settings.broker_url) if shared and rate.limited else OwnRate(rate)


class Rate:
    """Requests that each tenant may make, counted in this process.

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
        self.limited = per_second > 0
        self.interval = 1 / per_second if self.limited else 0.0
        self.slack = max(0.0, BURST_SECONDS - self.interval)
        self._clock = clock
        self._full: dict[str, float] = {}  # of tenants with a key: nobody can add to them

    def wait(self, tenant: str) -> float:
        """Return 0 and count a request, or return the seconds until one may come."""
        if not self.limited:
            return 0.0
        now = self._clock()
        full = max(self._full.get(tenant, now), now)
        wait = full - now - self.slack
        if wait > _GRACE:
            return wait
        self._full[tenant] = full + self.interval
        return 0.0


class OwnRate:
    """A limiter of one process."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate

    async def wait(self, tenant: str) -> float:
        """Return 0 and count a request, or return the seconds until one may come."""
        return self._rate.wait(tenant)

    async def aclose(self) -> None:
        """Hold nothing."""


class SharedRate:
    """A limiter of all API processes, in Redis or Valkey.

    While the store is away requests are served, each process counting by itself.
    """

    def __init__(
        self, rate: Rate, url: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        from redis import RedisError
        from redis.asyncio import BlockingConnectionPool, Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=PATIENCE_SECONDS,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._store: Any = Redis.from_pool(pool)
        self._take: Any = self._store.register_script(_TAKE)
        self._trouble = (RedisError, OSError)
        self._rate = rate
        self._clock = clock
        self._away_until = -1.0

    async def wait(self, tenant: str) -> float:
        """Return 0 and count a request, or return the seconds until one may come."""
        if self._clock() < self._away_until:
            return self._rate.wait(tenant)
        try:
            rate = self._rate
            return float(
                await self._take(
                    keys=[f"automl:rate:{tenant}"], args=[rate.interval, rate.slack, _GRACE]
                )
            )
        except self._trouble:
            self._away_until = self._clock() + AWAY_SECONDS
            return self._rate.wait(tenant)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._store.aclose()
