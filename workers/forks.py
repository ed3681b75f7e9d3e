"""Children as forks of the nursery, as the worker's parent sees them.

There is no process yet when one is asked for, and the nursery may still be loading: the parent, who
must not wait, gets a `Fork`, which learns of its birth and its end over a channel of its own.
"""

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait

import structlog

UNFIT = b"unfit"
"""What a nursery says that cannot be forked."""

LOADING_SECONDS = 180.0
"""A nursery that has no child so long after one was asked for hangs: on a quiet machine it takes
three seconds to load, and 44 with seven times its cores' load beside."""

FORKING_SECONDS = 20.0
"""The same of one that has had children: it has loaded."""

_STATUS_SECONDS = 1.0
"""So long after a child's end the nursery may take to tell its status."""
_END_SECONDS = 1.0
_LONGEST_MESSAGE = 4096

log = structlog.get_logger()


class Forks:
    """The worker's end of a nursery, which is started at need; from any thread.

    Args:
        environment: the nursery's, and so its children's.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._lock = threading.Lock()
        self._nursery: Nursery | None = None
        self._unfit = self._closed = False
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads: list[threading.Thread] = []
        atexit.register(self.close)  # else nobody might take note of its end

    def warm(self) -> None:
        """Start a nursery if there is none: it loads while nobody waits for a child yet."""
        with self._lock:
            if self._nursery is None:
                self._nursery = self._start()

    def start(self, worker: str, line: int) -> "Fork | None":
        """Return a child to be, or None where children cannot be forks.

        Args:
            worker: the id of the child's worker.
            line: the child's end of the line.
        """
        ours, theirs = pair()
        request = {"worker": worker, "asked_at": time.monotonic()}
        with theirs, self._lock:
            nursery = self._ask(json.dumps(request).encode(), [line, theirs.fileno()])
        if nursery is None:
            ours.close()
            return None
        return Fork(ours, nursery)

    def close(self) -> None:
        """End the nursery, which may still be loading, and what children it has; wait for that."""
        with self._lock:
            self._closed = True
            if self._nursery is not None:
                self._nursery.control.close()
                self._nursery = None
            for process in tuple(self._processes):
                process.kill()
            for thread in self._threads:
                thread.join(_END_SECONDS)

    def _ask(self, request: bytes, descriptors: Sequence[int]) -> "Nursery | None":
        """Ask the nursery, a new one if there is none, and return it; None: that is of no use."""
        for _ in range(2):
            nursery = self._nursery = self._nursery or self._start()
            try:
                self._unfit = self._unfit or nursery.stuck or _says_unfit(nursery.control)
                if self._unfit:
                    return None
                socket.send_fds(nursery.control, [request], descriptors)
            except ConnectionError:  # it has ended, perhaps because nobody asked for so long
                nursery.control.close()
                self._nursery = None
            else:
                return nursery
        raise RuntimeError("a nursery ended before it could be asked")

    def _start(self) -> "Nursery":
        """Start a nursery, which need not be ready to be asked."""
        ours, theirs = pair()
        nursery = Nursery(ours)
        # It is to die with this process, which the kernel takes to mean the thread that started it.
        ends = (nursery, theirs)
        thread = threading.Thread(target=self._run, args=ends, name="nursery", daemon=True)
        self._threads = [*(each for each in self._threads if each.is_alive()), thread]
        thread.start()
        return nursery

    def _run(self, nursery: "Nursery", control: socket.socket) -> None:
        """Start a nursery and wait for its end."""
        with control:
            number = control.fileno()
            process = nursery.process = subprocess.Popen(
                [sys.executable, "-m", "workers.nursery", str(number), str(os.getpid())],
                env=self._environment,
                pass_fds=[number],
                stdin=subprocess.DEVNULL,
            )
        self._processes.append(process)
        if self._closed:  # meanwhile
            process.kill()
        status = process.wait()
        self._processes.remove(process)
        if status and not self._closed:
            log.warning("nursery.ended", status=status)


@dataclass(eq=False, slots=True)
class Nursery:
    """A nursery that was started."""

    control: socket.socket
    """The way to ask it."""
    process: "subprocess.Popen[bytes] | None" = None
    """None as long as there is none."""
    loaded: bool = False
    """Whether it has had a child."""
    stuck: bool = False
    """Whether it was given up before it had one: the next would hardly come further."""

    @property
    def patience(self) -> float:
        """Return the seconds that it may take to have a child."""
        return FORKING_SECONDS if self.loaded else LOADING_SECONDS

    def give_up(self) -> None:
        """End it, and with it all its children, which then count as lost."""
        self.stuck = not self.loaded
        log.warning("nursery.given_up", loaded=self.loaded)
        if self.process is not None:
            self.process.kill()


class Fork:
    """A child that was asked for.

    Args:
        channel: where it and the nursery tell what becomes of it.
        nursery: whose child it is.
    """

    def __init__(self, channel: socket.socket, nursery: Nursery) -> None:
        self._channel = channel
        self._nursery = nursery
        self._asked_at = time.monotonic()
        self._pid: int | None = None
        self._process: int | None = None
        self._status: int | None = None
        self.lost = False
        """Whether it ended with the nursery."""

    @property
    def pid(self) -> int | None:
        """Return its process id; None as long as there is no process yet."""
        self._hear(0.0)
        return self._pid

    @property
    def overdue(self) -> bool:
        """Whether it should have been there by now."""
        unborn = self.pid is None and self._status is None
        return unborn and time.monotonic() - self._asked_at > self._nursery.patience

    def kill(self) -> None:
        """End it from outside; one that is not there yet will never be.

        One that is overdue takes its nursery along, which hangs.
        """
        if self.overdue:
            self._nursery.give_up()
        if self.pid is None and self._status is None:
            # A fork whose word cannot arrive ends; what it said before is in the channel.
            self._channel.shutdown(socket.SHUT_RD)
            self._hear(0.0)
        if self._status is None:
            self._strike()

    def wait(self, timeout: float | None = None) -> int | None:
        """Return its exit status, negative: the signal; None when it lives after so long."""
        give_up = None if timeout is None else time.monotonic() + timeout
        while self._status is None:
            left = None if give_up is None else max(0.0, give_up - time.monotonic())
            if not self._hear(left):
                return None
        return self._status

    def _hear(self, seconds: float | None) -> bool:
        """Take in the next word, waiting up to so long for it; False when none came."""
        if self._status is not None:
            return True
        sources: list[socket.socket | int] = [self._channel]
        if self._process is not None:
            sources.append(self._process)
        ready = wait(sources, seconds)
        if ready == [self._process]:  # it has ended: the nursery is about to tell how
            if not wait([self._channel], _STATUS_SECONDS):
                self._end(-signal.SIGKILL)
        elif ready:
            self._take()
        return bool(ready)

    def _take(self) -> None:
        try:
            word, descriptors = receive(self._channel, 1)
        except ConnectionError:
            word, descriptors = b"", []
        match json.loads(word or b"{}"):
            case {"pid": int(pid)} if descriptors:
                self._pid = pid
                (self._process,) = descriptors
                self._nursery.loaded = True
            case {"pid": int(_)}:  # there was no room here for what it could be ended by
                self.lost = True
                self._nursery.loaded = True
                self._nursery.give_up()
                self._end(-signal.SIGKILL)
            case {"status": int(status)}:
                self._end(status)
            case _ if self._process is None:
                self._end(1)  # the nursery ended before there was a child
            case _:  # the nursery is dead, and its children with it
                self.lost = True
                self._strike()
                wait([self._process], _STATUS_SECONDS)
                self._end(-signal.SIGKILL)

    def _strike(self) -> None:
        # By a descriptor: the number may be another process's by now.
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, signal.SIGKILL)

    def _end(self, status: int) -> None:
        self._status = status
        self._channel.close()
        if self._process is not None:
            os.close(self._process)
            self._process = None


def pair() -> tuple[socket.socket, socket.socket]:
    """Return the ends of a channel that carries whole messages."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def receive(way: socket.socket, most: int) -> tuple[bytes, list[int]]:
    """Return the next message and its descriptors, fewer than were sent where there is no room.

    None of them is for programs that this process starts.
    """
    message, descriptors, _, _ = socket.recv_fds(way, _LONGEST_MESSAGE, most)
    for each in descriptors:
        os.set_inheritable(each, False)
    return message, descriptors


def _says_unfit(nursery: socket.socket) -> bool:
    try:
        return nursery.recv(_LONGEST_MESSAGE, socket.MSG_DONTWAIT) == UNFIT
    except BlockingIOError:
        return False
