"""A runner that leaves no more behind than it must."""

from dataclasses import dataclass

from automl.core.lean import give_back, let_go_of_files
from automl.core.trial import Attempt, Finish, Turn
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
        if isinstance(work, Finish):  # a study takes most here, and no library that trained for it
            let_go_of_files()
        self.runner.run(work, line)
        give_back()
