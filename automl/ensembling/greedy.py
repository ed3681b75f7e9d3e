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
    taxes: Sequence[float] | None = None,
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
        taxes: which part of its error each candidate must spare the average, to be worth having.
    """
    costs, owed = (np.asarray(x or np.zeros(len(predictions)), float) for x in (prices, taxes))
    sign = 1.0 if maximize else -1.0
    unit = abs(np.nan_to_num(score(predictions[0]))) or 1.0  # six digits of its own scale decide
    counts = np.zeros(len(predictions), dtype=int)
    total: Floats = np.zeros_like(predictions[0])
    best_gain, best_counts = -np.inf, counts.copy()

    def gain(joining: int) -> float:
        value = score((total + predictions[joining]) / (counts.sum() + 1))
        error = 1.0 - value if maximize else value
        tax = owed[counts > 0].sum() + (0.0 if counts[joining] else owed[joining])
        return _known((sign * value - tax * error) / unit)

    for size in range(1, rounds + 1):
        joining = _joining(counts > 0, costs, members=members, most=most)
        reached, _, negative = max((gain(i), counts[i] > 0, -i) for i in joining)
        counts[-negative] += 1
        total += predictions[-negative]
        if reached > best_gain or size == 1:
            best_gain, best_counts = reached, counts.copy()
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
