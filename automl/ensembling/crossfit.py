"""Judging what is chosen on out-of-fold rows by rows that it was not chosen on."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from automl.core.kin import Kin

Rows: TypeAlias = npt.NDArray[np.intp]
Chosen = TypeVar("Chosen")

PARTS = 5


def crossfit(
    parts: Sequence[Rows], choose: Callable[[Rows], Chosen]
) -> Iterator[tuple[Rows, Chosen]]:
    """Yield each part with what ``choose`` picks on the rows of all others.

    A single part can only be judged by what was chosen on it.

    Args:
        parts: row indices; together every row once.
        choose: picks, given rows to judge by.
    """
    for index, part in enumerate(parts):
        others = [rows for place, rows in enumerate(parts) if place != index]
        yield part, choose(np.sort(np.concatenate(others)) if others else part)


def deal(truth: npt.NDArray[Any], parts: int = PARTS, *, kin: Kin | None = None) -> list[Rows]:
    """Return the rows dealt to parts, each with its share of every class or of the range.

    Where there are ``kin``, no part divides them; of moments each part is a stretch of time. There
    may be fewer parts then, even one.
    """
    if kin is not None:
        numbers = kin.deal(parts, truth)
        return [np.flatnonzero(numbers == part) for part in np.unique(numbers)]
    order = np.argsort(truth, kind="stable")
    dealt = [np.sort(order[start::parts]) for start in range(parts)]
    return [rows for rows in dealt if len(rows)]


def spread(truth: npt.NDArray[Any], count: int, *, least: int = 50) -> Rows:
    """Return about ``count`` rows evenly spread over the targets, ``least`` of each class or all.

    Args:
        truth: ``(rows,)`` class indices or numbers.
        count: how many rows.
        least: so many rows even of a class that has few of all.
    """
    if len(truth) <= count:
        return np.arange(len(truth))
    order = np.argsort(truth, kind="stable")
    even = order[np.linspace(0, len(order) - 1, count).round().astype(np.intp)]
    if truth.dtype.kind not in "iu":
        return np.sort(even)
    place = np.empty(len(order), np.intp)
    place[order] = np.arange(len(order)) - np.searchsorted(truth[order], truth[order])
    return np.union1d(even, np.flatnonzero(place < least))
