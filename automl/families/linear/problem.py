"""What is minimized to fit a linear model: a loss of some rows and a penalty of the weights.

Everything is float64. Rows are dense, or sparse (CSR) where most cells are zero, as after one-hot
encoding. The intercept is the last row of the weights, ``(features + 1, columns)``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from automl.core.frame import Floats
from automl.core.learner import Examples
from automl.families.linear.loss import Loss

_SPARSE_BELOW = 0.2  # share of cells that are not zero; a CSR product beats the dense one there
_SPARSE_FROM = 200_000  # cells
_GRAM_WORK = 2e10  # rows × features²: above, the diagonal of the bound has to do
_GRAM_FEATURES = 5_000  # and above this, which 200 MB hold


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows as the solvers see them; ``weights`` say what each counts, None for all alike."""

    x: Any
    y: npt.NDArray[Any]
    weights: Floats | None = None

    def scores(self, weights: Floats) -> Floats:
        """Return ``(rows, columns)``."""
        result: Floats = self.x @ weights[:-1] + weights[-1]
        return result

    def gather(self, slopes: Floats) -> Floats:
        """Return the gradient by the weights of the mean loss with these slopes by the scores."""
        inner = self.x.T @ slopes
        return np.vstack([inner, slopes.sum(axis=0)]) / len(slopes)

    def gram(self) -> Floats:
        """Return the mean of the outer products of the rows with their intercept."""
        counted = self._counted(self.x)
        inner = self.x.T @ counted
        if sparse.issparse(inner):
            inner = inner.toarray()
        sums = np.asarray(counted.sum(axis=0)).reshape(-1, 1)
        return np.block([[inner, sums], [sums.T, len(self.y)]]) / len(self.y)

    def diagonal(self) -> Floats:
        """Return a diagonal that bounds the ``gram`` from above."""
        size = abs(self.x)
        totals = self._counted(np.asarray(size.sum(axis=1)).reshape(-1, 1) + 1.0)
        inner = np.asarray(size.T @ totals)
        return np.vstack([inner, totals.sum(axis=0)]).ravel() / len(self.y)

    def _counted(self, cells: Any) -> Any:
        """Return the cells times what their rows count."""
        return cells if self.weights is None else sparse.diags_array(self.weights) @ cells


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """The loss of some rows plus ``l2`` × half the squares and ``l1`` × the sizes of the weights.

    The intercept is free. ``bound`` is `bound_of` the rows; ``tick`` is called before each pass.
    """

    rows: Rows
    loss: Loss
    bound: Floats
    l2: float
    l1: float
    tick: Callable[[], None]

    def measure(self, weights: Floats, scores: Floats) -> tuple[float, Floats]:
        """Return what is minimized, at weights with these scores, and the slopes by the scores."""
        loss, slopes = self.loss.measure(scores, self.rows.y, self.rows.weights)
        inner = weights[:-1]
        penalty = 0.5 * self.l2 * (inner**2).sum() + self.l1 * np.abs(inner).sum()
        return loss + float(penalty), slopes

    def gradient(self, weights: Floats, slopes: Floats) -> Floats:
        """Return the gradient of all but the L1 part."""
        gradient = self.rows.gather(slopes)
        gradient[:-1] += self.l2 * weights[:-1]
        return gradient

    def ridge(self) -> Floats:
        """Return what the penalty adds to the diagonal of the second derivatives."""
        return np.append(np.full(self.rows.x.shape[1], self.l2), 0.0)


def rows_of(examples: Examples, weights: Floats | None = None) -> Rows:
    """Return the examples as the solvers see them; ``weights`` have a mean of 1."""
    x = examples.x
    if sparse.issparse(x):
        return Rows(x.astype(np.float64, copy=False), examples.y, weights)
    if x.size >= _SPARSE_FROM and np.count_nonzero(x) < _SPARSE_BELOW * x.size:
        x = sparse.csr_array(x)
    return Rows(x.astype(np.float64, copy=False), examples.y, weights)


def bound_of(rows: Rows, loss: Loss) -> Floats:
    """Return the bound on the second derivatives: a matrix, or a diagonal if that is too much."""
    features = rows.x.shape[1]
    affordable = features <= _GRAM_FEATURES and len(rows.y) * features**2 <= _GRAM_WORK
    return loss.curvature * (rows.gram() if affordable else rows.diagonal())


def jitter(bound: Floats) -> Floats:
    """Return what, added to the bound's diagonal, makes collinear and constant columns harmless."""
    diagonal = bound if bound.ndim == 1 else np.diag(bound)
    return 1e-10 * len(bound) * diagonal + 1e-12
