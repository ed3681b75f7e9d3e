"""What the columns tell of the target one by one, and whether one more column tells more.

Columns are seen as bins of about as many rows each. An additive model of the bins, fitted by
backfitting, is what a few trees would find without any interaction; a derived column is worth
having where it explains what that leaves.

Reference: Hastie and Tibshirani, Generalized Additive Models, 1986; Kelley, An unbiased correlation
ratio measure, 1935.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats

Bins = npt.NDArray[np.intp]

MOST_BINS = 32
_ROWS_A_BIN = 20
_PASSES = 3
_PRIOR = 10.0
"""Rows of nothing that every bin is mixed with."""


def bins(cells: Floats) -> Bins:
    """Return the bin of every cell, from 0; cells that are not finite share the last."""
    finite = np.isfinite(cells)
    present = np.sort(cells[finite])
    count = max(2, min(MOST_BINS, len(cells) // _ROWS_A_BIN))
    at = np.arange(1, count) * len(present) // count
    edges = np.unique(present[at]) if len(present) else present
    found = np.searchsorted(edges, cells, side="right")
    return np.where(finite, found, len(edges) + 1)


def backfit(columns: Sequence[Bins], y: Floats) -> tuple[Floats, tuple[float, ...]]:
    """Return what an additive model of the columns leaves of ``y``, and how much each explains.

    Args:
        columns: bins, ``(rows,)`` each.
        y: ``(rows, outputs)``.
    """
    rest: Floats = y - y.mean(axis=0)
    parts = [np.zeros_like(rest) for _ in columns]
    for _ in range(_PASSES):
        for place, column in enumerate(columns):
            whole = rest + parts[place]
            counts = np.bincount(column) + _PRIOR
            parts[place] = (_sums(column, whole) / counts[:, None])[column]
            rest = whole - parts[place]
    return rest, tuple(float(part.var(axis=0).sum()) for part in parts)


def explained(column: Bins, rest: Floats) -> float:
    """Return the share of ``rest`` that goes with the bins, with what chance would give taken off.

    ``rest`` is ``(rows, outputs)``, of mean 0. Of several outputs the sum counts: those with more
    left weigh more.
    """
    counts = np.bincount(column)
    used = int(np.count_nonzero(counts))
    sums = _sums(column, rest)
    between = float((sums**2 / np.maximum(counts, 1)[:, None]).sum())
    total = float((rest**2).sum())
    if total <= 0.0 or used >= len(column):
        return 0.0
    noise = (total - between) / (len(column) - used)
    return (between - (used - 1) * noise) / (total + noise)


def by_chance(rows: int) -> float:
    """Return what a column that tells nothing hardly ever explains: three standard deviations."""
    count = max(2, min(MOST_BINS, rows // _ROWS_A_BIN))
    return 3.0 * float(np.sqrt(2.0 * (count - 1))) / max(1, rows)


def _sums(column: Bins, values: Floats) -> Floats:
    """Return the sums of each bin's rows: ``(bins, outputs)``."""
    width = int(column.max(initial=0)) + 1
    return np.column_stack([np.bincount(column, part, minlength=width) for part in values.T])
