"""How trials end, or come back to wait: exactly once each, by whoever holds the token."""

import math
from typing import Any

from sqlalchemy import RowMapping, bindparam, select, update

from automl.core import metric
from automl.core.catalog import EventType, TrialFailure, TrialState
from automl.core.errors import LeaseLost
from automl.core.leases import Outcome
from automl.core.trial import Attempt
from automl.store import links
from automl.store.ledger import Ledger
from automl.store.tables import trials

KEPT_TRIALS = 100
"""How many of the best trials keep their arrays, the food of the ensemble, beside the best of each
family: the finish takes those in too."""

LOSSES = 50
"""How often a trial may be given back or lose its worker."""

_HELD = select(
    trials.c.study_id,
    trials.c.number,
    trials.c.state,
    trials.c.family,
    trials.c.worker,
    trials.c.token,
    trials.c.attempts,
    trials.c.crashes,
    trials.c.losses,
    trials.c.checkpoint,
    trials.c.checkpointed,
).where(trials.c.study_id == bindparam("study"), trials.c.number == bindparam("trial"))

WITH_ARRAYS = select(
    trials.c.number, trials.c.family, trials.c.value, trials.c.out_of_fold, trials.c.fitted
).where(trials.c.study_id == bindparam("study"), trials.c.out_of_fold.is_not(None))
"""What every completed trial looks through."""

_CHANGE = update(trials).where(
    trials.c.study_id == bindparam("held_study"),
    trials.c.number == bindparam("held_trial"),
    trials.c.token == bindparam("held_token"),
    trials.c.state == TrialState.RUNNING.value,
)

_FORGET = (
    update(trials)
    .where(trials.c.study_id == bindparam("study"), trials.c.number == bindparam("trial"))
    .values(out_of_fold=None, fitted=None)
)


def hold(ledger: Ledger, attempt: Attempt) -> RowMapping:
    """Return the row of the trial that the attempt holds.

    Raises:
        LeaseLost: it is held under a newer token, waits or has its outcome.
    """
    key = {"study": attempt.study_id, "trial": attempt.number}
    row = ledger.tx.writer.execute(_HELD, key).mappings().first()
    if row is None or row["token"] != attempt.token or row["state"] != TrialState.RUNNING.value:
        raise LeaseLost
    return row


def complete(ledger: Ledger, attempt: Attempt, outcome: Outcome) -> None:
    """End the trial with its value, which may be the study's best."""
    row = hold(ledger, attempt)
    if not math.isfinite(outcome.value):
        text = f"the metric of the out-of-fold predictions is {outcome.value}"
        fail(ledger, row, TrialFailure.NON_FINITE_LOSS, text, outcome.seconds)
        return
    links.hold(ledger.tx, outcome.out_of_fold, outcome.fitted)
    _end(
        ledger,
        row,
        TrialState.COMPLETE,
        value=outcome.value,
        fold_values=list(outcome.fold_values),
        epochs=outcome.epochs,
        seconds=outcome.seconds,
        parameters=outcome.parameters,
        out_of_fold=outcome.out_of_fold,
        fitted=outcome.fitted,
        rungs=list(outcome.rungs),
    )
    ledger.event(
        EventType.TRIAL_COMPLETED,
        **_who(row),
        value=outcome.value,
        seconds=outcome.seconds,
        epochs=outcome.epochs,
    )
    _best(ledger, row, outcome.value)
    if ledger.study.complete > KEPT_TRIALS:
        _keep_best(ledger)


def end(
    ledger: Ledger, row: RowMapping, state: TrialState, seconds: float | None, **why: Any
) -> None:
    """End a running trial without a value: pruned, failed or cancelled."""
    _end(ledger, row, state, seconds=seconds, **why)
    reason = {} if why.get("reason") is None else {"reason": why["reason"]}
    ledger.event(EventType(f"trial.{state.value}"), **_who(row), **reason)


def fail(
    ledger: Ledger, row: RowMapping, reason: TrialFailure, message: str, seconds: float | None
) -> None:
    """End a running trial as failed."""
    end(ledger, row, TrialState.FAILED, seconds, reason=reason.value, message=message)


