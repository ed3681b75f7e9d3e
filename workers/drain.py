"""The child's loop: claim, run, commit, claim the next, until nothing comes for a while."""

import time
from collections.abc import Callable
from typing import Protocol

import structlog

from automl.core.errors import Unavailable
from automl.core.leases import Leases
from automl.core.trial import Attempt, Turn
from workers.line import Hold, Line

PATIENCE_SECONDS = 30.0
"""A child without work stays warm for so long; then it goes, and its memory with it."""

IDLE_SECONDS = 0.05
LONGEST_IDLE_SECONDS = 0.4
"""Between two looks for work while warm: twice as long after each in vain, until a bell rings."""

AWAY_SECONDS = 0.5
"""Between two looks while the store is away."""

log = structlog.get_logger()


class Runner(Protocol):
    """What is done with work; `automl.runner.Runner`."""

    def answer(self, turn: Turn) -> Attempt | None:
        """Return the study's next trial, leased, or None."""

    def run(self, work: Hold, line: Line) -> None:
        """Do the work, and what it takes to train beside it; all outcomes are in the store then."""


def drain(
    leases: Leases,
    runner: Runner,
    line: Line,
    *,
    worker: str,
    patience: float = PATIENCE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Work until nothing was claimable for ``patience`` seconds or the line says to leave.

    Args:
        leases: where work is claimed.
        runner: what does it.
        line: where the parent is told of every hold, and gives its orders.
        worker: the worker's id.
        patience: seconds.
        clock: monotonic seconds.
    """
    busy_at, idle = clock(), IDLE_SECONDS
    while not line.leaving:
        work = _next(leases, runner, line, worker)
        if work is not None:
            line.take(work)
            runner.run(work, line)
            line.let_go_of_all()
            busy_at, idle = clock(), IDLE_SECONDS
        elif clock() - busy_at >= patience:
            return
        else:
            rung = line.listen(idle)
            idle = IDLE_SECONDS if rung else min(2.0 * idle, LONGEST_IDLE_SECONDS)


def _next(leases: Leases, runner: Runner, line: Line, worker: str) -> Hold | None:
    try:
        claim = leases.claim(worker)
        return _answered(runner, line, claim) if isinstance(claim, Turn) else claim
    except Unavailable as error:
        line.let_go_of_all()
        log.warning("store.away", detail=str(error.__cause__ or error))
        line.listen(AWAY_SECONDS)
        return None


def _answered(runner: Runner, line: Line, turn: Turn) -> Attempt | None:
    """Return the answer of a turn, of which the parent knows until there is one.

    What ends this process meanwhile, from outside or as an error that nobody foresaw, is counted
    against the study: else it would end every child that comes, and no other study had a turn.
    """
    line.take(turn)
    attempt = runner.answer(turn)
    line.let_go(turn)
    return attempt
