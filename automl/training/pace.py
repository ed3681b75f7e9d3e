"""How long steps take, and how many of them a plan may have: a schedule must end, not be cut."""

from collections.abc import Callable

from automl.training.progress import Progress

Clock = Callable[[], float]

_RESERVE = 0.1
"""The part of the time left at the start that a plan leaves free, and the most seconds of it: a
long plan is held against the time after each of its many epochs."""
_MOST_RESERVE = 15.0
_PROBES = (8, 64)
"""Steps of this process after which the plan is held against the time left, as after epochs."""
_HELD = 2.0
"""Seconds after which it is anyway: an epoch may take longer than there is time, and what else runs
on a machine changes."""


class Pace:
    """Measures the steps of one training, validation included, and shortens its plan to fit.

    ``left`` gives the seconds left. Without a limit (replay order) no clock has a say in the plan.
    """

    def __init__(self, clock: Clock, left: Callable[[], float | None], planned: int) -> None:
        self.clock = clock
        self._left = left
        self._planned = planned
        self._reserve = min(_RESERVE * (left() or 0.0), _MOST_RESERVE)
        self._started = self._held = clock()
        self._steps = -1  # the first step is the slowest by far and does not count

    def step(self, progress: Progress) -> None:
        """Count a step."""
        self._steps += 1
        if self._steps == 0:
            self._started = self.clock()
        if self._steps in _PROBES or self.clock() - self._held > _HELD:
            self.plan(progress)

    def plan(self, progress: Progress) -> None:
        """Plan no more steps than the time left allows.

        What the first steps made of the plan may be taken back within the first epoch; later it
        only gets shorter, as a learning rate that rises again would undo what was learned.
        """
        self._held = self.clock()
        left = self._left()
        if left is None or self._steps < 1 or progress.step >= progress.steps:
            return
        seconds = max(1e-9, self.clock() - self._started) / self._steps
        fitting = int(max(0.0, left - self._reserve) / seconds)
        most = self._planned if progress.epoch <= 1 else progress.steps
        progress.steps = min(most, progress.step + fitting)