def crash(ledger: Ledger, row: RowMapping, max_attempts: int) -> None:
    """Give a trial back whose child died, or fail it when that happened too often.

    A crash counts only where the attempt left no checkpoint: otherwise the trial gets on.
    """
    ledger.study.crashes += 1
    if row["checkpointed"]:
        retry(ledger, row, TrialFailure.WORKER_CRASH)
    elif row["crashes"] + 1 >= max_attempts:
        text = f"the training process died in {max_attempts} attempts without a checkpoint"
        fail(ledger, row, TrialFailure.WORKER_CRASH, text, None)
    else:
        _back(ledger, row, crashes=row["crashes"] + 1)
        _retried(ledger, row, TrialFailure.WORKER_CRASH)


def retry(ledger: Ledger, row: RowMapping, reason: TrialFailure) -> None:
    """Give a trial back that lost its worker through no fault of its own."""
    if row["losses"] + 1 >= LOSSES:
        fail(ledger, row, TrialFailure.WORKER_LOST, f"the trial lost {LOSSES} workers", None)
    else:
        _back(ledger, row, losses=row["losses"] + 1)
        _retried(ledger, row, reason)


def release(ledger: Ledger, row: RowMapping) -> None:
    """Give a trial back unharmed."""
    if row["losses"] + 1 >= LOSSES:
        fail(ledger, row, TrialFailure.WORKER_LOST, f"the trial was given back {LOSSES}×", None)
    else:
        _back(ledger, row, losses=row["losses"] + 1)
        ledger.event(EventType.TRIAL_RELEASED, **_who(row))


def give_way(ledger: Ledger, row: RowMapping) -> None:
    """Give a trial's place to a study that has none: it waits at its checkpoint of just now.

    Nothing counts against it, and its study had its turn until now.
    """
    ledger.study.served_at = ledger.now
    _change(ledger, row, TrialState.WAITING)
    ledger.event(EventType.TRIAL_RELEASED, **_who(row))


def _who(row: RowMapping) -> dict[str, Any]:
    return {
        "trial": row["number"],
        "family": row["family"],
        "attempt": row["attempts"],
        "worker": row["worker"],
    }


def _retried(ledger: Ledger, row: RowMapping, reason: TrialFailure) -> None:
    ledger.event(EventType.TRIAL_RETRIED, **_who(row), reason=reason.value)


def _back(ledger: Ledger, row: RowMapping, **counted: int) -> None:
    """Let the trial wait for whoever is free first, before all that is new."""
    _change(ledger, row, TrialState.WAITING, checkpointed=False, **counted)


def _end(ledger: Ledger, row: RowMapping, state: TrialState, **values: Any) -> None:
    ledger.study.trial_seconds += values["seconds"] or 0.0
    _change(ledger, row, state, finished_at=ledger.now, checkpoint=None, **values)
    ledger.closed(row["number"])
    links.let_go(ledger.tx, row["checkpoint"])


def _change(ledger: Ledger, row: RowMapping, state: TrialState, **values: Any) -> None:
    changed = ledger.tx.writer.execute(
        _CHANGE,
        {
            "held_study": row["study_id"],
            "held_trial": row["number"],
            "held_token": row["token"],
            "state": state.value,
            "lease_until": None,
            **values,
        },
    )
    if not changed.rowcount:
        raise LeaseLost
    ledger.move(TrialState.RUNNING, state)


def _best(ledger: Ledger, row: RowMapping, value: float) -> None:
    """Note the study's best; of equal values that of the lower number, whoever came first."""
    study, number = ledger.study, row["number"]
    tie = study.best_value == value and (study.best_trial is None or number < study.best_trial)
    if tie or metric.better(ledger.metric, value, study.best_value):
        study.best_trial, study.best_family, study.best_value = number, row["family"], value
        ledger.event(EventType.STUDY_BEST, trial=number, family=row["family"], value=value)


def _keep_best(ledger: Ledger) -> None:
    """Let go of the arrays of every trial that is neither among the best nor its family's best."""
    found = ledger.tx.writer.execute(WITH_ARRAYS, {"study": ledger.study.id}).all()
    sign = -1.0 if metric.maximize(ledger.metric) else 1.0
    found = sorted(found, key=lambda row: (sign * row.value, row.number))
    firsts = {row.family: row.number for row in reversed(found)}
    for number, family, _, out_of_fold, fitted in found[KEPT_TRIALS:]:
        if firsts[family] == number:
            continue
        ledger.tx.writer.execute(_FORGET, {"study": ledger.study.id, "trial": number})
        links.let_go(ledger.tx, out_of_fold, fitted)
