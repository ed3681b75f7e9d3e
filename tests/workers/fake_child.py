"""A training child that behaves as its first argument says: ``HOW INBOX FD``."""

import os
import signal
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

from automl.core.ports import Order
from automl.core.trial import Attempt
from tests.workers.fakes import Inbox
from workers.line import Hold, Line


def behave(how: str, line: Line, work: Hold | None) -> None:
    match how:
        case "obedient":
            while line.order() is Order.GO_ON:
                time.sleep(0.01)
        case "stubborn":
            signal.pause()
        case "crash" if work is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        case "greedy" if isinstance(work, Attempt) and work.number == 0:
            hoard: list[bytes] = []
            while True:
                hoard.append(os.urandom(1) * (4 << 20))
                time.sleep(0.001)
        case "greedy":
            signal.pause()
        case "quick":
            return


if __name__ == "__main__":
    if sys.argv[1] == "broken":
        sys.exit(3)
    line = Line(Connection(int(sys.argv[3])))
    work = Inbox(Path(sys.argv[2])).popleft()
    line.hold(work)
    behave(sys.argv[1], line, work)
    line.hold(None)
    while sys.argv[1] == "obedient" and not line.leaving:
        line.listen(0.05)
