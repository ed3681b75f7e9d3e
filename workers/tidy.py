"""A runner that leaves no more behind than it must."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from automl.core.lean import give_back, let_go_of_files
from automl.core.trial import Attempt, Finish, Turn
from workers.drain import Runner
from workers.line import Hold, Line

PAUSE_SECONDS = 2.0
"""Between two times that files are let go of before trials: short ones would feel it."""


@dataclass(slots=True)
class Tidy:
    """Does what ``runner`` does, and gives back what its work took before there is other work.

    Its neighbours train meanwhile: what one worker holds from its last trial, all of them lack. So
    with libraries' files, which each trial finds again as far as it needs them.
    """

    runner: Runner
    clock: Callable[[], float] = time.monotonic
    _next: float = -math.inf
    """When to let go of files again, by the clock."""

    def answer(self, turn: Turn) -> Attempt | None:
        """Return the study's next trial, leased, or None."""
        return self.runner.answer(turn)

    def run(self, work: Hold, line: Line) -> None:
        """Do the work; its outcome is in the store when this returns."""
        # A study takes most in a finish, which needs no library that trained for it.
        if isinstance(work, Finish) or self.clock() >= self._next:
            let_go_of_files()
            self._next = self.clock() + PAUSE_SECONDS
        self.runner.run(work, line)
        give_back()
