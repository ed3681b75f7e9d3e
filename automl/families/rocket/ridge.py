"""Ridge regression whose strength is chosen by leaving out each row in turn, in closed form.

Reference: Allen (1974), "The relationship between variable selection and data augmentation and a
method for prediction"; for many features the dual form of Saunders et al. (1998).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats

STRENGTHS = tuple(10.0 ** np.linspace(-3.0, 5.0, 17))
"""Of the penalty, for features of deviation 1."""

_LEAST = 1e-9
"""A feature of a smaller deviation is constant."""


@dataclass(frozen=True, slots=True, eq=False)
class Ridge:
    """Weights ``(features + 1, columns)`` float32, the intercept last.

    ``left_out`` are the scores ``(rows, columns)`` of each training row by the others.
    """

    weights: npt.NDArray[np.float32]
    left_out: Floats


def fit(
    x: npt.NDArray[np.float32], y: Floats, *, sizes: Floats, check: Callable[[], None]
) -> Ridge:
    """Return the weights of the strength whose left-out rows have the least squared error.

    Args:
        x: ``(rows, features)``.
        y: ``(rows, columns)``.
        sizes: the deviation each feature is brought to: the larger, the less its weight is shrunk.
        check: is called before each strength.
    """
    mean, deviation = x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64)
    factor = np.divide(sizes, deviation, out=np.zeros_like(sizes), where=deviation > _LEAST)
    z = ((x - mean) * factor).astype(np.float32)
    middle = y.mean(axis=0)
    solver = (_Dual if len(z) <= z.shape[1] else _Primal)(z, y - middle)

    def wrong(strength: float) -> float:
        check()
        return float((solver.errors(strength) ** 2).mean())

    best = min(STRENGTHS, key=wrong)
    inner = factor[:, None] * solver.weights(best)
    weights = np.vstack([inner, middle - mean @ inner]).astype(np.float32)
    return Ridge(weights, y - solver.errors(best))


class _Dual:
    """Through the products of rows with each other: fewer rows than features."""

    def __init__(self, z: npt.NDArray[np.float32], y: Floats) -> None:
        products = (z @ z.T).astype(np.float64)
        # The mean is not shrunk: its direction counts as if it were endlessly long.
        products += 1e4 * max(1.0, float(np.trace(products)))
        self._values, self._vectors = np.linalg.eigh(products)
        self._values = np.maximum(self._values, 0.0)
        self._z, self._y = z, self._vectors.T @ y

    def errors(self, strength: float) -> Floats:
        inverse = 1.0 / (self._values + strength)
        coefficients = self._vectors @ (inverse[:, None] * self._y)
        result: Floats = coefficients / np.maximum(self._vectors**2 @ inverse, 1e-30)[:, None]
        return result

    def weights(self, strength: float) -> Floats:
        inverse = 1.0 / (self._values + strength)
        coefficients = self._vectors @ (inverse[:, None] * self._y)
        return self._z.T.astype(np.float64) @ coefficients


class _Primal:
    """Through the products of features with each other: fewer features than rows."""

    def __init__(self, z: npt.NDArray[np.float32], y: Floats) -> None:
        values, self._vectors = np.linalg.eigh((z.T @ z).astype(np.float64))
        self._values = np.maximum(values, 0.0)
        self._rows = z @ self._vectors  # (rows, features)
        self._y, self._moved = y, self._rows.T @ y

    def errors(self, strength: float) -> Floats:
        inverse = 1.0 / (self._values + strength)
        residuals = self._y - self._rows @ (inverse[:, None] * self._moved)
        lever = self._rows**2 @ inverse + 1.0 / len(self._rows)
        result: Floats = residuals / np.maximum(1.0 - lever, 1e-6)[:, None]
        return result

    def weights(self, strength: float) -> Floats:
        inverse = 1.0 / (self._values + strength)
        result: Floats = self._vectors @ (inverse[:, None] * self._moved)
        return result
