"""How long a family that trains itself may take, and how long its rounds took."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from automl.core.learner import Control

Clock = Callable[[], float]

_SHARE = 0.9
"""The part of the seconds left that training may fill; the rest is for predicting."""


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
        self._end = math.inf if left is None else self._last + _SHARE * left

    def over(self) -> bool:
        """Return whether the time is used up; never without a limit."""
        return self.clock() > self._end

    def lap(self) -> float:
        """Return the seconds since the last lap, or since the start."""
        now = self.clock()
        self._last, since = now, now - self._last
        return since
