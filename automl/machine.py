"""What this machine offers to compute on: its cores and its GPUs, told without loading torch."""

import os
import sys
from importlib import metadata
from pathlib import Path

from automl.settings import shown_gpus

CPU = "cpu"

_GPUS = Path("/proc/driver/nvidia/gpus")


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
    return f"cuda:{index % gpus()}" if gpus() else CPU
