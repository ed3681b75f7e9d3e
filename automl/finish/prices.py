"""What members cost in seconds of the finish, and how many seconds they may take."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from automl.core.catalog import FamilyName
from automl.core.study import StudySpec, finish_reserve
from automl.finish.entries import Entry

FINISH_SECONDS: Mapping[FamilyName, float] = MappingProxyType(
    {
        FamilyName.DECISION_TREE: 2.0,
        FamilyName.RANDOM_FOREST: 2.0,
        FamilyName.EXTRA_TREES: 2.0,
        FamilyName.LIGHTGBM: 4.0,
        FamilyName.CATBOOST: 3.0,
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


def prices(entries: Sequence[Entry]) -> list[float]:
    """Return about how many seconds of the finish each takes as a member."""
    trials = [entry.trial for entry in entries]
    return [
        FINISH_SECONDS.get(trial.candidate.family, OTHERS) * (trial.parameters or 0) / 1e6
        for trial in trials
    ]


def most(spec: StudySpec, outputs: int) -> float:
    """Return how many seconds the members of a model may take together."""
    seconds = spec.budget.seconds
    if seconds is None:
        return MOST
    return min(MOST, max(LEAST, finish_reserve(seconds, outputs) - BESIDE))
