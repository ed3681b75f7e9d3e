"""Which way a text leans: what its runs say of the target, a weight each, by ridge regression.

The directions in which texts differ most need not be those that the target depends on, and trees
find no sum of many of them. To the weights learned from it a text looks clearer than a new one, so
the rows of training are told by weights that were learned without them.

References:
    Hoerl and Kennard (1970), "Ridge regression".
    Wolpert (1992), "Stacked generalization".
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from automl.core.frame import Floats

PARTS = 5
"""Each is told by what was learned from the others."""
STRENGTH = 2.0
"""Of the penalty, against a sum over texts of length one."""
_STEPS = 25
"""Of conjugate gradients: later ones change what hardly any text has."""
_LEAST = 1e-300


@dataclass(frozen=True, slots=True, eq=False)
class Lean:
    """``weights`` are ``(runs, outputs)``; ``crossed``, ``(texts, outputs)``, each text's own."""

    weights: Floats
    crossed: Floats


def learn(texts: sparse.csr_array, y: Floats, counts: Floats) -> Lean:
    """Return which way runs lean, the largest weight of each output 1 or −1.

    Args:
        texts: different ones by their runs, ``(texts, runs)``, rows of length one.
        y: the mean target of the rows that have each text, ``(texts, outputs)``.
        counts: how many rows have each, ``(texts,)``.
    """
    weights = _ridge(texts, y, counts)
    crossed = np.zeros_like(y)
    part = np.arange(len(y)) % PARTS
    for index in range(PARTS if len(y) >= PARTS else 0):
        others, own = np.flatnonzero(part != index), np.flatnonzero(part == index)
        learned = _ridge(sparse.csr_array(texts[others]), y[others], counts[others])
        crossed[own] = texts[own] @ learned
    largest = np.abs(weights).max(axis=0, initial=0.0)
    units = np.where(largest > 0, largest, 1.0)
    return Lean(weights / units, crossed / units)


def _ridge(texts: sparse.csr_array, y: Floats, counts: Floats) -> Floats:
    """Return the weights, by conjugate gradients on the normal equations of all outputs at once."""
    roots = np.sqrt(counts)[:, None]
    left = (y - counts @ y / counts.sum()) * roots
    x = sparse.csr_array(sparse.diags_array(roots[:, 0]) @ texts)
    turned = sparse.csr_array(x.T)
    weights: npt.NDArray[np.float64] = np.zeros((x.shape[1], y.shape[1]))
    slope = turned @ left
    step, size = slope, _squares(slope)
    for _ in range(_STEPS):
        seen = x @ step
        length = size / np.maximum(_squares(seen) + STRENGTH * _squares(step), _LEAST)
        weights += length * step
        left -= length * seen
        slope = turned @ left - STRENGTH * weights
        before, size = size, _squares(slope)
        step = slope + size / np.maximum(before, _LEAST) * step
    return weights


def _squares(columns: Floats) -> Floats:
    return np.asarray((columns**2).sum(axis=0))
