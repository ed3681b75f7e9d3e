"""Who works on what: a worker, what it is told, what it leaves, and the port to all of that."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from automl.core.catalog import StudyFailure, TrialFailure
from automl.core.model import Model
from automl.core.trial import Attempt, Candidate, CurvePoint, Finish, Rungs, Turn


@dataclass(frozen=True, slots=True)
class Worker:
    """A live worker: one slot on one device."""

    id: str
    device: str
    state: Literal["idle", "busy"]
    last_heartbeat_at: float
    tenant: str | None = None
    study_id: str | None = None
    trial: int | None = None
    """The first of those that it trains together."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a complete trial leaves on its row; its arrays are artifacts."""

    value: float
    fold_values: tuple[float | None, ...]
    epochs: int
    seconds: float
    parameters: int
    out_of_fold: str
    fitted: str
    rungs: Rungs = ()


class Order(StrEnum):
    """The heartbeat's answer: what the holder of a lease should do."""

    GO_ON = "go_on"
    RELEASE = "release"
    """Paused: write a checkpoint if one is near, give the trial back."""
    STOP = "stop"
    """Cancelled, over budget or held by another: stop, nothing you write will count."""


class Leases(Protocol):  # noqa: PLR0904 -- what a worker may do, one method each
    """Who works on what: claims, fencing tokens, heartbeats and the ends of trials.

    A write with an old token raises `LeaseLost` and changes nothing.
    """

    def waits(self) -> bool:
        """Return whether there may soon be work to claim: a look that leases and changes nothing.

        Work whose worker has fallen silent counts before its lease lapses.
        """

    def claim(self, worker: str) -> Attempt | Finish | Turn | None:
        """Return the next piece of work: finishes first, then waiting trials, then a turn to ask.

        Fair between tenants; inside a tenant by priority, then fewest running trials, then whose
        turn was longest ago. An attempt or finish is already leased; a turn is not.
        """

    def begin(
        self, worker: str, turn: Turn, candidate: Candidate, *, free: float = 0.0
    ) -> Attempt | None:
        """Commit the answer of a turn as a leased trial; None when the study moved on meanwhile.

        The study's clock starts at its first trial, or before by what the worker took to make
        ready: ``free`` is for how many seconds it has had no other work.
        """

    def exhaust(self, turn: Turn, *, broke: str = "") -> None:
        """Note that nothing more is worth starting: the study finishes when its trials have.

        ``broke`` says how the search broke, if it did: a study that has nothing fails with it.
        """

    def another(self, attempt: Attempt, held: int, most: int) -> Turn | None:
        """Return the turn of a trial that may train beside ``attempt``, in the same worker.

        None when that would be more than the worker's fair share, or the study wants no more.

        Args:
            attempt: what the worker holds already.
            held: how many trials of the study it holds, that one included.
            most: how many would train together at best.
        """

    def rejoin(
        self, worker: str, attempt: Attempt, numbers: Sequence[int], most: int
    ) -> Sequence[Attempt]:
        """Lease trials that gave way, to go on beside ``attempt``, of the same study.

        That is the first ``most`` of those numbers that still wait and lost no attempt; fewer where
        their tenant may not run so many.
        """

    def in_the_way(self, attempt: Attempt, held: int = 1) -> bool:
        """Return whether a study without a worker would come next if this trial were given back.

        And the others of its study that the worker holds: ``held`` in all. By the order of claims;
        never where a worker is idle.
        """

    def beat(self, worker: Worker, holds: Sequence[Attempt | Finish]) -> Sequence[Order]:
        """Renew the worker's row and its leases, and return what to do with each that it holds."""

    def leave(self, worker: str) -> None:
        """Remove a worker's row at its orderly end."""

    def present(self, prefix: str) -> Sequence[str]:
        """Return the ids beginning so of workers that were heard of and did not leave."""

    def bury(self, workers: Collection[str]) -> None:
        """End the leases of workers that are known to be dead; `reap` gives away what they held."""

    def record(self, attempt: Attempt, points: Sequence[CurvePoint]) -> None:
        """Add curve points, and an epoch event of the latest."""

    def checkpoint(self, attempt: Attempt, artifact_id: str) -> None:
        """Make this the checkpoint that a later attempt goes on from."""

    def complete(self, attempt: Attempt, outcome: Outcome) -> None:
        """End a trial that was trained as far as it should be."""

    def prune(self, attempt: Attempt, seconds: float, rungs: Rungs = ()) -> None:
        """End a trial early: others were better at the same rung."""

    def fail(self, attempt: Attempt, reason: TrialFailure, message: str, seconds: float) -> None:
        """End a trial that has no result, and say why."""

    def cancel(self, attempt: Attempt, seconds: float) -> None:
        """End a trial that the search's end cut off."""

    def release(self, attempt: Attempt) -> None:
        """Give the trial back unharmed: pause, hand-back. Not counted against it."""

    def give_way(self, attempt: Attempt) -> None:
        """Let the trial wait at its last checkpoint while others have their turn.

        Not counted against it, however often.
        """

    def crashed(self, work: Attempt | Finish | Turn) -> None:
        """Note that the training child died under a living parent: counted against its work.

        A turn that was answered since changes nothing.
        """

    def publish(self, finish: Finish, model: Model) -> None:
        """Store the model and end the study with it."""

    def give_up(self, hold: Attempt | Finish, reason: StudyFailure, detail: str) -> None:
        """End the study without a new model: it cannot be finished, or none of its trials run."""

    def reap(self) -> int:
        """Release what dead workers held, finish what is due, fail studies without workers.

        Anyone may call this at any time; returns how many rows changed.
        """
