"""A slot as the worker's parent sees it: at most one training child, started, watched and ended.

The child is never a fork of the parent: nothing of its threads and locks gets into it, and an idle
worker has no child at all.
"""

import contextlib
import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

from automl.core.leases import Order
from automl.core.trial import Turn
from workers.line import Work, decode, key
from workers.start import Child, Start

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Held:
    """One piece of what the child is at, and what it was told about it."""

    work: Work
    since: float
    """Since when it holds it, monotonic seconds."""
    order: Order = Order.GO_ON
    told_at: float | None = None
    """Since when the child knows that it should stop with it, monotonic seconds."""


class Slot:
    """One place for a training child.

    Args:
        start: starts one, given its end of the line.
    """

    def __init__(self, start: Start) -> None:
        self._start = start
        self._child: Child | None = None
        self._line: Connection | None = None
        self.held: tuple[Held, ...] = ()
        """What the child is at, by its last word."""
        self.started_at = 0.0
        self.lost = False
        """Whether the last child ended with the process that it was forked from."""

    @property
    def busy(self) -> bool:
        """Whether there is a child, or one whose end has not been looked at."""
        return self._child is not None

    @property
    def born(self) -> bool:
        """Whether the child is a process by now: one that is not holds nothing."""
        return self._child is not None and self._child.pid is not None

    @property
    def overdue(self) -> bool:
        """Whether the child should have been a process by now."""
        return self._child is not None and self._child.overdue

    @property
    def line(self) -> Connection | None:
        """The parent's end of the line, to wait on."""
        return self._line

    def start(self) -> None:
        """Start a child."""
        ours, theirs = Pipe()
        with theirs:
            self._child = self._start(theirs.fileno())
        self._line = ours
        self.started_at = time.monotonic()

    def listen(self) -> bool:
        """Take in what the child said; False when its line has ended."""
        while self._line is not None and self._line.poll():
            try:
                message = self._line.recv_bytes()
            except (EOFError, ConnectionError):
                return False
            self._note(decode(message))
        return True

    def tell(self, held: Held, order: Order) -> None:
        """Order the child about a hold; saying it again changes nothing."""
        if held.order is order:
            return
        held.order = order
        held.told_at = held.told_at or time.monotonic()
        self._send({"order": order.value, "key": key(held.work)})

    def ring(self) -> None:
        """Have a child that waits for work look for it now."""
        working = any(not isinstance(each.work, Turn) for each in self.held)
        if self.born and not working:  # one that is not there yet will look anyway
            self._send({"order": "look"})

    def dismiss(self) -> None:
        """Order the child to give back what it holds and to end."""
        self._send({"order": "leave"})

    def kill(self) -> None:
        """End the child from outside."""
        if self._child is not None:
            self._child.kill()

    def collect(self) -> int:
        """Return the exit status of a child whose line has ended; negative: the signal."""
        child, line = self._child, self._line
        if child is None or line is None:
            raise RuntimeError("there is no child to collect")
        line.close()
        status = child.wait(timeout=1.0)
        while status is None:  # the line is closed but the process lingers
            child.kill()
            status = child.wait()
        self.lost = child.lost
        self._child = self._line = None
        self._note(())
        return status

    def memory(self) -> int:
        """Return the bytes of memory that the child occupies, 0 where that cannot be known.

        Pages of files do not count, be they a library's or mapped rows: the system takes them back
        where memory is short.
        """
        pid = None if self._child is None else self._child.pid
        if pid is None:
            return 0
        try:
            pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
        except OSError:
            return 0
        resident, of_files = int(pages[1]), int(pages[2])
        return (resident - of_files) * _PAGE

    def _note(self, works: Sequence[Work]) -> None:
        """Take what the child is at from now on; of what it was at before all stays known."""
        known = {key(held.work): held for held in self.held}
        now = time.monotonic()
        self.held = tuple(known.get(key(work)) or Held(work, now) for work in works)

    def _send(self, message: Mapping[str, object]) -> None:
        if self._line is not None:
            with contextlib.suppress(ConnectionError):  # it is dead: the next look finds that out
                self._line.send_bytes(json.dumps(message).encode())


def signal_name(status: int) -> str:
    """Return an exit status in words."""
    return signal.Signals(-status).name if status < 0 else f"exit status {status}"
