"""Weights that may be below zero: what one candidate says too much, another takes back.

Greedy weights are the start, and a ridge pulls towards them; how hard is judged on rows that the
weights were not fitted to. Numbers are blended by squared error, classes by the log loss of what
their logarithms give, whatever the metric: it has the last word on whether any of this is kept.
Candidates that spare less of the error than they cost are left out, the least worth first.

References:
    Breiman, Stacked Regressions, Machine Learning 24, 1996. LeBlanc and Tibshirani, Combining
    Estimates in Regression and Classification, JASA 91, 1996. On leaving out: Hassibi and Stork,
    Second Order Derivatives for Network Pruning: Optimal Brain Surgeon, NIPS 1992.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats, Ints
from automl.core.mixture import FLOOR, Mixture, linked, unlinked
from automl.ensembling.crossfit import Rows, crossfit

RIDGES = (1.0, 0.1, 0.01, 0.001)
"""As parts of the mean curvature; among equals the hardest."""

MEMBERS = 8
"""At most so many candidates have a weight: with 12 errors were the same."""

FLATTERED = 4.0
"""What a move spares of the rows it was fitted to must be so many times the candidate's tax. At 1
errors were the same, and files took a tenth more time."""

PAYS = 1.001
"""A blend is kept where its cross-fitted error is below that of the start times this, since the
start is judged on the very rows that it was chosen on: on kept trials of 23 studies all that were
kept so had the same or less error on test rows."""

SURE = 100 * FLOOR
"""A log loss below it lives on probabilities that logarithms with a floor do not tell apart."""

_EQUAL = 1e-12
"""Candidates that differ by less all say the same."""

_STEPS = 8
_NEAR = 1e-4
_LONGEST = 1.0
_LEAST = 0.25
"""Weights of logarithms that sum to less would say the opposite of what the candidates say."""


@dataclass(frozen=True, slots=True, eq=False)
class Charges:
    """What candidates cost, one number each.

    ``taxes`` are the parts of the error that each must spare; of ``prices`` all together may take
    ``most``. What is in the start has its place already.
    """

    taxes: Floats
    prices: Floats
    most: float


@dataclass(frozen=True, slots=True, eq=False)
class Blend:
    """Weights, one a candidate, that sum to one, and how to find such weights on other rows."""

    weights: tuple[float, ...]
    kept: Ints
    """The candidates whose weights were moved from the start."""
    ridge: float


def blend(
    truth: npt.NDArray[Any],
    predictions: Sequence[Floats],
    start: Sequence[float],
    error: Callable[[Floats], float],
    *,
    charges: Charges,
    parts: Sequence[Rows],
) -> Blend | None:
    """Return blended weights; None where the start is as good.

    Args:
        truth: class indices or numbers, ``(rows,)``.
        predictions: what each candidate says of them, out of fold, ``(rows, outputs)``.
        start: the greedy weights, above zero or 0.
        error: judges what candidates say together of all those rows: the less the better.
        charges: what candidates cost.
        parts: of the rows, each judged by weights that were fitted to the others; two at least.
    """
    geometric = truth.dtype.kind in "iu"
    said = Mixture(tuple(start)).of(predictions)
    if len(start) < 2 or len(parts) < 2 or (geometric and _log_loss(truth, said) < SURE):
        return None
    every = np.arange(len(start))

    def crossed(kept: Ints, ridge: float) -> float:
        together = np.zeros_like(predictions[0])

        def fitted(rows: Rows) -> tuple[float, ...]:
            some = [prediction[rows] for prediction in predictions]
            return refit(truth[rows], some, start, kept, ridge)

        for part, weights in crossfit(parts, fitted):
            mixture = Mixture(weights, geometric)
            together[part] = mixture.of([prediction[part] for prediction in predictions])
        return _known(error(together))

    ridge = min(RIDGES, key=lambda each: crossed(every, each))
    kept = _worthy(_fit(truth, predictions, start), charges, ridge)
    if not crossed(kept, ridge) < PAYS * error(said):
        return None
    return Blend(refit(truth, predictions, start, kept, ridge), kept, ridge)


def refit(
    truth: npt.NDArray[Any],
    predictions: Sequence[Floats],
    start: Sequence[float],
    kept: Ints,
    ridge: float,
) -> tuple[float, ...]:
    """Return the weights of all candidates where those that are ``kept`` may move from the start.

    They sum to one. They are the start's where moving would make nonsense of it.
    """
    fit = _fit(truth, predictions, start)
    weights = fit.weights(fit.solve(kept, ridge, np.zeros(len(start))).moves)
    return tuple(start) if weights is None else tuple(weights.tolist())


@dataclass(frozen=True, slots=True, eq=False)
class _Solved:
    """How far each candidate moves, and which part of the error each kept one's move spares."""

    moves: Floats
    spared: Floats


class _Fit(Protocol):
    start: Floats

    def solve(self, kept: Ints, ridge: float, moves: Floats) -> _Solved:
        """Return the best moves of those candidates alone, sought from other moves on."""

    def weights(self, moves: Floats) -> Floats | None:
        """Return the weights that moves lead to, None where they are none."""


