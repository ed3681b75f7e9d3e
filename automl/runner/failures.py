"""What broke, in words that a row may hold."""

import errno

import structlog

from automl.core.catalog import StudyFailure, TrialFailure
from automl.core.errors import (
    ArtifactCorrupt,
    DiskFull,
    ExportFailed,
    NotFound,
    NothingTrained,
    StudyError,
    TrialError,
)

log = structlog.get_logger()


def trial_failure(error: Exception) -> tuple[TrialFailure, str]:
    """Return the reason on the row; no text of a foreign exception, it may name server paths."""
    if isinstance(error, TrialError):
        return error.failure, str(error)
    if out_of_memory(error):
        return TrialFailure.OUT_OF_MEMORY, "Training needs more memory than the worker has."
    if _full(error):
        return TrialFailure.DISK_FULL, "The disk is full; the result could not be stored."
    log.error("trial.broken", exc_info=error)
    name = type(error).__name__
    return TrialFailure.INTERNAL, f"Training broke with {name}; the worker's log has the traceback."


def out_of_memory(error: Exception) -> bool:
    """Return whether a fit did not fit."""
    if isinstance(error, TrialError):
        return error.failure is TrialFailure.OUT_OF_MEMORY
    # torch's error for a full device is no MemoryError, and torch need not be loaded to know it.
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"


def without_rows(error: NotFound | ArtifactCorrupt | DiskFull) -> StudyError:
    """Return what to say of a study whose rows cannot be had, for no candidate can mend that."""
    if isinstance(error, DiskFull):
        detail = "The disk is full; the data found no room on it. Make room and resume the study."
        return StudyError(StudyFailure.DISK_FULL, detail)
    state = "missing" if isinstance(error, NotFound) else "damaged"
    detail = (
        f"The dataset's stored bytes are {state}. Restore them from a backup and resume the study,"
        " or upload the dataset again and start a new one."
    )
    return StudyError(StudyFailure.DATASET_UNUSABLE, detail)


def search_failure(error: Exception) -> str:
    """Return what to say of a study whose search cannot tell what to try next."""
    name = type(error).__name__
    return f"The search broke with {name}; the worker's log has the traceback."


def study_failure(error: Exception) -> tuple[StudyFailure, str]:
    """Return the reason on the study's row, and what to do about it where something can be."""
    if isinstance(error, StudyError):
        return error.failure, str(error)
    if isinstance(error, NothingTrained):
        return StudyFailure.NO_TRIAL_COMPLETED, str(error)
    if isinstance(error, ExportFailed):
        return StudyFailure.EXPORT_FAILED, str(error)
    if _full(error):
        detail = "The disk is full; the model could not be stored. Make room and resume the study."
        return StudyFailure.DISK_FULL, detail
    log.error("study.broken", exc_info=error)
    name = type(error).__name__
    return (
        StudyFailure.INTERNAL,
        f"The finish broke with {name}; the worker's log has the traceback.",
    )


def _full(error: Exception) -> bool:
    no_room = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return no_room or isinstance(error, DiskFull)
