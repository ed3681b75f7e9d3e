"""A Ctrl-C that asks first: the search ends with what it has. The second one means it."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from automl.search.control import Stop


@contextmanager
def heeding(stop: Stop, tell: Callable[[], None]) -> Iterator[None]:
    """Within, the first Ctrl-C asks ``stop`` and calls ``tell``; the second interrupts.

    Raises:
        KeyboardInterrupt: at the second one.
    """

    def interrupted(_number: int, _frame: FrameType | None) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.ask()
        tell()

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
