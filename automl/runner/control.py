"""The line between one attempt's training loop and the store: curves, checkpoints, orders."""

import contextlib
import time
from collections.abc import Callable
from typing import Protocol

from automl.core.catalog import TrialFailure
from automl.core.errors import TrialError, TrialGivesWay, TrialStopped, Unavailable
from automl.core.fault import fault
from automl.core.leases import Order
from automl.core.ports import Store
from automl.core.state import State, nest, unnest
from automl.core.trial import Attempt, CurvePoint, Finish
from automl.runner.way import Way
from automl.training import archive

STATE = "application/vnd.safetensors"

RECORD_SECONDS = 0.5
"""Curve points are written at most so often: two commits a second a worker."""

RECORD_SHARE = 0.05
"""Writing them takes at most this share of the time, else the store is busy: many workers on one
study wait for its row one after the other, and each must come more rarely the more there are."""

LONGEST_RECORD_SECONDS = 5.0
"""So old may be what a watcher sees, however busy the store."""

CHECKPOINT_SHARE = 0.05
"""Of the time at most this share goes into checkpoints, however large they are."""

RELEASE_SECONDS = 1.0
"""Told to give the trial back, training may go on so long to reach the end of its epoch."""


class Orders(Protocol):
    """What the worker's parent wants of what is held."""

    def order(self, work: Attempt | Finish) -> Order:
        """Return what it wants of this; cheap enough for every batch."""


class Line(Orders, Protocol):
    """The line to the worker's parent, who beats for all that is held."""

    def take(self, work: Attempt | Finish) -> None:
        """Tell it that this is held from now on, beside what is."""

    def let_go(self, work: Attempt | Finish) -> None:
        """Tell it that this is not held any more; saying it again changes nothing."""


class AttemptControl:
    """A `Control` of one attempt.

    Args:
        store: where points and checkpoints go.
        attempt: whose they are.
        orders: asked at every check.
        limit: seconds that a trial may take over all its attempts, 0 for no limit.
        spent: seconds that earlier attempts took up to their checkpoint.
        checkpoint_seconds: between two checkpoints, at least.
        way: says whether it gives way, with those that train beside it.
        lanes: how many trials train together; all of them write no more than one alone.
    """

    def __init__(
        self,
        store: Store,
        attempt: Attempt,
        orders: Orders,
        *,
        limit: float,
        spent: float,
        checkpoint_seconds: float,
        way: Way,
        lanes: int = 1,
    ) -> None:
        self._store = store
        self._attempt = attempt
        self.orders = orders
        self._limit = limit
        self._spent = spent
        self._begun = time.monotonic()
        self._recorded = self._begun
        self._saved = self._begun
        self._checkpoint_seconds = checkpoint_seconds
        self._pause = checkpoint_seconds
        self._room = True
        """Whether the last checkpoint found a place."""
        self._record_pause = RECORD_SECONDS
        self._way = way
        self._lanes = lanes
        way.join(attempt, spent)
        self._release_at: float | None = None
        self._points: list[CurvePoint] = []

    @property
    def seconds(self) -> float:
        """Seconds of training so far, over all attempts."""
        return self._spent + time.monotonic() - self._begun

    def report(self, point: CurvePoint) -> None:
        """Keep the point for the next batch, and look whether to stop."""
        fault("epoch.end")
        self._points.append(point)
        now = time.monotonic()
        if now - self._recorded >= self._record_pause * self._lanes:
            self._recorded = now
            self._record()
        self.check()

    def check(self) -> None:
        """Raise `TrialStopped` when told to or out of time, `TrialError` over the trial's limit."""
        self._way.begun()
        left = self._search_left()
        if left is not None and left <= 0:
            raise TrialStopped("the search's time is over")
        if 0 < self._limit < self.seconds:
            message = f"Training took longer than the {self._limit:g} s that a trial may."
            raise TrialError(TrialFailure.TIME_LIMIT, message)
        order = self.orders.order(self._attempt)
        if order is Order.GO_ON:
            return
        if order is Order.RELEASE:
            now = time.monotonic()
            self._release_at = self._release_at or now + RELEASE_SECONDS
            if now < self._release_at:
                return
        fault("cancel.seen")
        raise TrialStopped(f"the worker was told to {order}")

    def save(self, state: Callable[[], State]) -> None:
        """Store a checkpoint if the last is old enough, or the trial is not to go on.

        Raises:
            TrialStopped: it is given back, or gives way.
        """
        now = time.monotonic()
        releasing = self._release_at is not None
        at_once = releasing or (self._way.given and self._room)
        if now - self._saved < self._pause and not at_once:
            return
        stored = False
        with contextlib.suppress(Unavailable):  # training goes on; the next one will do
            self._store_checkpoint(state())
            stored = True
        self._room = stored
        self._saved = time.monotonic()
        took = (self._saved - now) * self._lanes
        self._pause = max(self._checkpoint_seconds, took / CHECKPOINT_SHARE)
        if releasing:
            raise TrialStopped("the trial is given back")
        if stored and self._way.gives(self._attempt, self._search_left()):
            raise TrialGivesWay

    def seconds_left(self) -> float | None:
        """Return in how many seconds the trial should end, None without a limit.

        That is when the search does, or sooner for the sake of others.
        """
        left = self._search_left()
        if left is None or self._way.end is None:
            return left
        return max(0.0, min(left, self._way.end - time.monotonic()))

    def flush(self) -> None:
        """Write the points that are still waiting; `Unavailable` when the store is away."""
        if self._points:
            self._store.leases.record(self._attempt, self._points)
            self._points = []

    def _search_left(self) -> float | None:
        left = self._attempt.seconds_left
        return None if left is None else max(0.0, left - (time.monotonic() - self._begun))

    def _record(self) -> None:
        try:
            self.flush()
        except Unavailable:
            return  # they are kept and go with the next batch
        wanted = (time.monotonic() - self._recorded) / RECORD_SHARE
        self._record_pause = min(max(RECORD_SECONDS, wanted), LONGEST_RECORD_SECONDS)

    def _store_checkpoint(self, state: State) -> None:
        fault("checkpoint.tmp")
        self.flush()
        content = archive.pack(wrap(state, self.seconds))
        artifact = self._store.artifacts.put(self._attempt.tenant, STATE, [content])
        self._store.leases.checkpoint(self._attempt, artifact.id)
        fault("checkpoint.done")


def wrap(state: State, seconds: float) -> State:
    """Return a checkpoint: the training's state and the seconds it took so far."""
    return nest({"training": state, "spent": State({"seconds": seconds})})


def unwrap(checkpoint: State) -> tuple[State, float]:
    """Return what ``wrap`` put together."""
    parts = unnest(checkpoint)
    return parts["training"], float(parts["spent"].header["seconds"])
