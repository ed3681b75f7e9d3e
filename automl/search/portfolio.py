"""Strong candidates that every study tries before it searches, cheapest first.

A linear model comes in the first seconds, so that there is always something to hand out; then the
families' defaults, forests among them for the ensemble's sake; then what differs from them and won
on some development sets: LightGBM that takes categories by their codes, or draws its thresholds at
random, and a smaller network.
"""

from collections.abc import Mapping
from types import MappingProxyType

from automl.core.catalog import FamilyName
from automl.core.hyperparameter import Space, Value
from automl.core.study import Plan, StudySpec
from automl.core.trial import Candidate
from automl.search.spaces import space

Change = Mapping[str, Value]

STEPS: tuple[tuple[FamilyName, Change], ...] = (
    (FamilyName.LINEAR, {}),
    (FamilyName.LIGHTGBM, {}),
    (FamilyName.MLP, {}),
    (FamilyName.EXTRA_TREES, {}),
    (FamilyName.RANDOM_FOREST, {}),
    (
        FamilyName.LIGHTGBM,
        {
            "categories": "codes",
            "learning_rate": 0.03,
            "num_leaves": 20,
            "feature_fraction": 0.7,
            "bagging_fraction": 0.8,
        },
    ),
    (FamilyName.LIGHTGBM, {"extra_trees": True, "num_leaves": 63}),
    (FamilyName.MLP, {"layers": 2, "width": 128, "learning_rate": 2e-3, "dropout": 0.3}),
)

MANY_CLASSES = 10
HASTE: Mapping[FamilyName, Change] = MappingProxyType(
    {FamilyName.LIGHTGBM: {"learning_rate": 0.1, "patience": 20}}
)
"""With many classes a round grows many trees: fewer and larger steps (letter: 6.7 s for 14 s a
fold, log loss 0.082 for 0.080)."""


def portfolio(spec: StudySpec, plan: Plan) -> tuple[Candidate, ...]:
    """Return the first candidates of a study, in order, none twice."""
    found: list[Candidate] = []
    for name, change in STEPS:
        if name not in plan.families:
            continue
        haste = HASTE.get(name, {}) if len(plan.classes) > MANY_CLASSES else {}
        candidate = Candidate(name, _changed(space(spec, name), {**change, **haste}))
        if candidate not in found:
            found.append(candidate)
    return tuple(found)


def _changed(dimensions: Space, change: Change) -> dict[str, Value]:
    """Return the defaults with every change that the (perhaps narrowed) space allows."""
    params: dict[str, Value] = {}
    for item in dimensions:
        if item.active(params):
            wished = change.get(item.name, item.default)
            params[item.name] = wished if item.allows(wished) else item.default
    return params