def _fit(truth: npt.NDArray[Any], predictions: Sequence[Floats], start: Sequence[float]) -> _Fit:
    weights = np.asarray(start, np.float64)
    if truth.dtype.kind in "iu":
        return _Logs(truth, predictions, weights)
    return _Squares(truth, predictions, weights)


class _Squares:
    """Numbers: moves are of the candidates' differences from what the start says."""

    def __init__(self, truth: Floats, predictions: Sequence[Floats], start: Floats) -> None:
        unit = float(truth.std()) or 1.0
        columns = np.concatenate(predictions, axis=1) / unit
        said = columns @ start
        apart, missed = columns - said[:, None], truth / unit - said
        self.start = start
        self._products = apart.T @ apart / len(truth)
        self._wanted = apart.T @ missed / len(truth)
        self._loss = float(missed @ missed) / len(truth)
        self._scale = max(_EQUAL, float(np.trace(self._products)) / len(start))

    def solve(self, kept: Ints, ridge: float, moves: Floats) -> _Solved:
        products, wanted = self._products[np.ix_(kept, kept)], self._wanted[kept]
        curvature = products + _diagonal(ridge * self._scale, kept)
        found = np.asarray(np.linalg.solve(curvature, wanted), np.float64)
        loss = self._loss - 2 * float(found @ wanted) + float(found @ products @ found)
        return _Solved(_placed(found, kept, moves), _spared(found, curvature, loss))

    def weights(self, moves: Floats) -> Floats:
        weights: Floats = self.start * (1.0 - moves.sum()) + moves
        return weights


class _Logs:
    """Classes: moves are of the weights of the logarithms of probabilities."""

    def __init__(self, truth: Ints, predictions: Sequence[Floats], start: Floats) -> None:
        logs = np.stack([linked(each, geometric=True) for each in predictions], axis=2)
        self.start = start
        self._logs = logs - logs.mean(axis=1, keepdims=True)
        self._said = np.arange(len(truth)), truth
        everything = np.arange(len(start))
        curvature = self._slopes(everything, start)[1]
        self._scale = max(_EQUAL, float(np.trace(curvature)) / len(start))

    def solve(self, kept: Ints, ridge: float, moves: Floats) -> _Solved:
        hold = _diagonal(ridge * self._scale, kept)
        found = moves[kept]
        for _ in range(_STEPS):
            slope, spread, _ = self._slopes(kept, self.start + _placed(found, kept, moves))
            step = np.linalg.solve(spread + hold, slope + hold @ found)
            longest = float(np.abs(step).max())
            found = found - step / max(1.0, longest / _LONGEST)
            if longest < _NEAR:
                break
        placed = _placed(found, kept, moves)
        _, spread, loss = self._slopes(kept, self.start + placed)
        return _Solved(placed, _spared(found, spread + hold, loss))

    def weights(self, moves: Floats) -> Floats | None:
        weights = self.start + moves
        total = float(weights.sum())
        return weights / total if total >= _LEAST else None

    def _slopes(self, kept: Ints, weights: Floats) -> tuple[Floats, Floats, float]:
        """Return the log loss's slope and curvature along those candidates' weights, and itself."""
        shares = unlinked(self._logs @ weights, geometric=True)
        some = self._logs[:, :, kept]
        rows = len(some)
        means = np.einsum("rk,rkm->rm", shares, some)
        spread = (np.sqrt(shares)[:, :, None] * some).reshape(-1, len(kept))
        curvature = (spread.T @ spread - means.T @ means) / rows
        slope = (means - some[self._said]).mean(axis=0)
        return slope, curvature, _log_loss(self._said[1], shares)


def _worthy(fit: _Fit, charges: Charges, ridge: float) -> Ints:
    """Return the candidates that are worth what they cost, and all of the start."""
    kept = np.arange(len(fit.start))
    moves = np.zeros(len(kept))
    while True:
        solved = fit.solve(kept, ridge, moves)
        new = fit.start[kept] == 0
        within = len(kept) <= MEMBERS and charges.prices[kept].sum() <= charges.most
        worth = solved.spared - FLATTERED * charges.taxes[kept]
        least = int(np.argmin(np.where(new, worth, np.inf)))
        if not new.any() or (within and worth[least] >= 0):
            return kept
        moves = solved.moves
        moves[kept[least]] = 0.0
        kept = np.delete(kept, least)


def _spared(moves: Floats, curvature: Floats, loss: float) -> Floats:
    """Return which part of the error is spared by each move, as far as the curvature tells."""
    without = 0.5 * moves**2 / np.diag(np.linalg.inv(curvature))
    spared: Floats = without / (without + max(loss, _EQUAL))
    return spared


def _placed(found: Floats, kept: Ints, moves: Floats) -> Floats:
    placed = np.zeros_like(moves)
    placed[kept] = found
    return placed


def _diagonal(value: float, kept: Ints) -> Floats:
    return np.eye(len(kept)) * value


def _log_loss(truth: Ints, shares: Floats) -> float:
    of_truth = shares[np.arange(len(truth)), truth]
    return -float(np.log(np.maximum(of_truth, _EQUAL)).mean())


def _known(error: float) -> float:
    return error if np.isfinite(error) else np.inf
