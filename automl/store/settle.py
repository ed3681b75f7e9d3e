"""The end of a search: when nothing more may be asked and nothing is open, the finish is due.

Nobody is in charge of it. Whoever holds the study's lock calls ``settle``; the state in the row
decides, so that it does not matter who comes first or how often.
"""

from collections import Counter
from typing import Any

from sqlalchemy import case, select, update

from automl.core.catalog import EventType, StudyFailure, StudyStatus, TrialFailure, TrialState
from automl.store import links
from automl.store.ledger import Ledger
from automl.store.tables import trials

_OPEN = (TrialState.WAITING.value, TrialState.RUNNING.value)
_SEARCHING = (StudyStatus.QUEUED, StudyStatus.RUNNING)


def settle(ledger: Ledger) -> bool:
    """End the search if it is over; returns whether it was."""
    study = ledger.study
    over = study.overdue(ledger.now) or (study.spent and not study.open)
    if study.status not in _SEARCHING or not over:
        return False
    end_search(ledger)
    return True


def exhaust(ledger: Ledger, broke: str = "") -> None:
    """Ask for no more: the search is over when nothing is open.

    ``broke`` says how it broke, if it did: a study that has nothing fails with it.
    """
    study = ledger.study
    study.exhausted = True
    if broke and not (study.complete or study.open):
        fail(ledger, StudyFailure.INTERNAL, broke)
    settle(ledger)


def end_search(ledger: Ledger) -> None:
    """Cancel what is open; then the finish is due, or there is nothing to finish."""
    study = ledger.study
    cancel_open(ledger)
    if study.complete:
        study.status = StudyStatus.FINALIZING
        study.finalizing_at = ledger.now
        study.paused_at = None
        study.finish_token += 1  # of a resumed study: what was sent for the last finish comes late
        study.finish_worker = study.finish_until = None
        study.finish_crashes = study.finish_losses = 0
        ledger.event(EventType.STUDY_FINALIZING)
    elif study.cancelling:
        finish(ledger, StudyStatus.CANCELLED)
    else:
        fail(ledger, StudyFailure.NO_TRIAL_COMPLETED, _why_none(ledger))


def fail(ledger: Ledger, reason: StudyFailure, detail: str) -> None:
    """End the study without a (new) model."""
    cancel_open(ledger)
    ledger.study.error_reason = reason.value
    ledger.study.error_detail = detail
    finish(ledger, StudyStatus.FAILED, reason=reason.value, detail=detail)


def finish(ledger: Ledger, status: StudyStatus, **data: Any) -> None:
    """End the study: succeeded, failed or cancelled."""
    study = ledger.study
    study.status = status
    study.finished_at = ledger.now
    study.paused_at = None
    study.finish_worker = study.finish_until = None
    ledger.event(EventType(f"study.{status.value}"), model_id=study.model_id, **data)


def cancel_open(ledger: Ledger) -> None:
    """End every trial without an outcome; its holder's token is worth nothing from then on."""
    study = ledger.study
    if not study.open:
        return
    where = (trials.c.study_id == study.id, trials.c.state.in_(_OPEN))
    query = (
        select(trials.c.number, trials.c.state, trials.c.checkpoint)
        .where(*where)
        .order_by(trials.c.number)
    )
    found = ledger.tx.writer.execute(query).all()
    ledger.tx.writer.execute(
        update(trials)
        .where(*where)
        .values(
            state=TrialState.CANCELLED.value,
            finished_at=ledger.now,
            seconds=case(
                (trials.c.state == TrialState.RUNNING.value, ledger.now - trials.c.started_at),
                else_=trials.c.seconds,
            ),
            lease_until=None,
            checkpoint=None,
        )
    )
    for number, state, _ in found:
        ledger.move(TrialState(state), TrialState.CANCELLED)
        ledger.event(EventType.TRIAL_CANCELLED, trial=number)
    study.open_from = study.next_number
    links.let_go(ledger.tx, *(checkpoint for _, _, checkpoint in found))


def _why_none(ledger: Ledger) -> str:
    study = ledger.study
    if not study.next_number:
        return (
            "the search ended before a worker could start its first trial; give the study more"
            " seconds or a higher priority, or the service more workers"
        )
    query = select(trials.c.reason, trials.c.message).where(
        trials.c.study_id == study.id, trials.c.state == TrialState.FAILED.value
    )
    failures = ledger.tx.writer.execute(query).all()
    text = f"none of {study.next_number} trials completed"
    if not failures:
        return f"{text}; give the study more time"
    reasons = Counter(str(reason) for reason, _ in failures)
    reason, count = reasons.most_common(1)[0]
    message = next(message for name, message in failures if name == reason)
    return f"{text}; {count} failed with {TrialFailure(reason).value}: {message}"
