"""Trials that a worker begins beside one that it has begun, to train them as one program."""

from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from automl.core.catalog import TrialState
from automl.core.errors import Unavailable
from automl.core.leases import Leases, Order
from automl.core.study import Study
from automl.core.trial import Attempt, Candidate, Trial, Turn
from automl.runner.control import Line
from automl.runner.studies import Studies
from automl.search import group
from automl.search.portfolio import portfolio
from automl.search.prepare import Prepared
from automl.training.strides import Strides

log = structlog.get_logger()


class Ask(Protocol):
    """Answers a turn with a candidate."""

    def __call__(
        self, study: Study, history: Sequence[Trial], turn: Turn, beside: Candidate
    ) -> Candidate | None:
        """Return one that can train beside another, None when there is none worth it."""


class Companions:
    """Begins trials for company.

    Never in replay order, whose bytes must not depend on who trains with whom; nor for the
    portfolio, whose candidates are each of another kind; nor for a trial of which an attempt was
    lost: what broke a group's process breaks only itself then, and the others keep their attempts.
    Those that gave way together go on together.

    Args:
        leases: where trials are begun.
        studies: as the worker sees them.
        ask: answers turns.
        worker: the worker's id.
        device: where networks train.
        strides: what steps took in this process.
    """

    def __init__(
        self,
        leases: Leases,
        studies: Studies,
        ask: Ask,
        *,
        worker: str,
        device: str,
        strides: Strides,
    ) -> None:
        self._leases = leases
        self._studies = studies
        self._ask = ask
        self._worker = worker
        self._device = device
        self._strides = strides

    def most(self, attempt: Attempt, study: Study, prepared: Prepared) -> int:
        """Return how many trials should train together with the attempt, itself included."""
        spec, plan = study.spec, study.plan
        if attempt.lost or spec.budget.replay or attempt.number < len(portfolio(spec, plan)):
            return 1
        return group.companions(
            prepared, attempt.candidate, device=self._device, strides=self._strides
        )

    def begin(self, attempt: Attempt, most: int, line: Line) -> list[Attempt]:
        """Return the trials begun to train beside an attempt, leased; the line knows of each.

        First those that gave way, as this one did.
        """
        begun = [] if attempt.first or most == 1 else self._back(attempt, most, line)
        while 1 + len(begun) < most and line.order(attempt) is Order.GO_ON:
            found = self.another(attempt, 1 + len(begun), most, line)
            if found is None:
                break
            begun.append(found)
        return begun

    def another(self, attempt: Attempt, held: int, most: int, line: Line) -> Attempt | None:
        """Return a trial begun to train beside an attempt, in a worker that holds ``held`` already.

        None when the store, the study or the search has none to give.

        Whatever goes wrong here is not the trial's fault that wanted company: it goes on without.
        """
        begun = self._held(lambda: self._begin(attempt, held, most), line)
        return begun[0] if begun else None

    def _back(self, attempt: Attempt, most: int, line: Line) -> list[Attempt]:
        """Return trials that gave way, leased again to go on beside an attempt that did."""

        def lease() -> Sequence[Attempt]:
            _, history = self._studies.look(attempt.tenant, attempt.study_id)
            waiting = [trial for trial in history if trial.state is TrialState.WAITING]
            shape = group.shape(attempt.candidate)
            alike = [each.number for each in waiting if group.shape(each.candidate) == shape]
            return self._leases.rejoin(self._worker, attempt, alike, most - 1) if alike else ()

        return self._held(lease, line)

    def _held(self, lease: Callable[[], Sequence[Attempt]], line: Line) -> list[Attempt]:
        """Return what was leased, which the line is told of; nothing where that went wrong."""
        try:
            found = list(lease())
        except Unavailable as error:
            log.warning("store.away", detail=str(error.__cause__ or error))
            return []
        except Exception:
            log.exception("companions.broken")
            return []
        for each in found:
            line.take(each)
        return found

    def _begin(self, attempt: Attempt, held: int, most: int) -> Sequence[Attempt]:
        turn = self._leases.another(attempt, held, most)
        if turn is None:
            return ()
        study, history = self._studies.look(attempt.tenant, attempt.study_id)
        candidate = self._ask(study, history, turn, attempt.candidate)
        if candidate is None:
            return ()
        begun = self._leases.begin(self._worker, turn, candidate)
        return () if begun is None else (begun,)
