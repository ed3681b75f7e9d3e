"""Strong candidates that every study tries before it searches, in the order that pays most.

A linear model comes in the first seconds, so that there is always something to hand out; then the
families' defaults, trees with pairs of numbers, forests among them for the ensemble's sake, and
what differs from them and won on some development sets: LightGBM without pairs that takes
categories by their codes, or draws its thresholds at random, and a smaller network. Networks come
last, being dear and on most tables not the best, but with many classes first, where they win
(letter: log loss 0.084 for LightGBM's 0.155), and where the target is a number one of many members
before the others.
"""

from collections.abc import Mapping
from types import MappingProxyType

from automl.core.catalog import FamilyName, Modality
from automl.core.hyperparameter import Space, Value
from automl.core.study import Plan, StudySpec
from automl.core.trial import Candidate
from automl.search import cost
from automl.search.portfolios import image, series, text
from automl.search.spaces import planned

Change = Mapping[str, Value]

Step = tuple[FamilyName, Change]

BOOSTED: Step = (FamilyName.LIGHTGBM, {})
BY_CODES: Step = (
    FamilyName.LIGHTGBM,
    {
        "categories": "codes",
        "pairs": False,
        "learning_rate": 0.03,
        "num_leaves": 20,
        "feature_fraction": 0.7,
        "bagging_fraction": 0.8,
    },
)
AT_RANDOM: Step = (FamilyName.LIGHTGBM, {"extra_trees": True, "num_leaves": 63, "pairs": False})
SYMMETRIC: Step = (FamilyName.CATBOOST, {})
SYMMETRIC_LARGE: Step = (FamilyName.CATBOOST, {"learning_rate": 0.1})
SYMMETRIC_CLASSES: Step = (
    FamilyName.CATBOOST,
    {"learning_rate": 0.1, "leaf_estimation_iterations": 5},
)
RUGGED: Step = (
    FamilyName.LIGHTGBM,
    {"num_leaves": 64, "feature_fraction": 0.5, "bagging_fraction": 0.8, "lambda_l2": 3.0},
)
EXTRA: Step = (FamilyName.EXTRA_TREES, {})
FOREST: Step = (FamilyName.RANDOM_FOREST, {})
DEAR = 6.0
"""Seconds beyond which one forest is enough for a start, whatever the budget, which may grow: of 56
each of two workers spent 20 to 30 on a forest of credit_default or adult, and no ensemble wanted
the second."""
NETWORK: Step = (FamilyName.MLP, {})
SMALL_NETWORK: Step = (
    FamilyName.MLP,
    {"layers": 2, "width": 128, "learning_rate": 2e-3, "dropout": 0.3},
)
TUNED: Step = (FamilyName.REALMLP, {})
TUNED_NUMBER: Step = (FamilyName.REALMLP, {"learning_rate": 0.1, "dropout": 0.15})
"""A regression bears larger steps (concrete: RMSE 5.55 at 0.1, 5.60 at 0.05, 5.63 at 0.2)."""
TOGETHER: Step = (FamilyName.TABM, {})
ATTENTIVE: Step = (FamilyName.FT_TRANSFORMER, {})
LINEAR: Step = (FamilyName.LINEAR, {})

STEPS = (
    LINEAR,
    BOOSTED,
    EXTRA,
    SYMMETRIC,
    RUGGED,
    FOREST,
    BY_CODES,
    AT_RANDOM,
    NETWORK,
    SMALL_NETWORK,
    TOGETHER,
    TUNED,
    ATTENTIVE,
)
"""Beside LightGBM, says `benchmarks.portfolio`, extra trees lower an ensemble's error by most for
their seconds (4 % on four sets of numbers, 19 % on german_credit and phoneme), then LightGBM of
more leaves and fewer features (1.6 %), then CatBoost (0.8 %). CatBoost, which was right behind
LightGBM before, has stayed before those leaves: no figure is kept of the two the other way round.
"""

