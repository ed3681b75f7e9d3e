"""Fewer rows than there are, where time or memory would not bear them all."""

from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.frame import Ints
from automl.data.hashing import mix
from automl.data.split import Rows, largest_remainder

LEAST = 100
"""Rows that every class keeps, where it has so many: a rare one must not vanish."""


def sample(y: npt.NDArray[Any], rows: int, *, seed: int) -> Rows:
    """Return the indices of ``rows`` of the rows behind ``y``, ascending; all, where they are few.

    Classes keep their shares, but for the `LEAST` rows of each. Which rows they are depends on
    their place in the file.

    Args:
        y: class indices or numbers, none missing: ``(rows there are,)``.
        rows: how many are wanted.
        seed: another seed draws others.
    """
    if rows >= len(y):
        return np.arange(len(y))
    labels = y.astype(np.int16) if y.dtype.kind in "iu" else np.zeros(len(y), dtype=np.int16)
    counts = np.bincount(labels)
    order = np.argsort(labels, kind="stable")  # of 16 bits: in linear time
    shuffled = mix(np.arange(len(y), dtype=np.uint64) ^ mix(np.array([seed], dtype=np.uint64)))
    chosen, first = [], 0
    for count, wanted in zip(counts, _wanted(counts, rows), strict=True):
        members = order[first : first + count]
        first += count
        if wanted < count:
            members = members[np.argpartition(shuffled[members], wanted)[:wanted]]
        chosen.append(members)
    return np.sort(np.concatenate(chosen))


def _wanted(counts: Ints, rows: int) -> Ints:
    """Return how many rows of each class make up ``rows``."""
    least = np.minimum(counts, LEAST)
    if least.sum() > rows:
        least = np.zeros_like(counts)
    rest = counts - least
    return least + largest_remainder(rest * ((rows - least.sum()) / rest.sum()))
