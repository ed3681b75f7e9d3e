"""How long steps take, and how many of them a plan may have: a schedule must end, not be cut."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from automl.training.progress import Progress

Clock = Callable[[], float]

Work = Callable[[int, int], float]
"""What the rest of a plan costs at a step of it, in steps of one kind: of (step, steps)."""

_RESERVE = 0.1
"""The part of the time left that a plan leaves free, and the most seconds of it: a long plan is
held against the time after each of its many epochs."""
_MOST_RESERVE = 15.0
_LEAST_RESERVE = 0.06
"""What of the time left at the start is free to the end, and the most seconds of it: the nearer the
end, the less can still go wrong, but what is late by a moment is lost."""
_MOST_LEAST_RESERVE = 6.0
_PROBES = (8, 64)
"""Steps of this process after which the plan is held against the time left, as after epochs."""
_HELD = 2.0
"""Seconds after which it is anyway: an epoch may take longer than there is time, and what else runs
on a machine changes."""

_EARLY = 0.3
"""The part of a plan within which it may grow again, up to what was asked for: one cycle's rate
still rises there, and others have hardly fallen. A machine that is busy for the first minute would
else shorten a training of ten. Later it grows no faster than it is done: rates then wait, but never
rise again, as that would undo what was learned."""

_JUDGED = 2 / 3
"""What a row costs to judge, of what it costs to learn from: a third, and networks that were
trained on mirror images look twice. Taken for granted until a validation has been measured: a study
too short for an epoch of large images would else run out of time in its first one."""
_IN_FULL = 2.0
"""What judging takes in full precision, in which files answer, of what it takes in half."""


def even(step: int, steps: int) -> float:
    """Return the work that is left where each step costs the same."""
    return float(steps - step)


@dataclass(frozen=True, slots=True)
class Judging:
    """What a plan has to leave time for behind its last step: no mean of steps knows that."""

    steps: float = 0.0
    """So many steps a validation is taken for, until one has been measured."""
    kept: float = 1.0
    """So many validations it takes to judge the fold by the weights that are kept."""

    @property
    def to_come(self) -> float:
        """Validations: the last epoch's, and that of the weights that are kept."""
        return 1.0 + self.kept


def judging(rows: int, batch_size: int, *, mixed: bool = False) -> Judging:
    """Return what judging so many rows is taken for, where epochs do it in half precision or not.

    The weights that are kept are judged as the file will answer: in full.
    """
    return Judging(_JUDGED * rows / batch_size, _IN_FULL if mixed else 1.0)


class Pace:
    """Measures the steps of one training, validation included, and shortens its plan to fit.

    ``left`` gives the seconds left. Without a limit (replay order) no clock has a say in the plan.
    ``judging`` says what comes behind the last step, ``work`` what later steps cost.
    """

    def __init__(
        self,
        clock: Clock,
        left: Callable[[], float | None],
        planned: int,
        judging: Judging = Judging(),
        work: Work = even,
    ) -> None:
        self.clock = clock
        self._left = left
        self._planned = planned
        self._judging = judging
        self._work = work
        self._worked = self._judged = 0.0
        self._validation: float | None = None
        self._least = min(_LEAST_RESERVE * (left() or 0.0), _MOST_LEAST_RESERVE)
        self._done = 1.0  # the part of the plan when it was last held; before, it may not grow
        self._started = self._held = self._stepped = clock()
        self._steps = -1  # the first step is the slowest by far and does not count

    def step(self, progress: Progress) -> None:
        """Count a step."""
        self._steps += 1
        self._stepped = self.clock()
        if self._steps == 0:
            self._started = self._stepped
        else:
            at, steps = progress.step, progress.steps
            self._worked += self._work(at - 1, steps) - self._work(at, steps)
        if self._steps in _PROBES or self._stepped - self._held > _HELD:
            self._shorten(progress)

    def plan(self, progress: Progress) -> None:
        """Plan no more steps than the time left allows, once an epoch has been validated.

        What the first steps made of the plan may be taken back within the first epoch and the
        plan's early part; later only so far that the part done does not get smaller.
        """
        self._validation = self.clock() - self._stepped
        self._judged += self._validation
        self._shorten(progress)

    def _shorten(self, progress: Progress) -> None:
        self._held = self.clock()
        left = self._left()
        if left is None or self._steps < 1 or progress.step >= progress.steps:
            return
        a_step = max(1e-9, self._held - self._started - self._judged) / self._worked
        judged = self._judged / self._steps
        known = self._validation
        validation = self._judging.steps * a_step if known is None else known
        reserve = max(self._least, min(_RESERVE * left, _MOST_RESERVE))
        time = max(0.0, left - reserve - self._judging.to_come * validation)

        def seconds(steps: int) -> float:
            rest = steps - progress.step
            return a_step * self._work(progress.step, steps) + judged * rest

        early = progress.epoch <= 1 or progress.step <= _EARLY * progress.steps
        grown = max(progress.steps, int(progress.step / self._done))
        most = self._planned if early else min(self._planned, grown)
        plans = range(progress.step, most + 1)
        progress.steps = plans[bisect_right(plans, time, key=seconds) - 1]
        self._done = progress.step / progress.steps
