"""The plainest line between a training loop and the clock, and a wish to end before it."""

import time
from collections.abc import Callable
from multiprocessing import Pipe

from automl.core.errors import TrialStopped
from automl.core.state import State
from automl.core.trial import CurvePoint

TOLD_SECONDS = 0.25
"""How often a trial tells of its epochs at most: boosting has thousands a second."""


class Stop:
    """A wish to end a search now and to keep what it has; a signal handler may make it."""

    def __init__(self) -> None:
        self.asked = False
        self.bell, self._rope = Pipe(duplex=False)
        """Ready to be read, for whoever waits, once it was asked."""

    def ask(self) -> None:
        """End the search."""
        if not self.asked:
            self.asked = True
            self._rope.send_bytes(b"stop")


class Deadline:
    """A Control that stops an evaluation at a moment of the monotonic clock, and keeps nothing.

    Args:
        at: when.
        stop: a wish to end it before.
        tell: is told of an epoch now and then.
    """

    def __init__(
        self,
        at: float | None,
        *,
        stop: Stop | None = None,
        tell: Callable[[CurvePoint], None] = lambda _: None,
    ) -> None:
        self._at = at
        self._stop = stop
        self._tell = tell
        self._told = time.monotonic()
        self.epochs: int | None = None
        """The last that was reported, told of or not."""

    def report(self, point: CurvePoint) -> None:
        """Tell of an epoch where it is time for one, and check the clock."""
        self.epochs = point.epoch
        now = time.monotonic()
        if now >= self._told + TOLD_SECONDS:
            self._told = now
            self._tell(point)
        self.check()

    def check(self) -> None:
        """Raise `TrialStopped` after the deadline, or when that was wished."""
        if self._at is not None and time.monotonic() >= self._at:
            raise TrialStopped("the search's time is over")
        if self._stop is not None and self._stop.asked:
            raise TrialStopped("the search was stopped")

    def save(self, state: Callable[[], State]) -> None:
        """Keep nothing: a local study that dies is started anew."""

    def seconds_left(self) -> float | None:
        """Return the seconds until the deadline, None without one."""
        return None if self._at is None else max(0.0, self._at - time.monotonic())
