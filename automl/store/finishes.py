"""The last step of a study: published, given up, crashed or lost."""

from automl.core.catalog import EventType, StudyFailure, StudyStatus
from automl.core.errors import LeaseLost
from automl.core.fault import fault
from automl.core.model import Model
from automl.core.trial import Finish
from automl.store import settle
from automl.store.ends import LOSSES
from automl.store.ledger import Ledger
from automl.store.models import insert_model


def check(ledger: Ledger, finish: Finish) -> None:
    """Make sure that the finish is still held under its token.

    Raises:
        LeaseLost: it is not.
    """
    study = ledger.study
    if study.status is not StudyStatus.FINALIZING or study.finish_token != finish.token:
        raise LeaseLost


def publish(ledger: Ledger, finish: Finish, model: Model) -> None:
    """Store the model and end the study with it."""
    check(ledger, finish)
    fault("model.before_row")
    insert_model(ledger.tx, model)
    study = ledger.study
    study.model_id = model.id
    settle.finish(ledger, StudyStatus.CANCELLED if study.cancelling else StudyStatus.SUCCEEDED)


def crash(ledger: Ledger, finish: Finish, max_attempts: int) -> None:
    """Let another worker try the finish, or give up when its child died too often."""
    check(ledger, finish)
    study = ledger.study
    study.finish_crashes += 1
    study.crashes += 1
    if study.finish_crashes >= max_attempts:
        detail = f"the process that built the model died {max_attempts} times"
        settle.fail(ledger, StudyFailure.INTERNAL, detail)
    else:
        _back(ledger)


def lose(ledger: Ledger) -> bool:
    """Let another worker try a finish whose lease has lapsed; returns whether it had."""
    study = ledger.study
    if study.status is not StudyStatus.FINALIZING or study.finish_until is None:
        return False
    if study.finish_until >= ledger.now:
        return False
    ledger.event(EventType.WORKER_LOST, worker=study.finish_worker)
    study.finish_losses += 1
    if study.finish_losses >= LOSSES:
        settle.fail(ledger, StudyFailure.INTERNAL, f"the finish lost {LOSSES} workers")
    else:
        _back(ledger)
    return True


def _back(ledger: Ledger) -> None:
    study = ledger.study
    study.finish_token += 1  # what the last holder still sends comes too late
    study.finish_worker = study.finish_until = None
