"""Strong default candidates, cheapest first: what every study tries before it searches.

A linear model comes in the first seconds, so that there is always something to hand out; then the
family that gains most per second.
"""

from collections.abc import Sequence

from automl.core.catalog import FamilyName
from automl.core.hyperparameter import defaults
from automl.core.study import StudySpec
from automl.core.trial import Candidate
from automl.search.spaces import space

ORDER = (FamilyName.LINEAR, FamilyName.LIGHTGBM, FamilyName.MLP)


def portfolio(spec: StudySpec, chosen: Sequence[FamilyName]) -> tuple[Candidate, ...]:
    """Return the first candidates of a study over the ``chosen`` families, in order."""
    return tuple(Candidate(name, defaults(space(spec, name))) for name in ORDER if name in chosen)
