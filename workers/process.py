"""What a process does to be a well-behaved child, and what the machine offers it."""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from importlib import metadata
from pathlib import Path

from automl.core.errors import AutoMLError
from automl.settings import shown_gpus

_PR_SET_PDEATHSIG = 1
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
_GPUS = Path("/proc/driver/nvidia/gpus")

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


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def gpus() -> int:
    """Return how many NVIDIA devices torch can be given here, without loading it."""
    there = len(list(_GPUS.iterdir())) if _GPUS.is_dir() else 0
    if not there or _for_processors_only(metadata.version("torch")):
        return 0
    shown = shown_gpus()
    return there if shown is None else min(there, shown)


def _for_processors_only(version: str) -> bool:
    """Return whether that is a build of torch without CUDA, as those of its own index are named."""
    return version.endswith("+cpu")


def slots(workers: int) -> int:
    """Return how many workers a machine runs: as configured, else one a GPU, else one a core."""
    return workers or gpus() or cores()


def device(index: int) -> str:
    """Return the device of the worker at ``index``."""
    return f"cuda:{index % gpus()}" if gpus() else "cpu"


def memory_share(workers: int) -> int:
    """Return the bytes of memory that each of so many workers may take."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # no such control group, or "max"
        total = min(total, int(_CGROUP_LIMIT.read_text(encoding="ascii")))
    return int(MEMORY_SHARE * total / workers)
