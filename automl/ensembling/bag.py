"""Which folds of a member a file holds: those of a dear member with a small weight add little.

The folds of a bag are averaged to even out by what they differ, and a member's weight squared says
how much of that is left in the ensemble. So with a price for time, the folds worth their own grow
with the weight and fall with the root of what one takes.
"""

from collections.abc import Sequence
from math import ceil, sqrt

SPREAD = 0.05
"""By what one member's folds differ, squared, as a part of the ensemble's squared error. On the
test rows of twelve tables, medians: TabM 0.03, mlps 0.05, linear models 0.01, LightGBM 0.04,
CatBoost 0.02."""


def keep(
    weights: Sequence[float], taxes: Sequence[float], folds: Sequence[int]
) -> list[tuple[int, ...]]:
    """Return the places of the folds that each member keeps, spread over the bag.

    Args:
        weights: the members', all above zero.
        taxes: what part of the error each must spare with all of its folds; 0 keeps all.
        folds: how many each has.
    """
    kept: list[tuple[int, ...]] = []
    start = 0
    for weight, tax, count in zip(weights, taxes, folds, strict=True):
        # Half the spread, as a root is taken: SPREAD / 2 · weight² / k + tax · k / count is least.
        worth = weight * sqrt(SPREAD / 2 * count / tax) if tax > 0 else count
        number = min(count, max(1, ceil(worth)))
        kept.append(
            tuple(sorted((start + place * count // number) % count for place in range(number)))
        )
        start += number < count  # the next such member keeps others
    return kept
