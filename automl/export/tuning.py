"""Which hyperparameters mattered, told from the trials that a search has anyway."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats
from automl.core.hyperparameter import Value
from automl.core.report import Share
from automl.core.trial import Trial

FEWEST_TRIALS = 6
"""With fewer complete trials nothing is said of a hyperparameter."""

BINS = 3
"""Numbers are compared low, middle and high."""


def shares(trials: Sequence[Trial]) -> list[Share]:
    """Return the hyperparameters of one family by the part of the differences that goes with them.

    The trials' ranks are grouped by the hyperparameter (numbers in thirds) where it was active; the
    share is ω², the variance between the groups less what chance puts there. It is a hint, not an
    experiment: the search itself chose the values. Those of one value only are left out.

    Args:
        trials: the family's complete trials.

    Reference:
        Hays, Statistics for Psychologists, 1963, on ω²; the idea of explaining a search by the
        variance of its margins is that of Hutter, Hoos and Leyton-Brown, An Efficient Approach for
        Assessing Hyperparameter Importance, 2014.
    """
    names = sorted({name for trial in trials for name in trial.candidate.params})
    found = []
    for name in names:
        having = [trial for trial in trials if name in trial.candidate.params]
        groups = _groups([trial.candidate.params[name] for trial in having])
        if len(having) >= FEWEST_TRIALS and 1 < groups.max() + 1 < len(having):
            found.append(Share(name=name, share=round(omega(groups, _ranks(having)), 6)))
    return sorted(found, key=lambda item: (-item["share"], item["name"]))


def omega(groups: npt.NDArray[np.intp], values: Floats) -> float:
    """Return the part of the values' variance that goes with the groups, chance taken off.

    Args:
        groups: ``(n,)``, numbered from 0, fewer than n.
        values: ``(n,)``.
    """
    counts = np.bincount(groups)
    counts, groups = counts[counts > 0], np.unique(groups, return_inverse=True)[1]
    means = np.bincount(groups, weights=values) / counts
    total = float(((values - values.mean()) ** 2).sum())
    between = float((counts * (means - values.mean()) ** 2).sum())
    noise = (total - between) / max(1, len(values) - len(counts))
    if total + noise <= 0:
        return 0.0
    return max(0.0, (between - (len(counts) - 1) * noise) / (total + noise))


def _groups(values: Sequence[Value]) -> npt.NDArray[np.intp]:
    if any(isinstance(value, (bool, str)) for value in values):
        known = sorted({repr(value) for value in values})
        return np.array([known.index(repr(value)) for value in values], dtype=np.intp)
    numbers = np.array(values, dtype=np.float64)
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, BINS + 1)[1:-1], method="lower"))
    return np.unique(np.searchsorted(edges, numbers), return_inverse=True)[1].astype(np.intp)


def _ranks(trials: Sequence[Trial]) -> Floats:
    values = np.array([trial.value for trial in trials], dtype=np.float64)
    return np.unique(values, return_inverse=True)[1].astype(np.float64)
