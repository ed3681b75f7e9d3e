"""A runner that leaves no more behind than it must."""

from dataclasses import dataclass

from automl.core.lean import give_back
from automl.core.trial import Attempt, Turn
from workers.drain import Runner
from workers.line import Hold, Line


@dataclass(frozen=True, slots=True)
class Tidy:
    """Does what ``runner`` does, and gives back what its work took before there is other work.

    Its neighbours train meanwhile: what one worker holds from its last trial, all of them lack.
    """

    runner: Runner

    def answer(self, turn: Turn) -> Attempt | None:
        """Return the study's next trial, leased, or None."""
        return self.runner.answer(turn)

    def run(self, work: Hold, line: Line) -> None:
        """Do the work; its outcome is in the store when this returns."""
        self.runner.run(work, line)
        give_back()
