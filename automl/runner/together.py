"""Trials that a worker trains as one program: each has its row as soon as it ends."""

from collections.abc import Callable, Sequence

import structlog

from automl.core.leases import Order
from automl.core.state import State
from automl.core.trial import Attempt
from automl.runner.control import AttemptControl, Line
from automl.runner.way import Way
from automl.search.evaluate import Evaluation
from automl.search.group import Member, evaluate_together
from automl.search.prepare import Prepared
from automl.search.rungs import Bars
from automl.training.strides import Strides

log = structlog.get_logger()

Result = Evaluation | Exception | None
"""What a trial ended with; None: the program broke before."""


class Together:
    """Trials in training together.

    The lane of one that ended is filled again while one of the first trains on: these keep the
    worker busy anyway, and pruning empties lanes early. Once the last of them has ended nobody
    joins, the others end too, and the worker turns to whoever waits. Nor does anybody join those
    that hurry for the sake of others.

    Args:
        attempts: the first of them.
        line: to the parent, who knows that these are held.
        join: begins one more beside an attempt, of so many that are held; None: there is none.
        control: gives the control of one, and its checkpoint.
        bars: gives what one must reach.
        settle: writes down how one ended.
        strides: is told what steps take.
        way: says whether they give way; is told of each that has ended.
    """

    def __init__(
        self,
        attempts: Sequence[Attempt],
        line: Line,
        *,
        join: Callable[[Attempt, int], Attempt | None],
        control: Callable[[Attempt], tuple[AttemptControl, State | None]],
        bars: Callable[[Attempt], Bars],
        settle: Callable[[Attempt, AttemptControl, Result], None],
        strides: Strides,
        way: Way,
    ) -> None:
        self._first = tuple(attempts)
        self._line = line
        self._join = join
        self._control = control
        self._bars = bars
        self._settle = settle
        self._strides = strides
        self._way = way
        self._open: dict[int, Callable[[Result], None]] = {}
        """How those that train are told of their end, by number."""

    def train(self, prepared: Prepared, *, device: str, threads: int) -> None:
        """Train them all; every outcome is a row when this returns."""
        members = [self._member(attempt) for attempt in self._first]
        try:
            evaluate_together(
                prepared,
                members,
                device=device,
                threads=threads,
                refill=self._refill,
                strides=self._strides,
            )
        except Exception:
            log.exception("group.broken", trials=list(self._open))
        for ended in tuple(self._open.values()):
            ended(None)

    def _member(self, attempt: Attempt) -> Member:
        control, resume = self._control(attempt)

        def ended(result: Result) -> None:
            if self._open.pop(attempt.number, None) is not None:
                self._way.leave(attempt)
                self._settle(attempt, control, result)
                self._line.let_go(attempt)

        self._open[attempt.number] = ended
        return Member(attempt.candidate, control, self._bars(attempt), resume, ended)

    def _refill(self) -> Member | None:
        """Return one more, begun for the lane of one that ended."""
        first = next((each for each in self._first if each.number in self._open), None)
        if first is None or self._way.end or self._line.order(first) is not Order.GO_ON:
            return None
        found = self._join(first, len(self._open))
        return None if found is None else self._member(found)
