"""Workers of this machine: a worker whose process is gone is known to be dead at once.

A lease lapses after seconds, for a silent worker may only be cut off. Whether a process of the same
machine lives, the kernel tells; what it held is then free without waiting. A number that another
process has by now only means that the lease decides, as it does for workers elsewhere.
"""

import hashlib
import os
import secrets
import socket
from collections.abc import Iterable
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES = Path("/proc/self/ns/pid")


def name() -> str:
    """Return an id for a worker of this process, that no other has: ``host-process-random``.

    The last part begins with this machine's `home`.
    """
    return f"{prefix()}{os.getpid()}-{home()}{secrets.token_hex(4)}"


def prefix() -> str:
    """Return how the ids of all workers on this host begin."""
    return f"{socket.gethostname()}-"


def home() -> str:
    """Return what processes share whose numbers mean the same: one boot and one namespace.

    Containers may share a host's name, or a name another boot. Empty where the system cannot tell.
    """
    try:
        facts = f"{_BOOT.read_text(encoding='ascii')}{_PROCESSES.readlink()}"
    except OSError:
        return ""
    return hashlib.sha256(facts.encode()).hexdigest()[:8]


def dead(workers: Iterable[str]) -> list[str]:
    """Return those of the workers that ran here and whose processes are gone."""
    here = home()
    return [worker for worker in workers if here and _gone(worker, here)]


def _gone(worker: str, here: str) -> bool:
    _, number, last = worker.rsplit("-", 2)
    if not last.startswith(here):
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
