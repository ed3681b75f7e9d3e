"""Everything that can go wrong by name.

AutoMLError
├── InvalidInput                 the request or the data is at fault
│   ├── DatasetUnreadable        a file cannot be parsed
│   ├── InvalidSpec              a study's spec does not fit the service or its dataset
│   ├── InvalidRows              rows to predict do not fit the model
│   ├── NotSupported             reserved, not built yet
│   ├── InvalidCursor            a cursor this service did not give out
│   └── TooLarge                 more bytes than the service takes
├── NotFound                     unknown, or another tenant's
├── QuotaExceeded                the tenant has as much as it may have
├── Conflict                     the resource's state forbids it
│   ├── DatasetInUse
│   ├── DatasetGone
│   ├── StudyState
│   ├── ModelNotReady
│   ├── IdempotencyKeyReused
│   └── IdempotencyInFlight
├── Unavailable                  a store is away or full; try again
│   ├── StoreUnavailable
│   │   └── SchemaMissing        its tables are still to be made
│   └── DiskFull
├── LeaseLost                    a worker's token is old: its write changed nothing
├── TrialStopped                 an evaluation was told to stop
│   ├── TrialPruned              others of its family were better at the same rung
│   └── TrialGivesWay            a study without a worker has its place
├── TrialError                   a candidate cannot be trained; becomes data on its row
├── StudyError                   no candidate of a study can be; becomes data on its row
├── NothingTrained               no trial was complete when the budget ended
├── ExportFailed                 no member survived the parity check
├── ArtifactCorrupt              stored bytes do not match their digest
└── InjectedFault                a test's fault point

Each class has a stable ``reason``; its docstring is the default message. None knows of HTTP:
``api/errors.py`` holds that table.
"""

from dataclasses import dataclass
from typing import ClassVar

from automl.core.catalog import StudyFailure, TrialFailure


@dataclass(frozen=True, slots=True)
class Detail:
    """One place at fault: a field of a request, or a line (and column) of a file, from 1."""

    message: str
    field: str | None = None
    line: int | None = None
    column: int | None = None


class AutoMLError(Exception):
    """Something went wrong."""

    reason: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str | None = None, *, errors: tuple[Detail, ...] = ()) -> None:
        super().__init__(message or type(self).__doc__ or "")
        self.errors = errors


class InvalidInput(AutoMLError):
    """The input is not valid."""

    reason = "INVALID_INPUT"


class DatasetUnreadable(InvalidInput):
    """The file cannot be read as a dataset."""

    reason = "DATASET_UNREADABLE"


class InvalidSpec(InvalidInput):
    """The study cannot be run as asked."""

    reason = "INVALID_SPEC"


class InvalidRows(InvalidInput):
    """The rows do not fit the model's inputs."""

    reason = "INVALID_ROWS"


class NotSupported(InvalidInput):
    """This is reserved and does not work yet."""

    reason = "NOT_SUPPORTED"


class InvalidCursor(InvalidInput):
    """The cursor was not given out by this service for this list."""

    reason = "INVALID_CURSOR"


class TooLarge(InvalidInput):
    """The upload is larger than the service takes."""

    reason = "TOO_LARGE"


class NotFound(AutoMLError):
    """There is no such resource."""

    reason = "NOT_FOUND"


class QuotaExceeded(AutoMLError):
    """The tenant has as much as it may have; delete something first."""

    reason = "QUOTA"


class Conflict(AutoMLError):
    """The resource's state does not allow this."""

    reason = "CONFLICT"


class DatasetInUse(Conflict):
    """A study is running on the dataset; cancel it or wait for its end."""

    reason = "DATASET_IN_USE"


class DatasetGone(Conflict):
    """The study's dataset was deleted."""

    reason = "DATASET_GONE"


class StudyState(Conflict):
    """The study's status does not allow this."""

    reason = "STUDY_STATE"


class ModelNotReady(Conflict):
    """The study has not ended yet; cancel it to take the best model so far."""

    reason = "MODEL_NOT_READY"


class IdempotencyKeyReused(Conflict):
    """The Idempotency-Key was used with another request; use a new key."""

    reason = "IDEMPOTENCY_KEY_REUSED"


class IdempotencyInFlight(Conflict):
    """A request with this Idempotency-Key is still being answered; retry shortly."""

    reason = "IDEMPOTENCY_IN_FLIGHT"


class Unavailable(AutoMLError):
    """The service cannot do this at the moment; try again."""

    reason = "UNAVAILABLE"


class StoreUnavailable(Unavailable):
    """The database cannot be reached at the moment; try again."""

    reason = "STORE_UNAVAILABLE"


class SchemaMissing(StoreUnavailable):
    """The database's tables are not there yet: the API makes them, or `automl migrate`."""


class DiskFull(Unavailable):
    """The server's disk is full; nothing was stored."""

    reason = "DISK_FULL"


class LeaseLost(AutoMLError):
    """The lease is held under a newer token; this write changed nothing."""

    reason = "LEASE_LOST"


class TrialStopped(AutoMLError):
    """The evaluation was told to stop."""

    reason = "TRIAL_STOPPED"


class TrialPruned(TrialStopped):
    """Others of its family were better at the same rung."""

    reason = "TRIAL_PRUNED"

    def __init__(self, rungs: tuple[float | None, ...]) -> None:
        super().__init__()
        self.rungs = rungs


class TrialGivesWay(TrialStopped):
    """It waits at its checkpoint: a study without a worker has its place."""

    reason = "TRIAL_GIVES_WAY"


class TrialError(AutoMLError):
    """The candidate cannot be trained."""

    reason = "TRIAL_ERROR"

    def __init__(self, failure: TrialFailure, message: str) -> None:
        super().__init__(message)
        self.failure = failure


class StudyError(AutoMLError):
    """No candidate of the study can be trained."""

    reason = "STUDY_ERROR"

    def __init__(self, failure: StudyFailure, message: str) -> None:
        super().__init__(message)
        self.failure = failure


class NothingTrained(AutoMLError):
    """No trial was complete when the budget ended."""

    reason = "NO_TRIAL_COMPLETED"


class ExportFailed(AutoMLError):
    """No member of the ensemble gave equal outputs as a file."""

    reason = "EXPORT_FAILED"


class ArtifactCorrupt(AutoMLError):
    """Stored bytes do not match their digest."""

    reason = "ARTIFACT_CORRUPT"


class InjectedFault(AutoMLError):
    """A configured fault point struck."""

    reason = "INJECTED_FAULT"
