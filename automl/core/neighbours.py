"""Processes of this machine: one that is gone is known to be dead at once.

A lease lapses after seconds, for a silent holder may only be cut off. Whether a process of the same
machine lives, the kernel tells; what it held is then free without waiting. A number that another
process has by now only means that the lease decides, as it does for holders elsewhere.
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
    """Return an id for a holder in this process, that no other has: ``host-process-random``.

    The last part begins with this machine's `home`.
    """
    return f"{prefix()}{os.getpid()}-{home()}{secrets.token_hex(4)}"


def prefix() -> str:
    """Return how the ids of all holders on this host begin."""
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


def dead(holders: Iterable[str]) -> list[str]:
    """Return those of the holders that were here and whose processes are gone."""
    here = home()
    return [holder for holder in holders if here and _gone(holder, here)]


def _gone(holder: str, here: str) -> bool:
    _, number, last = holder.rsplit("-", 2)
    if not last.startswith(here):
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
