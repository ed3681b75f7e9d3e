"""The last candidates of a search: of families that usually take longer than there is left.

Larger steps or fewer trees end in time: planned before, not cut after. Without them two workers
spent the last 20 of 112 seconds of electricity on a hundred linear models that no ensemble wanted.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from types import MappingProxyType

from automl.core.catalog import FamilyName
from automl.core.hyperparameter import Value
from automl.core.study import Plan, StudySpec
from automl.core.trial import Candidate, Trial
from automl.search.spaces import planned

PROPORTIONAL: Mapping[FamilyName, tuple[str, int]] = MappingProxyType(
    {
        FamilyName.LIGHTGBM: ("learning_rate", -1),
        FamilyName.CATBOOST: ("learning_rate", -1),
        FamilyName.EXTRA_TREES: ("trees", 1),
        FamilyName.RANDOM_FOREST: ("trees", 1),
    }
)
"""The hyperparameter that a trial's seconds grow with, and the power of it."""

MOST = 3.0
"""A family that can hurry may usually take so many times what is left."""

_FILLED = 0.8
"""The part of the seconds left that is planned for: what a trial takes varies."""


def hurried(
    candidate: Candidate,
    spec: StudySpec,
    plan: Plan,
    complete: Mapping[FamilyName, Sequence[Trial]],
    seconds_left: float | None,
) -> Candidate:
    """Return the candidate, changed where its family usually takes longer than there is left.

    Args:
        candidate: one of the study.
        spec: the study's spec; what it fixes stays so.
        plan: its plan.
        complete: its complete trials by family; they tell what is usual.
        seconds_left: of the search, None without a limit.
    """
    own = [each for each in complete.get(candidate.family, ()) if each.seconds]
    if candidate.family not in PROPORTIONAL or seconds_left is None or not own:
        return candidate
    name, power = PROPORTIONAL[candidate.family]
    allowed = _FILLED * seconds_left / median(each.seconds or 0.0 for each in own)
    if allowed >= 1.0:
        return candidate
    space = planned(spec, plan, candidate.family)
    changed = next(item for item in space if item.name == name)
    if changed.low is None or changed.high is None:
        return candidate
    wanted = median(float(each.candidate.params[name]) for each in own) * allowed**power
    wished = float(candidate.params[name])
    value: Value = max(wished, wanted) if power < 0 else min(wished, wanted)
    value = min(max(float(value), changed.low), changed.high)
    value = int(value) if changed.type == "int" else value
    return Candidate(candidate.family, {**candidate.params, name: value})
