"""When a worker's trials in training give their place to a study that has no worker: all at once.

A trial alone is a group of one here. With a checkpoint one of them asks for all that train
together; once the answer is yes, each waits at a checkpoint of the same moment.
"""

import time

from automl import families
from automl.core.errors import Unavailable
from automl.core.leases import Leases
from automl.core.trial import Attempt

READY_SHARE = 0.1
"""Of a worker's time with trials at most this share goes into rows and networks that trials which
gave way need anew: so long they keep their place."""

HURRY = 0.5
"""In this part of the seconds left a network plans to end that keeps its place though others wait:
to the last of two that began together little would be left."""


class Way:
    """Whether those that a worker trains give way.

    Args:
        leases: who knows who waits.
        pause: seconds between two questions, at least.
        taken: when the worker took them up, monotonic seconds; None: now.
    """

    def __init__(self, leases: Leases, *, pause: float, taken: float | None = None) -> None:
        self._leases = leases
        self._pause = pause
        self._taken = time.monotonic() if taken is None else taken
        self._ready: float | None = None
        self._asked: float | None = None
        self._since: dict[int, float] = {}
        """When each would have begun that trained without a break, by number."""
        self.given = False
        """Whether all of them give way."""
        self.end: float | None = None
        """By when they plan to end, monotonic seconds: for the sake of others."""

    def join(self, attempt: Attempt, spent: float) -> None:
        """Count a trial in, which was trained for so many seconds before."""
        self._since[attempt.number] = time.monotonic() - spent

    def leave(self, attempt: Attempt) -> None:
        """Count a trial out that has ended."""
        self._since.pop(attempt.number, None)

    def begun(self) -> None:
        """Note that rows and networks are ready, and training begins; again is as good as once."""
        self._ready = self._ready or time.monotonic()

    def gives(self, attempt: Attempt, left: float | None) -> bool:
        """Return whether a trial gives way now that it has just stored a checkpoint.

        Otherwise it hurries where others wait and all might be lost that went into the trials. It
        might once less time is left than they took so far: they could not be repeated.

        Args:
            attempt: the trial.
            left: seconds of the search, None without a limit.
        """
        if self.given or not self._blocks(attempt):
            return self.given
        now = time.monotonic()
        if left is None or left >= now - min(self._since.values()):
            self.given = True
        elif self.end is None and families.scheduled(attempt.candidate.family):
            self.end = now + HURRY * left
        return self.given

    def _blocks(self, attempt: Attempt) -> bool:
        """Return whether a study without a worker should have the place of these trials."""
        now = time.monotonic()
        getting_ready = (self._ready or now) - self._taken
        if now - self._taken < getting_ready / READY_SHARE:
            return False
        if self._asked is not None and now - self._asked < self._pause:
            return False
        self._asked = now
        try:
            return self._leases.in_the_way(attempt, len(self._since))
        except Unavailable:
            return False
