"""Where a worker puts large arrays, so that all workers of its machine have them in memory once."""

import resource
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import structlog

from automl.service.cache import Cache

log = structlog.get_logger()


class Shelf:
    """Arrays as files in the cache, named by what is in them, of which processes map the pages.

    Nobody asks whether two arrays were made alike: if they are equal, they are one file. The cache
    bounds all files together; whoever has mapped one keeps it, removed or not.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._told = False

    def hold(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the array mapped from its file, or itself where there is no room for one.

        What is written to it is seen by this process alone.
        """
        try:
            return _mapped(self._cache.keep(array.data.cast("B")), array)
        except OSError as error:
            if not self._told:  # once: of a full disk every fold of every trial would tell
                log.warning("array.not_shared", bytes=array.nbytes, detail=str(error))
            self._told = True
            return array


def _mapped(path: Path, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the array mapped from its file, at no expense of what this process may allocate.

    The kernel counts whatever could be written to as allocated, though until then it is a file's: a
    trial would find no memory that had as much as any, beside two studies' rows.
    """
    lifted = _lift(array.nbytes)
    try:
        mapped = np.memmap(path, array.dtype, mode="c", shape=array.shape)
    except OSError:
        _lift(-lifted)
        raise
    weakref.finalize(mapped.base, _lift, -lifted).atexit = False
    return mapped


def _lift(size: int) -> int:
    """Let this process allocate so many bytes more, where that is bounded; return how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if soft == resource.RLIM_INFINITY:
        return 0
    lifted = size if hard == resource.RLIM_INFINITY else min(size, hard - soft)
    resource.setrlimit(resource.RLIMIT_DATA, (soft + lifted, hard))
    return lifted
