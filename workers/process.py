"""What a process does to be a well-behaved child, and how much memory is its share."""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from automl.core.errors import AutoMLError

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")

MEMORY_SHARE = 0.85
"""Of the machine's memory so much belongs to the training children together."""


_FENCE_BYTES = 1 << 30
"""Room for stacks and arenas that threads reserve and hardly touch."""


class StartError(AutoMLError):
    """The service cannot start as asked."""

    reason = "CANNOT_START"


def needs_key(host: str) -> str:
    """Return why the service does not listen on ``host``, and what to do."""
    return (
        f"without API keys the service listens on 127.0.0.1 only, not on {host or 'any address'!r};"
        " create one first: automl keys create --tenant default --scope admin"
    )


def end_with_parent(number: signal.Signals) -> None:
    """Be sent ``number`` when the thread that started this process ends. Linux only.

    A parent that was killed cannot end its children itself; they would stay as orphans.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number))


def apart(work: Callable[[], object]) -> None:
    """Do something in a fork, so that what it loads goes with that; return when it is over.

    For a process without other threads, and for what uses nothing that is open already.
    """
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        end_with_parent(signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        try:
            with contextlib.suppress(BaseException):  # nothing above this is the fork's
                work()
        finally:
            os._exit(0)
    with contextlib.suppress(ChildProcessError):  # where a child's end is ignored: it has ended
        os.waitpid(pid, 0)


def call_itself(name: str) -> None:
    """Have ``ps`` and ``top`` show this name for the process. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode())


def bound_memory(size: int) -> None:
    """Let this process allocate no more than a trial of ``size`` bytes could ever need. Linux only.

    A fence behind the parent's look at what is really occupied: what allocates without end must not
    fill the machine between two looks. Data that is reserved but not used counts here, so the fence
    stands well above the limit.
    """
    if sys.platform == "linux" and size > 0:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        fence = size + size // 2 + _FENCE_BYTES
        limit = fence if hard == resource.RLIM_INFINITY else min(fence, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def take_descriptors() -> None:
    """Take as many descriptors as the system lets us; the usual soft limit is 1,024."""
    with contextlib.suppress(OSError, ValueError):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def memory_share(workers: int) -> int:
    """Return the bytes of memory that each of so many workers may take."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # no such control group, or "max"
        total = min(total, int(_CGROUP_LIMIT.read_text(encoding="ascii")))
    return int(MEMORY_SHARE * total / workers)
