"""The doorbell over Celery: tells an idle worker that there may be work."""

from typing import Any

import kombu.exceptions
import redis

from automl.settings import Settings
from workers import broker, celery_app


def broker_url(settings: Settings) -> str:
    """Return the configured broker's URL, or the embedded one's."""
    return settings.broker_url or f"redis+socket://{broker.socket_path(settings)}"


class CeleryDoorbell:
    """A `Doorbell` over Redis or Valkey."""

    def __init__(self, url: str) -> None:
        self._app = celery_app.create(url, celery_app.IMPATIENT)
        self._client = _client(url)

    def ring(self) -> None:
        """Wake a worker; a broker that is away is ignored after a fraction of a second."""
        try:
            self._app.send_task(
                celery_app.DRAIN,
                expires=celery_app.BELL_EXPIRES_SECONDS,
                ignore_result=True,
                retry=False,
            )
        except (kombu.exceptions.OperationalError, redis.RedisError, OSError):
            return  # the workers' own timers find the work

    def ping(self) -> bool:
        """Return whether the broker answers."""
        try:
            return bool(self._client.ping())
        except (redis.RedisError, OSError):
            return False


def _client(url: str) -> Any:
    plain = url.replace("redis+socket://", "unix://", 1)
    retry = redis.retry.Retry(redis.backoff.NoBackoff(), 0)
    return redis.Redis.from_url(
        plain, socket_connect_timeout=0.2, socket_timeout=0.2, retry=retry, decode_responses=True
    )
