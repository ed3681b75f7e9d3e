"""A training child that behaves as its first argument says: ``HOW INBOX FD``."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from automl.core.leases import Order
from automl.core.trial import Attempt, Turn
from tests.workers.fakes import Inbox
from workers.line import Line, Work

TOGETHER = "group-"
"""Before a behaviour: all that is in the inbox is held at once."""


def behave(how: str, line: Line, works: Sequence[Work]) -> None:
    match how:
        case "obedient":
            for work in works:
                while not isinstance(work, Turn) and line.order(work) is Order.GO_ON:
                    time.sleep(0.01)
                line.let_go(work)
        case "stubborn":
            signal.pause()
        case "crash" if works:
            os.kill(os.getpid(), signal.SIGKILL)
        case "greedy" if isinstance(works[0], Attempt) and works[0].number == 0:
            hoard: list[bytes] = []
            while True:
                hoard.append(os.urandom(1) * (4 << 20))
                time.sleep(0.001)
        case "greedy":
            signal.pause()
        case "quick":
            return


def taken(inbox: Inbox, line: Line, most: int) -> list[Work]:
    """Return what is held from now on."""
    works: list[Work] = []
    while len(works) < most and (work := inbox.popleft()) is not None:
        line.take(work)
        works.append(work)
    return works


if __name__ == "__main__":
    how = sys.argv[1]
    if how == "broken":
        sys.exit(3)
    line = Line(Connection(int(sys.argv[3])))
    works = taken(Inbox(Path(sys.argv[2])), line, 100 if how.startswith(TOGETHER) else 1)
    how = how.removeprefix(TOGETHER)
    behave(how, line, works)
    for work in works:
        line.let_go(work)
    while how == "obedient" and not line.leaving:
        line.listen(0.05)
