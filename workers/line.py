"""The line between a worker's parent and its child: what is held goes up, orders come down.

A socket pair and not shared memory, because what a child said outlives it, and because the end of
the line tells each side at once that the other process is gone. Messages are JSON.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

from automl.core.catalog import FamilyName
from automl.core.leases import Order
from automl.core.trial import Attempt, Candidate, Finish, Turn

Hold: TypeAlias = Attempt | Finish
"""What a worker can hold under a lease; of trials that train together several at once."""

Work: TypeAlias = Hold | Turn
"""What a child is at: what it holds, or a turn that it answers, which is nobody's."""

Key: TypeAlias = tuple[str, int | None, int]
"""Study, trial (None: its finish) and token (of a turn 0): what tells work from all other."""

LOOK_SECONDS = 0.02
"""Training asks for orders at every batch; so often the line is really looked at."""


class Line:
    """The child's end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._held: dict[Key, Work] = {}
        self._orders: dict[Key, Order] = {}
        self._looked = 0.0
        self.leaving = False
        """Whether the worker is to end: what is held is given back."""

    def take(self, work: Work) -> None:
        """Tell the parent that this is held or answered from now on, beside what is."""
        self._held[key(work)] = work
        self._tell()

    def let_go(self, work: Work) -> None:
        """Tell the parent that this is not held any more; saying it again changes nothing."""
        if self._held.pop(key(work), None) is not None:
            self._orders.pop(key(work), None)
            self._tell()

    def let_go_of_all(self) -> None:
        """Tell the parent that nothing is held any more; saying it again changes nothing."""
        for work in tuple(self._held.values()):
            self.let_go(work)

    def order(self, work: Hold) -> Order:
        """Return what the parent wants of a hold. Cheap enough for every batch."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self.listen(0.0)
        order = self._orders.get(key(work), Order.GO_ON)
        return Order.RELEASE if order is Order.GO_ON and self.leaving else order

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
            elif (wanted := tuple(message["key"])) in self._held:
                self._orders[wanted] = Order(message["order"])
        return rung

    def _tell(self) -> None:
        self._connection.send_bytes(encode(tuple(self._held.values())))


def key(work: Work) -> Key:
    """Return what tells this work from all other: an order must not reach the next one."""
    number = None if isinstance(work, Finish) else work.number
    return work.study_id, number, 0 if isinstance(work, Turn) else work.token


def encode(works: Sequence[Work]) -> bytes:
    """Return all that is held as a message."""
    return json.dumps([asdict(work) for work in works]).encode()


def decode(message: bytes) -> tuple[Work, ...]:
    """Return what ``encode`` wrote."""
    return tuple(_work(each) for each in json.loads(message))


def _work(work: dict[str, Any]) -> Work:
    if "version" in work:
        return Turn(**work)
    if "candidate" not in work:
        return Finish(**work)
    recipe = work.pop("candidate")
    return Attempt(candidate=Candidate(FamilyName(recipe["family"]), recipe["params"]), **work)
