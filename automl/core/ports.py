"""What the domain asks of the world: a store and a doorbell.

SQL is the only truth; the doorbell carries no facts and may be lost, doubled or late. Every method
of a `Unit` belongs to one transaction; `Artifacts`, and the `Leases` of ``core/leases.py``, make
their own. Every method may raise `StoreUnavailable`; lookups raise `NotFound` for another tenant's
ids too.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from automl.core.catalog import EventType, StudyStatus, TrialState
from automl.core.key import Key
from automl.core.leases import Leases, Worker
from automl.core.model import Artifact, Model
from automl.core.schema import Dataset
from automl.core.study import Budget, Study
from automl.core.trial import CurvePoint, Trial


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a study's gapless log."""

    seq: int
    type: EventType
    at: float
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """The first answer to an idempotent request, kept to be given again."""

    status: int
    location: str | None
    body: str


TrialSort = Literal["number", "value", "seconds", "started_at"]
TrialPlace: TypeAlias = tuple[float | None, int]
"""A trial's place in an order: what it is sorted by, if it has that, and its number."""


class Datasets(Protocol):
    """Uploaded datasets."""

    def admit(self, tenant: str, size: int) -> None:
        """Return if there would be room for a dataset of ``size`` stored bytes; `add` decides.

        Raises `QuotaExceeded`.
        """

    def add(self, dataset: Dataset) -> None:
        """Store a dataset whose artifacts are stored already. Raises `QuotaExceeded`."""

    def get(self, tenant: str, dataset_id: str) -> Dataset: ...
    def list(self, tenant: str, *, before: str | None, limit: int) -> Sequence[Dataset]:
        """Return the newest first, those with an id below ``before``."""

    def remove(self, tenant: str, dataset_id: str) -> None:
        """Remove it and release its artifacts. Raises `DatasetInUse`."""


class Studies(Protocol):
    """Studies and what their owners do to them. Every change appends its event."""

    def add(self, study: Study) -> None:
        """Store a queued study with its ``study.queued`` and ``study.plan`` events.

        Raises `QuotaExceeded`.
        """

    def get(self, tenant: str, study_id: str) -> Study: ...
    def list(
        self, tenant: str, *, status: StudyStatus | None, before: str | None, limit: int
    ) -> Sequence[Study]: ...
    def cancel(self, tenant: str, study_id: str) -> bool:
        """End the search now: running trials are cancelled, the finish is due. False: already so.

        Raises `StudyState` when the study has ended otherwise.
        """

    def pause(self, tenant: str, study_id: str) -> bool: ...
    def resume(self, tenant: str, study_id: str, add: Budget | None) -> bool:
        """Go on after a pause, or after the end with ``add``.

        Raises `StudyState`, `DatasetGone`.
        """

    def remove(self, tenant: str, study_id: str) -> None:
        """Remove an ended study with its trials, events, artifacts and model."""


class Trials(Protocol):
    """The leaderboard."""

    def list(
        self,
        study_id: str,
        *,
        sort: TrialSort,
        maximize: bool,
        state: TrialState | None,
        after: TrialPlace | None,
        limit: int,
    ) -> Sequence[Trial]:
        """Return a page behind a place; by ``value`` the best come first, trials without one last.

        A place stays where it is when trials come and go, so no trial is on two pages.
        """

    def get(self, study_id: str, number: int) -> Trial: ...
    def history(self, study_id: str) -> Sequence[Trial]:
        """Return every trial by number."""

    def curve(self, study_id: str, number: int) -> Sequence[CurvePoint]: ...
    def arrays(self, study_id: str) -> Mapping[int, tuple[str, str]]:
        """Return (out-of-fold, fitted) artifact ids of the complete trials that still have them."""


class Events(Protocol):
    """The gapless logs."""

    def after(self, study_id: str, seq: int, limit: int) -> Sequence[Event]: ...
    def last_seqs(self, study_ids: Sequence[str]) -> Mapping[str, int]: ...


class Models(Protocol):
    """Published models."""

    def get(self, tenant: str, model_id: str) -> Model: ...
    def list(self, tenant: str, *, before: str | None, limit: int) -> Sequence[Model]: ...
    def remove(self, tenant: str, model_id: str) -> None: ...


class Requests(Protocol):
    """Idempotent requests: the key commits with what it created."""

    def reserve(self, tenant: str, key: str, operation: str) -> Reply | None:
        """Take the key, or return the first answer's Reply if there is one (see ``check``).

        Raises `IdempotencyInFlight` while a live twin holds it, `IdempotencyKeyReused` when the
        key belongs to another operation.
        """

    def touch(self, tenant: str, key: str) -> None:
        """Keep an unanswered reservation alive: its request is still being worked on."""

    def check(self, tenant: str, key: str, fingerprint: str) -> Reply | None:
        """Return the first answer to the same request. Raises `IdempotencyKeyReused`."""

    def keep(self, tenant: str, key: str, fingerprint: str, reply: Reply) -> None:
        """Store the answer, in the transaction that creates what it speaks of."""

    def free(self, tenant: str, key: str) -> None:
        """Give an unanswered key back, after a failed request."""


class Keys(Protocol):
    """API keys of all tenants; revoked ones stay."""

    def add(self, key: Key, digest: str) -> None: ...
    def find(self, key_id: str) -> tuple[Key, str] | None:
        """Return a key, valid or not, and the digest of its secret."""

    def list(self) -> Sequence[Key]: ...
    def exist(self) -> bool:
        """Return whether any key was ever created."""

    def revoke(self, key_id: str) -> None: ...
    def used(self, key_ids: Collection[str]) -> None:
        """Note that these keys opened something just now."""


class Unit(Protocol):
    """One transaction's view of the store."""

    datasets: Datasets
    studies: Studies
    trials: Trials
    events: Events
    models: Models
    requests: Requests
    keys: Keys

    def now(self) -> float:
        """Return the database's clock, seconds since the epoch."""

    def workers(self) -> Sequence[Worker]:
        """Return the live workers."""

    def gauges(self) -> Mapping[str, Mapping[str, float]]:
        """Return totals by kind and state, for the metrics page.

        ``phases`` holds the seconds that studies of all states spent in each so far.
        """


class Artifacts(Protocol):
    """Stored bytes: content-addressed per tenant, in chunks, at constant memory."""

    def put(self, tenant: str, media_type: str, content: Iterable[bytes]) -> Artifact:
        """Store the bytes of ``content`` and return their artifact.

        Unreferenced artifacts are swept after an hour. Raises `DiskFull`.
        """

    def get(self, artifact_id: str) -> Artifact: ...
    def read(self, artifact_id: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from ``start`` up to ``end``. Raises `ArtifactCorrupt` on a bad chunk."""


class Store(Protocol):
    """The SQL store."""

    leases: Leases
    artifacts: Artifacts

    def unit(self) -> AbstractContextManager[Unit]:
        """Return a transaction: committed when the block ends, rolled back when it raises."""

    def ping(self) -> None:
        """Return when the database answers. Raises `StoreUnavailable`."""

    def migrate(self) -> None:
        """Bring the schema to the current version."""

    def close(self) -> None: ...


class Doorbell(Protocol):
    """Tells idle workers that there may be work."""

    def ring(self) -> None:
        """Wake a worker. Never raises: a broker that is down slows nothing."""

    def ping(self) -> bool:
        """Return whether the broker answers."""
