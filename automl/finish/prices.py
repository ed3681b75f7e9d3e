"""What members cost: seconds of the finish, of which there are few, and a file's time for a row.

The times for a row are estimates from what a trial tells, not measured, so that equal searches give
equal files; on five sets they were within a third of what was measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from types import MappingProxyType

from automl.core.catalog import FamilyName
from automl.core.study import StudySpec, finish_reserve
from automl.core.trial import Trial
from automl.finish.entries import Entry

FINISH_SECONDS: Mapping[FamilyName, float] = MappingProxyType(
    {
        FamilyName.DECISION_TREE: 2.0,
        FamilyName.RANDOM_FOREST: 2.0,
        FamilyName.EXTRA_TREES: 2.0,
        FamilyName.LIGHTGBM: 4.0,
        FamilyName.CATBOOST: 0.8,
    }
)
"""Seconds of the finish for a million leaves; for a million weights of others there are `OTHERS`.
A member must be rebuilt, written, loaded and compared, and then sent: large forests gain little."""

OTHERS = 0.3

BESIDE = 1.0
"""Seconds of the finish for all that is not the members': estimate, importances, report."""

LEAST = 2.0
"""Seconds that the members may take, however small the budget: it has some to spare."""

MOST = 10.0
"""Seconds that the members may take together, whatever the budget: about 100 MB of trees."""


NEAR = 1_000
"""Leaves of a tree that stays in a core's nearest cache."""

TAX = 1e-5
"""Of the ensemble's error, for each microsecond: a member of 100 must spare a thousandth of it."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a member costs: seconds of the finish, microseconds of a core for one row of many."""

    seconds: float
    row_micros: float


def prices(entries: Sequence[Entry], outputs: int) -> list[Price]:
    """Return about what each costs as a member."""
    return [Price(_seconds(entry.trial), row_micros(entry.trial, outputs)) for entry in entries]


def _seconds(trial: Trial) -> float:
    return FINISH_SECONDS.get(trial.candidate.family, OTHERS) * (trial.parameters or 0) / 1e6


def row_micros(trial: Trial, outputs: int) -> float:
    """Return about how long the trial's folds take for a row.

    A step down a tree takes 7 ns, or 25 where the tree is too large for the nearest cache.
    CatBoost's trees are looked up, in 4 ns and one for each sum. Forests are one fit, and lead to a
    look-up where classes are many. Networks: 70 weights in 1 ns.
    """
    sums = outputs if outputs > 2 else 1
    parameters, epochs = trial.parameters or 1, trial.epochs or 1
    match trial.candidate.family:
        case FamilyName.LIGHTGBM:
            return epochs * sums * _walk(parameters, epochs * sums)
        case FamilyName.CATBOOST:
            return (0.004 + 0.001 * sums) * epochs
        case FamilyName.RANDOM_FOREST | FamilyName.EXTRA_TREES | FamilyName.DECISION_TREE:
            trees = int(trial.candidate.params.get("trees", 1))
            return trees * (_walk(parameters, trees) + (0.01 if sums > 1 else 0.0))
        case _:
            return 1.4e-5 * parameters


def _walk(leaves: int, trees: int) -> float:
    """Return the microseconds from the root of a tree to a leaf."""
    size = max(2.0, leaves / trees)
    return (0.007 if size <= NEAR else 0.025) * log2(size)


def most(spec: StudySpec, outputs: int) -> float:
    """Return how many seconds the members of a model may take together."""
    seconds = spec.budget.seconds
    if seconds is None:
        return MOST
    return min(MOST, max(LEAST, finish_reserve(seconds, outputs) - BESIDE))
