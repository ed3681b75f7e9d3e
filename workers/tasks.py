"""The one Celery task, and the thread that listens for it."""

import threading
import time
from collections.abc import Callable

import structlog
from celery import Celery

from workers.celery_app import DRAIN

RESTART_SECONDS = 5.0

log = structlog.get_logger()


def listen(app: Celery, wake: Callable[[], None]) -> None:
    """Call ``wake`` at every bell, in a thread of its own, until the process ends.

    The consumer may wait for a broker that is down, or die with it: nothing depends on it, because
    the keeper looks for work by itself too.
    """

    @app.task(name=DRAIN, ignore_result=True)  # type: ignore[untyped-decorator]  # Celery is untyped
    def drain() -> None:
        wake()

    threading.Thread(target=_consume, args=(app,), name="doorbell", daemon=True).start()


def _consume(app: Celery) -> None:
    while True:
        # Solo: a bell only writes a byte into a pipe. The training child is the keeper's.
        # No event loop: with it, a broker that restarted between a bell and its acknowledgement
        # left the consumer connected and deaf for ever; the blocking loop heard the next bell 1 s
        # later (4 of 4, Celery 5.7.0).
        consumer = app.WorkController(
            pool="solo",
            concurrency=1,
            loglevel="WARNING",
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            use_eventloop=False,
        )
        consumer.start()
        log.warning("doorbell.ended", retry_seconds=RESTART_SECONDS)
        time.sleep(RESTART_SECONDS)
