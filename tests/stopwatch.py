"""A stopwatch for promises in seconds, which a machine's own standstill does not break."""

import threading
import time
from typing import Self

_TICK_SECONDS = 0.01
_MOST_SECONDS = 0.05
"""What a tick counts at most: one that takes longer was not run for the rest of it."""


class Stopwatch:
    """The seconds of a block in which this process, and so this machine, could run."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._count, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _count(self) -> None:
        over = False
        while not over:
            began = time.monotonic()
            over = self._over.wait(_TICK_SECONDS)
            self.seconds += min(time.monotonic() - began, _MOST_SECONDS)
