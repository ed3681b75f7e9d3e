"""Large arrays held once for all processes of a machine, where somebody offers to hold them.

Workers of one study prepare the same rows. Each does so by itself, since that takes little beside a
trial; but what comes out is equal to the byte, and need not be in memory once for each of them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from automl.core.frame import Arrays, Cells, Frame, Strings
from automl.core.learner import Matrix

Array: TypeAlias = npt.NDArray[Any]

Hold: TypeAlias = Callable[[Array], Array]
"""Returns an array of the same numbers, perhaps a `np.memmap` of what others see too."""

HELD_BYTES = 4 << 20
"""Arrays of as many are held; what is smaller is little beside a process's libraries."""

_TOGETHER = 64 << 20
"""Bytes of a table's columns that are put side by side to be held: so much is there twice."""


def own(array: Array) -> Array:
    """Hold nothing: the array stays this process's."""
    return array


def held(x: Matrix, hold: Hold) -> Matrix:
    """Return encoded rows with their large arrays held."""
    if sparse.issparse(x):
        return sparse.csr_array(
            (_held(x.data, hold), _held(x.indices, hold), _held(x.indptr, hold)), shape=x.shape
        )
    return _held(x, hold) if isinstance(x, np.ndarray) else x


def held_frame(frame: Frame, hold: Hold) -> Frame:
    """Return a frame with its arrays held, and a table's columns where they are many numbers."""
    if hold is own:
        return frame
    columns = dict(frame.columns)
    for name, cells in columns.items():
        if isinstance(cells, Arrays) and isinstance(cells.rows, np.ndarray):
            columns[name] = Arrays(np.asarray(_held(cells.rows, hold)))
    for some in _together(columns):
        beside = np.asarray(_held(np.stack(list(some.values())), hold))
        for name, numbers in zip(some, beside, strict=True):
            cells = columns[name]
            columns[name] = replace(cells, codes=numbers) if isinstance(cells, Strings) else numbers
    return Frame(columns, frame.rows)


def private(x: Matrix) -> int:
    """Return how many bytes of encoded rows are in this process's memory alone."""
    parts = (x.data, x.indices, x.indptr) if sparse.issparse(x) else (x,)
    return sum(part.nbytes for part in parts if not isinstance(part, np.memmap))


def _held(array: Array, hold: Hold) -> Array:
    """Return the array held if it is large and its numbers lie in their order, as in a file."""
    return hold(array) if array.nbytes >= HELD_BYTES and array.flags.c_contiguous else array


def _together(columns: Mapping[str, Cells]) -> Iterator[dict[str, Array]]:
    """Yield the numbers, then the codes of a table's columns, some columns at a time."""
    numbers = {name: cells for name, cells in columns.items() if isinstance(cells, np.ndarray)}
    codes = {name: cells.codes for name, cells in columns.items() if isinstance(cells, Strings)}
    for sort in (numbers, codes):
        if sum(array.nbytes for array in sort.values()) < HELD_BYTES:
            continue
        some: dict[str, Array] = {}
        for name, array in sort.items():
            some[name] = array
            if sum(each.nbytes for each in some.values()) >= _TOGETHER:
                yield some
                some = {}
        if some:
            yield some
