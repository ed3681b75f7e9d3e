"""What a study's owner may do to it: cancel, pause, resume. All under the study's lock."""

from automl.core.catalog import EventType, StudyFailure, StudyStatus
from automl.core.errors import DatasetGone, StudyState
from automl.core.study import Budget, finish_reserve
from automl.store.datasets import lock_datasets
from automl.store.ledger import Ledger, Standing
from automl.store.settle import end_search, settle

_MENDED = (StudyFailure.DISK_FULL.value, StudyFailure.DATASET_UNUSABLE.value)
"""What an owner may have mended meanwhile: a finish that failed so is worth another one."""


def cancel(ledger: Ledger) -> bool:
    """End the search now; returns False where the owner did so before.

    Raises:
        StudyState: the study has ended otherwise.
    """
    study = ledger.study
    if study.status in (StudyStatus.SUCCEEDED, StudyStatus.FAILED):
        raise StudyState(f"the study has {study.status} already")
    if study.cancelling:
        return False
    study.cancelling = True
    if study.status is not StudyStatus.FINALIZING:
        _end_pause(ledger)
        end_search(ledger)
    return True


def pause(ledger: Ledger) -> bool:
    """Stop the study's clock; its trials are given back at their next heartbeats.

    Raises:
        StudyState: the study's search is over.
    """
    study = ledger.study
    if study.status is StudyStatus.PAUSED:
        return False
    if study.status in (StudyStatus.QUEUED, StudyStatus.RUNNING) and not settle(ledger):
        study.status = StudyStatus.PAUSED
        study.paused_at = ledger.now
        ledger.event(EventType.STUDY_PAUSED)
        return True
    stands = "is finalizing" if study.status is StudyStatus.FINALIZING else f"has {study.status}"
    if study.status is StudyStatus.CANCELLED:
        stands = "was cancelled"
    raise StudyState(f"the study {stands}; only a queued or running one can be paused")


def resume(ledger: Ledger, add: Budget | None) -> bool:
    """Go on, with more to spend where ``add`` says so.

    Raises:
        StudyState: the study is finishing, or its budget is spent and not added to.
        DatasetGone: its dataset was removed.
    """
    study = ledger.study
    if study.status is StudyStatus.FINALIZING:
        raise StudyState("the study is finalizing; resume it when it has ended")
    if not study.status.ended:
        return _go_on(ledger, add)
    if not lock_datasets(ledger.tx, study.dataset_id, study.test_dataset_id):
        raise DatasetGone
    _reopen(ledger, add)
    return True


def _go_on(ledger: Ledger, add: Budget | None) -> bool:
    """Resume a paused study, or give a running one more to spend."""
    study = ledger.study
    if study.status is not StudyStatus.PAUSED and add is None:
        return False
    _end_pause(ledger)
    if add is not None:
        _extend(study, add)
        if add.seconds is not None and study.search_ends_at is not None:
            study.search_ends_at += add.seconds - 0.06 * add.seconds
    _running(ledger)
    return True


def _reopen(ledger: Ledger, add: Budget | None) -> None:
    """Go on after the end: the log goes on too, the old model stays until there is a new one."""
    study = ledger.study
    if add is None and study.finalizing_at is not None and study.error_reason in _MENDED:
        _finish_again(ledger)
        return
    starved = study.error_reason == StudyFailure.NO_WORKER.value
    if add is None and not starved and _searched_to_the_end(study):
        raise StudyState(f"the study's {study.seconds:g} s are spent; add seconds to its budget")
    study.paused_at = study.finished_at  # what passed since then is a pause
    if starved and study.started_at is not None and add is None:
        study.paused_at = study.started_at + study.paused_seconds  # it gets its seconds again
    _end_pause(ledger)
    if add is not None:
        _extend(study, add)
    left = _seconds_left(ledger)
    if left is not None and left <= finish_reserve(left, study.outputs):
        raise StudyState(f"the study's {study.seconds:g} s are spent; add seconds to its budget")
    if study.trials is not None and study.next_number >= study.trials:
        raise StudyState(f"the study's {study.trials} trials are spent; add trials to its budget")
    if study.started_at is not None and left is not None:
        study.search_ends_at = ledger.now + left - finish_reserve(left, study.outputs)
    study.finished_at = study.finalizing_at = None
    study.error_reason = study.error_detail = None
    study.cancelling = study.exhausted = False
    study.finish_crashes = 0
    study.queued_at = ledger.now
    _running(ledger)


def _finish_again(ledger: Ledger) -> None:
    """Build the model that could not be: the search is over, and its results are all there."""
    study = ledger.study
    study.paused_at = study.finished_at
    _end_pause(ledger)
    study.finished_at = study.error_reason = study.error_detail = None
    _running(ledger)
    end_search(ledger)


def _running(ledger: Ledger) -> None:
    study = ledger.study
    study.status = StudyStatus.QUEUED if study.started_at is None else StudyStatus.RUNNING
    study.version += 1
    ledger.event(
        EventType.STUDY_RESUMED,
        status=study.status.value,
        budget={"seconds": study.seconds, "trials": study.trials},
    )


def _end_pause(ledger: Ledger) -> None:
    study = ledger.study
    if study.paused_at is None:
        return
    if study.started_at is None:
        study.queued_at = ledger.now  # whoever was free for it meanwhile was not wanted
    else:
        pause_seconds = ledger.now - study.paused_at
        study.paused_seconds += pause_seconds
        if study.search_ends_at is not None:
            study.search_ends_at += pause_seconds
    study.paused_at = None


def _extend(study: Standing, add: Budget) -> None:
    study.exhausted = False
    if add.seconds is not None:
        if study.seconds is None:
            raise StudyState("the study's budget is in trials alone; add trials, not seconds")
        study.seconds += add.seconds
    if add.trials is not None:
        study.trials = (study.next_number if study.trials is None else study.trials) + add.trials


def _searched_to_the_end(study: Standing) -> bool:
    ends_at, finished_at = study.search_ends_at, study.finished_at
    return ends_at is not None and finished_at is not None and ends_at <= finished_at


def _seconds_left(ledger: Ledger) -> float | None:
    study = ledger.study
    return study.seconds if study.ends_at is None else study.ends_at - ledger.now
