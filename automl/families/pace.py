"""How long a family that trains itself may take, and how long its rounds took."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from automl.core.learner import Control

Clock = Callable[[], float]

_SHARE = 0.9
"""The part of the seconds left that training may fill; the rest is for predicting."""
_BEHIND = 2.0
"""Seconds that are left for it at least, up to half of all: a last round may be a long one."""


@dataclass(slots=True)
class Pace:
    """A stop watch that knows when training had better end with what it has."""

    control: Control
    clock: Clock = time.perf_counter
    _end: float = field(init=False)
    _last: float = field(init=False)

    def __post_init__(self) -> None:
        self._last = self.clock()
        left = self.control.seconds_left()
        self._end = math.inf if left is None else self._last + _fill(left)

    def over(self) -> bool:
        """Return whether the time is used up; never without a limit."""
        return self.clock() > self._end

    def lap(self) -> float:
        """Return the seconds since the last lap, or since the start."""
        now = self.clock()
        self._last, since = now, now - self._last
        return since


def _fill(left: float) -> float:
    """Return how many of the seconds left training may fill."""
    return min(_SHARE * left, max(0.5 * left, left - _BEHIND))
