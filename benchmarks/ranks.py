"""Who is better, counted: ranks on a set, wins between two systems."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, geometric_mean

FAILED = math.inf
"""The error of a run that gave no model: worse than any."""
ALIKE = 0.005
"""Errors that differ by less than this share of the larger one are a draw."""

Runs = Mapping[int, float]
"""A system's error on one set by the split's number."""


def ranks(errors: Mapping[str, float]) -> dict[str, float]:
    """Return each system's place from 1, the least error first; equal errors share their places.

    >>> ranks({"a": 0.2, "b": 0.1, "c": 0.2})
    {'a': 2.5, 'b': 1.0, 'c': 2.5}
    """
    return {
        name: 1
        + sum(other < error for other in errors.values())
        + (sum(other == error for other in errors.values()) - 1) / 2
        for name, error in errors.items()
    }


def set_ranks(runs: Mapping[str, Runs]) -> dict[str, float]:
    """Return the ranks on one set, of the mean error over the splits that all of them ran."""
    common = shared(list(runs.values()))
    if not common:
        return {}
    return ranks({name: fmean(mine[i] for i in common) for name, mine in runs.items()})


def mean_ranks(table: Mapping[str, Mapping[str, Runs]]) -> tuple[dict[str, float], int]:
    """Return the mean rank of each system over the sets that all of them ran, and how many."""
    systems = {name for runs in table.values() for name in runs}
    placed = [set_ranks(runs) for runs in table.values() if runs.keys() == systems]
    found = [places for places in placed if places]
    if not found:
        return {}, 0
    return {name: fmean(places[name] for places in found) for name in found[0]}, len(found)


def won(ours: float, theirs: float) -> float:
    """Return 1 for a win of the first, 0 for a loss, and a half where they are alike.

    >>> won(0.100, 0.110), won(0.1000, 0.1004), won(0.2, 0.1)
    (1.0, 0.5, 0.0)
    """
    if ours == theirs or abs(ours - theirs) < ALIKE * max(ours, theirs) < math.inf:
        return 0.5
    return float(ours < theirs)


def duel(pairs: Sequence[tuple[Runs, Runs]]) -> dict[str, float]:
    """Return the first system's share of wins by set and by run, and the geometric mean ratio.

    By set the means over the splits are compared that both ran; a failure loses.
    """
    both = [(ours, theirs, shared([ours, theirs])) for ours, theirs in pairs]
    met = [(ours, theirs, common) for ours, theirs, common in both if common]
    runs = [(ours[i], theirs[i]) for ours, theirs, common in met for i in common]
    if not runs:
        return {}
    sets = [
        won(fmean(ours[i] for i in common), fmean(theirs[i] for i in common))
        for ours, theirs, common in met
    ]
    ratios = [a / b for a, b in runs if a < FAILED and b < FAILED and min(a, b) > 0]
    return {
        "sets": len(sets),
        "runs": len(runs),
        "wins_by_set": fmean(sets),
        "wins_by_run": fmean(won(a, b) for a, b in runs),
        "error_ratio": geometric_mean(ratios) if ratios else math.nan,
    }


def shared(runs: Sequence[Runs]) -> list[int]:
    """Return the splits that all of them ran."""
    return sorted(set.intersection(*(set(mine) for mine in runs))) if runs else []
