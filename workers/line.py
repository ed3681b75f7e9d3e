"""The line between a worker's parent and its child: what is held goes up, orders come down.

A socket pair and not shared memory, because what a child said outlives it, and because the end of
the line tells each side at once that the other process is gone. Messages are JSON.
"""

import json
import time
from dataclasses import asdict
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

from automl.core.catalog import FamilyName
from automl.core.ports import Order
from automl.core.trial import Attempt, Candidate, Finish

Hold: TypeAlias = Attempt | Finish
"""What a worker can hold under a lease."""

LOOK_SECONDS = 0.02
"""Training asks for orders at every batch; so often the line is really looked at."""


class Line:
    """The child's end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._held: Hold | None = None
        self._order = Order.GO_ON
        self._looked = 0.0
        self.leaving = False
        """Whether the worker is to end: what is held is given back."""

    def hold(self, work: Hold | None) -> None:
        """Tell the parent what is held from now on."""
        self._held = work
        self._order = Order.GO_ON
        self._connection.send_bytes(encode(work))

    def order(self) -> Order:
        """Return what the parent wants of the present hold. Cheap enough for every batch."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self.listen(0.0)
        if self._order is Order.GO_ON and self.leaving:
            return Order.RELEASE
        return self._order

    def leave(self) -> None:
        """Note that the worker is to end."""
        self.leaving = True

    def listen(self, seconds: float) -> bool:
        """Take in what the parent says, waiting up to so long for it to say something.

        Returns whether a bell rang: there may be work.
        """
        rung = False
        while not self.leaving and self._connection.poll(seconds):
            seconds = 0.0
            try:
                message = json.loads(self._connection.recv_bytes())
            except (EOFError, ConnectionError):
                self.leaving = True  # the parent is gone, and so is the lease's heartbeat
                return False
            if message["order"] == "leave":
                self.leaving = True
            elif message["order"] == "look":
                rung = True
            elif self._held is not None and message["key"] == key(self._held):
                self._order = Order(message["order"])
        return rung


def key(work: Hold) -> list[object]:
    """Return what tells this hold from all others: an order must not reach the next one."""
    number = work.number if isinstance(work, Attempt) else None
    return [work.study_id, number, work.token]


def encode(work: Hold | None) -> bytes:
    """Return a hold as a message."""
    return json.dumps(None if work is None else asdict(work)).encode()


def decode(message: bytes) -> Hold | None:
    """Return what ``encode`` wrote."""
    hold: dict[str, Any] | None = json.loads(message)
    if hold is None:
        return None
    if "candidate" not in hold:
        return Finish(**hold)
    recipe = hold.pop("candidate")
    return Attempt(candidate=Candidate(FamilyName(recipe["family"]), recipe["params"]), **hold)
