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

MEMBERS = 10
"""At most so many candidates have a weight: with 8 or 12 errors were the same."""

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

    def learned(rows: Rows) -> _Fit:
        return _fit(truth[rows], [prediction[rows] for prediction in predictions], start)

    fits = list(crossfit(parts, learned))

    def crossed(kept: Ints, ridge: float) -> float:
        together = np.zeros_like(predictions[0])
        for part, fit in fits:
            mixture = Mixture(_weights(fit, kept, ridge), geometric)
            together[part] = mixture.of([prediction[part] for prediction in predictions])
        return _known(error(together))

    ridge = min(RIDGES, key=lambda each: crossed(every, each))
    whole = learned(np.arange(len(truth)))
    kept = _worthy(whole, charges, ridge)
    if not crossed(kept, ridge) < PAYS * error(said):
        return None
    return Blend(_weights(whole, kept, ridge), kept, ridge)


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
    return _weights(_fit(truth, predictions, start), kept, ridge)


@dataclass(frozen=True, slots=True, eq=False)
class _Solved:
    """How far each candidate moves, and which part of the error each kept one's move spares."""

    moves: Floats
    spared: Floats


class _Fit(Protocol):
    @property
    def start(self) -> Floats:
        """The weights to move from."""

    def solve(self, kept: Ints, ridge: float) -> _Solved:
        """Return the best moves of those candidates alone."""

    def weights(self, moves: Floats) -> Floats | None:
        """Return the weights that moves lead to, None where they are none."""


def _weights(fit: _Fit, kept: Ints, ridge: float) -> tuple[float, ...]:
    """Return the weights of all candidates, the start's where moving makes nonsense of it."""
    weights = fit.weights(fit.solve(kept, ridge).moves)
    return tuple((fit.start if weights is None else weights).tolist())


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

    def solve(self, kept: Ints, ridge: float) -> _Solved:
        products, wanted = self._products[np.ix_(kept, kept)], self._wanted[kept]
        curvature = products + _diagonal(ridge * self._scale, kept)
        found = np.asarray(np.linalg.solve(curvature, wanted), np.float64)
        loss = self._loss - 2 * float(found @ wanted) + float(found @ products @ found)
        return _Solved(_placed(found, kept, len(self.start)), _spared(found, curvature, loss))

    def weights(self, moves: Floats) -> Floats:
        weights: Floats = self.start * (1.0 - moves.sum()) + moves
        return weights


class _Logs:
    """Classes: moves are of the weights of the logarithms of probabilities.

    Those are counted from the first class's, which are 0 then and need not be kept.
    """

    def __init__(self, truth: Ints, predictions: Sequence[Floats], start: Floats) -> None:
        logs = [linked(each, geometric=True) for each in predictions]
        self.start = start
        self._logs = np.stack([each[:, 1:] - each[:, :1] for each in logs], axis=2)
        self._truth = truth
        self._moves = np.zeros(len(start))
        curvature = self._slopes(np.arange(len(start)), self._moves)[1]
        self._scale = max(_EQUAL, float(np.trace(curvature)) / len(start))

    def solve(self, kept: Ints, ridge: float) -> _Solved:
        hold = _diagonal(ridge * self._scale, kept)
        found = self._moves[kept]  # of another ridge or more candidates: near
        longest = np.inf
        slope, spread, loss = self._slopes(kept, found)
        for _ in range(_STEPS):
            if longest < _NEAR:
                break
            step = np.linalg.solve(spread + hold, slope + hold @ found)
            longest = float(np.abs(step).max())
            found = found - step / max(1.0, longest / _LONGEST)
            slope, spread, loss = self._slopes(kept, found)
        self._moves = _placed(found, kept, len(self.start))
        return _Solved(self._moves, _spared(found, spread + hold, loss))

    def weights(self, moves: Floats) -> Floats | None:
        weights = self.start + moves
        total = float(weights.sum())
        return weights / total if total >= _LEAST else None

    def _slopes(self, kept: Ints, found: Floats) -> tuple[Floats, Floats, float]:
        """Return the log loss's slope and curvature where those candidates move, and itself."""
        rows, others, _ = self._logs.shape
        weights = self.start + _placed(found, kept, len(self.start))
        every = np.zeros((rows, 1 + others))
        every[:, 1:] = self._logs @ weights
        shares = unlinked(every, geometric=True)
        some = self._logs if len(kept) == len(weights) else self._logs[:, :, kept]
        means = np.matmul(shares[:, None, 1:], some)[:, 0]
        spread = (np.sqrt(shares[:, 1:])[:, :, None] * some).reshape(-1, len(kept))
        curvature = (spread.T @ spread - means.T @ means) / rows
        known = self._truth > 0
        said = some[known, self._truth[known] - 1].sum(axis=0)
        return means.mean(axis=0) - said / rows, curvature, _log_loss(self._truth, shares)


def _worthy(fit: _Fit, charges: Charges, ridge: float) -> Ints:
    """Return the candidates that are worth what they cost, and all of the start."""
    kept = np.arange(len(fit.start))
    while True:
        solved = fit.solve(kept, ridge)
        new = fit.start[kept] == 0
        within = len(kept) <= MEMBERS and charges.prices[kept].sum() <= charges.most
        worth = solved.spared - FLATTERED * charges.taxes[kept]
        least = int(np.argmin(np.where(new, worth, np.inf)))
        if not new.any() or (within and worth[least] >= 0):
            return kept
        kept = np.delete(kept, least)


def _spared(moves: Floats, curvature: Floats, loss: float) -> Floats:
    """Return which part of the error is spared by each move, as far as the curvature tells."""
    without = 0.5 * moves**2 / np.diag(np.linalg.inv(curvature))
    spared: Floats = without / (without + max(loss, _EQUAL))
    return spared


def _placed(found: Floats, kept: Ints, count: int) -> Floats:
    placed = np.zeros(count)
    placed[kept] = found
    return placed


def _diagonal(value: float, kept: Ints) -> Floats:
    return np.eye(len(kept)) * value


def _log_loss(truth: Ints, shares: Floats) -> float:
    of_truth = shares[np.arange(len(truth)), truth]
    return -float(np.log(np.maximum(of_truth, _EQUAL)).mean())


def _known(error: float) -> float:
    return error if np.isfinite(error) else np.inf
