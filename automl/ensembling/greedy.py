"""Greedy ensemble selection with replacement.

Reference:
    Caruana, Niculescu-Mizil, Crew, Ksikes: Ensemble selection from libraries of models, ICML 2004.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats

ROUNDS = 25
"""More rounds gained nothing in published studies."""


def select(
    predictions: Sequence[Floats],
    score: Callable[[Floats], float],
    *,
    maximize: bool,
    rounds: int = ROUNDS,
    members: int = 8,
    prices: Sequence[float] | None = None,
    most: float = np.inf,
) -> tuple[float, ...]:
    """Return one weight for each of ``predictions``, summing to one.

    In each round the prediction joins that makes the average best; ties go to one that is in
    already, then to the first. The set of the best round is kept, the smallest among equals. Where
    the metric is undefined (NaN) the first prediction is as good as any.

    Args:
        predictions: out-of-fold predictions of the candidates, each ``(rows, outputs)``.
        score: the metric of an averaged prediction.
        maximize: whether a higher score is better.
        rounds: how many times a candidate joins.
        members: at most so many different candidates.
        prices: what each candidate costs as a member.
        most: what all members may cost together; the first may cost anything.
    """
    costs = np.zeros(len(predictions)) if prices is None else np.array(prices, dtype=float)
    sign = 1.0 if maximize else -1.0
    unit = abs(np.nan_to_num(score(predictions[0]))) or 1.0  # six digits of its own scale decide
    counts = np.zeros(len(predictions), dtype=int)
    total: Floats = np.zeros_like(predictions[0])
    best_gain, best_counts = -np.inf, counts.copy()
    for size in range(1, rounds + 1):
        gains = [
            (_known(sign * score((total + predictions[i]) / size) / unit), counts[i] > 0, -i)
            for i in _joining(counts > 0, costs, members=members, most=most)
        ]
        gain, _, negative = max(gains)
        counts[-negative] += 1
        total += predictions[-negative]
        if gain > best_gain or size == 1:
            best_gain, best_counts = gain, counts.copy()
    weights = best_counts / best_counts.sum()
    return tuple(float(weight) for weight in weights)


def _joining(
    chosen: npt.NDArray[np.bool_], costs: Floats, *, members: int, most: float
) -> list[int]:
    """Return who may join: whoever is in already, and others while there is room for them."""
    count = np.count_nonzero(chosen)
    if not count:
        return list(range(len(costs)))
    affordable = costs[chosen].sum() + costs <= most
    return np.flatnonzero(chosen | affordable if count < members else chosen).tolist()


def _known(gain: float) -> float:
    return round(gain, 6) if np.isfinite(gain) else -np.inf
