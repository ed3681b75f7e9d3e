"""Writes that must not be lost: repeated for as long as the store is away."""

import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from automl.core.errors import DiskFull, Unavailable

LONGEST_PAUSE_SECONDS = 2.0

Answer = TypeVar("Answer")
log = structlog.get_logger()


def persist(write: Callable[[], Answer], *, wait_for_room: bool = True) -> Answer:
    """Return what ``write`` returns once the store takes it.

    A write that was committed although its answer got lost is refused the second time, because its
    token is then spent (`LeaseLost`): so repeating is safe. A store that stays away does no harm
    either: whoever reaps the lapsed lease later ends the token too.

    Args:
        write: what is to be stored.
        wait_for_room: whether to repeat on a full disk too: right for a few rows.

    Raises:
        DiskFull: there is no room, and that is not waited for.
    """
    pause = 0.1
    while True:
        try:
            return write()
        except Unavailable as error:
            if isinstance(error, DiskFull) and not wait_for_room:
                raise
            log.warning("store.away", detail=str(error.__cause__ or error), retry_seconds=pause)
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
