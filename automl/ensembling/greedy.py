"""Greedy ensemble selection with replacement.

Reference:
    Caruana, Niculescu-Mizil, Crew, Ksikes: Ensemble selection from libraries of models, ICML 2004.
"""

from collections.abc import Callable, Sequence

import numpy as np

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
    """
    sign = 1.0 if maximize else -1.0
    unit = abs(np.nan_to_num(score(predictions[0]))) or 1.0  # six digits of its own scale decide
    counts = np.zeros(len(predictions), dtype=int)
    total: Floats = np.zeros_like(predictions[0])
    best_gain, best_counts = -np.inf, counts.copy()
    for size in range(1, rounds + 1):
        full = (counts > 0).sum() >= members
        pool = np.flatnonzero(counts).tolist() if full else list(range(len(predictions)))
        gains = [
            (_known(sign * score((total + predictions[i]) / size) / unit), counts[i] > 0, -i)
            for i in pool
        ]
        gain, _, negative = max(gains)
        counts[-negative] += 1
        total += predictions[-negative]
        if gain > best_gain or size == 1:
            best_gain, best_counts = gain, counts.copy()
    weights = best_counts / best_counts.sum()
    return tuple(float(weight) for weight in weights)


def _known(gain: float) -> float:
    return round(gain, 6) if np.isfinite(gain) else -np.inf
