"""Strong default candidates, cheapest first: what every study tries before it searches.

The order is the one of ``docs/benchmarks.md``'s development sets: a linear model in the first
seconds so that there is always something to hand out, then the family that gains most per second.
"""

from collections.abc import Sequence

from automl import families
from automl.core.catalog import FamilyName
from automl.core.hyperparameter import Value, defaults
from automl.core.trial import Candidate

_STEPS: tuple[tuple[FamilyName, dict[str, Value]], ...] = (
    (FamilyName.LINEAR, {}),
    (FamilyName.LIGHTGBM, {}),
    (FamilyName.MLP, {}),
)


def portfolio(chosen: Sequence[FamilyName]) -> tuple[Candidate, ...]:
    """Return the first candidates of a study over the ``chosen`` families, in order."""
    steps = [(family, change) for family, change in _STEPS if family in chosen]
    return tuple(
        Candidate(family, {**defaults(families.spec(family).space), **change})
        for family, change in steps
    )
