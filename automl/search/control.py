"""The plainest line between a training loop and the clock."""

import time
from collections.abc import Callable

from automl.core.errors import TrialStopped
from automl.core.state import State
from automl.core.trial import CurvePoint


class Deadline:
    """A Control that stops an evaluation at a moment of the monotonic clock, and keeps nothing."""

    def __init__(self, at: float | None) -> None:
        self._at = at

    def report(self, point: CurvePoint) -> None:  # noqa: ARG002 -- nobody watches epochs here
        """Check the clock."""
        self.check()

    def check(self) -> None:
        """Raise `TrialStopped` after the deadline."""
        if self._at is not None and time.monotonic() >= self._at:
            raise TrialStopped("the search's time is over")

    def save(self, state: Callable[[], State]) -> None:
        """Keep nothing: a local study that dies is started anew."""

    def seconds_left(self) -> float | None:
        """Return the seconds until the deadline, None without one."""
        return None if self._at is None else max(0.0, self._at - time.monotonic())
