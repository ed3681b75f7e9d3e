"""The answer of a turn becomes a leased trial: compare-and-set on the study's version."""

from sqlalchemy import insert

from automl.core.catalog import EventType, StudyStatus, TrialState
from automl.core.study import finish_reserve
from automl.core.trial import Attempt, Candidate, Turn
from automl.store.claim import started
from automl.store.ledger import Ledger
from automl.store.settle import exhaust
from automl.store.tables import trials

_ADD = insert(trials)

MAKING_READY = 0.25
"""Of a budget in seconds so much at most goes to a worker that loads its libraries and the data.
Who asked for a minute waits a minute, also where the libraries come from the disk first, which took
up to 11 s; but of ten seconds a cold start shall leave most."""


def begin(
    ledger: Ledger,
    worker: str,
    turn: Turn,
    candidate: Candidate,
    *,
    free: float,
    lease_seconds: float,
) -> Attempt | None:
    """Return the new trial, leased; None when the study moved on while it was asked.

    ``free`` is for how many seconds the worker has had no other work.
    """
    study = ledger.study
    if (study.version, study.next_number) != (turn.version, turn.number):
        return None
    if not study.asks(ledger.now):
        return None
    _start(ledger, free)
    ledger.tx.writer.execute(
        _ADD,
        {
            "study_id": study.id,
            "number": turn.number,
            "state": TrialState.RUNNING.value,
            "family": candidate.family.value,
            "params": dict(candidate.params),
            "fold_values": [],
            "started_at": ledger.now,
            "worker": worker,
            "token": 1,
            "lease_until": ledger.now + lease_seconds,
            "attempts": 1,
        },
    )
    study.version += 1
    study.next_number += 1
    study.finish_crashes = 0
    ledger.move(None, TrialState.RUNNING)
    started(ledger, turn.number, candidate, worker, 1)
    left = study.search_left(ledger.now)
    return Attempt(study.id, study.tenant, turn.number, 1, candidate, left, None)


def crash(ledger: Ledger, turn: Turn, max_attempts: int) -> None:
    """Note that a process died that asked for the trial; as many deaths as it may have end it all.

    They are counted until somebody begins it, whoever asked.
    """
    study = ledger.study
    if study.next_number != turn.number or not study.asks(ledger.now):
        return
    study.finish_crashes += 1
    study.crashes += 1
    if study.finish_crashes >= max_attempts:
        exhaust(ledger, f"the process that chose the next trial died {max_attempts} times")


def _start(ledger: Ledger, free: float) -> None:
    """Start the study's clock: when its first worker was free for it, and not only ready."""
    study = ledger.study
    if study.started_at is not None:
        return
    study.status = StudyStatus.RUNNING
    study.started_at = ledger.now
    if study.seconds is not None:
        waited = max(0.0, min(free, ledger.now - study.queued_at))
        study.started_at -= min(waited, MAKING_READY * study.seconds)
        study.search_ends_at = (
            study.started_at + study.seconds - finish_reserve(study.seconds, study.outputs)
        )
    ledger.event(EventType.STUDY_STARTED)