NUMBER_STEPS = (*STEPS[:8], TOGETHER, NETWORK, SMALL_NETWORK, TUNED_NUMBER, ATTENTIVE)
"""Towards numbers members together are worth more than other networks (cpu_act, 2,500 rows: RMSE
2.37, mlp 2.66, LightGBM 2.49; concrete: 4.85, 5.90, 5.42)."""

PATIENT: Mapping[FamilyName, float] = MappingProxyType(
    {FamilyName.TABM: 0.3, FamilyName.REALMLP: 0.1, FamilyName.FT_TRANSFORMER: 0.1}
)
"""Families that pay late, with the part of the budget that one trial of them, on one worker, may be
expected to take: where it takes more, a study that does not name them goes without, as they would
take time from what pays sooner. Beside LightGBM, CatBoost, extra trees and mlp, TabM lowered an
ensemble's error on five of eight sets by 0.8 to 5.4 % and raised it on one by 4.6 %; RealMLP with
it lowered that on one by 1 %."""

MOST_ATTENDED = 200
"""Columns from which on attention between them, which costs their square, is left to those who name
it; so it is where trials alone are the budget, as nobody said how long one may take."""

HASTE: Change = MappingProxyType({"learning_rate": 0.1, "patience": 20, "pairs": False})
"""With many classes a round grows many trees: fewer and larger steps (letter: 6.7 s for 14 s a
fold, log loss 0.082 for 0.080)."""

MANY_ROWS = 5_000
"""Beyond it 1,000 rounds of CatBoost end before small steps have arrived (california_housing: RMSE
46,350 at 0.1, 46,940 at 0.05); below small ones are better (concrete: 3.76 for 3.92)."""

MANY_CLASSES = 10
SYMMETRIC_MANY: Step = (
    FamilyName.CATBOOST,
    {"learning_rate": 0.2, "leaf_estimation_iterations": 5, "max_rounds": 150, "pairs": False},
)
"""On letter 7.6 s a fold, log loss 0.168; with one Newton step 0.254 after 4.5 s."""

MANY_CLASSES_STEPS = (
    LINEAR,
    NETWORK,
    (FamilyName.LIGHTGBM, HASTE),
    EXTRA,
    FOREST,
    SYMMETRIC_MANY,
    TOGETHER,
    TUNED,
    ATTENTIVE,
)


def portfolio(spec: StudySpec, plan: Plan) -> tuple[Candidate, ...]:
    """Return the first candidates of a study, in order, none twice."""
    found: list[Candidate] = []
    for name, change in _steps(spec, plan):
        if name in plan.families:
            candidate = Candidate(name, _changed(planned(spec, plan, name), change))
            if candidate not in found:
                found.append(candidate)
    return tuple(found)


def _steps(spec: StudySpec, plan: Plan) -> tuple[Step, ...]:
    match plan.modality:
        case Modality.IMAGE | Modality.VOLUME:
            return image.steps(spec, plan)
        case Modality.SERIES:
            return series.steps(plan)
        case Modality.TEXT:
            return text.steps(plan)
        case Modality.TABLE:
            steps = _table_steps(plan)
            dear = cost.seconds(plan, FamilyName.RANDOM_FOREST) > DEAR
            return _last(FOREST, steps) if dear else steps


def _last(step: Step, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    return (*(each for each in steps if each is not step), step)


def _table_steps(plan: Plan) -> tuple[Step, ...]:
    if len(plan.classes) > MANY_CLASSES:
        return MANY_CLASSES_STEPS
    if len(plan.classes) > 2:
        return tuple(SYMMETRIC_CLASSES if step is SYMMETRIC else step for step in STEPS)
    steps = STEPS if plan.classes else NUMBER_STEPS
    if plan.rows > MANY_ROWS:
        return tuple(SYMMETRIC_LARGE if step is SYMMETRIC else step for step in steps)
    return steps


def _changed(dimensions: Space, change: Change) -> dict[str, Value]:
    """Return the defaults with every change that the (perhaps narrowed) space allows."""
    params: dict[str, Value] = {}
    for item in dimensions:
        if item.active(params):
            wished = change.get(item.name, item.default)
            params[item.name] = wished if item.allows(wished) else item.default
    return params
