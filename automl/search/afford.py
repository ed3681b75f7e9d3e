"""What the budget and a worker's memory bear: of the rows, the folds and the families."""

import math
from collections.abc import Sequence
from dataclasses import replace

from automl.core.catalog import FamilyName, Modality, ValidationStrategy
from automl.core.schema import Column
from automl.core.study import Plan, StudySpec, finish_reserve
from automl.search import cost
from automl.search.folds import wanted
from automl.search.portfolio import MOST_ATTENDED, PATIENT
from automl.search.portfolios import series

HOLDOUT_IMAGES = 3_000
"""From here on one holdout judges images and volumes: a network needs long for each fold."""

IMAGE_FOLDS = 5

BOOSTED_SHARE = 0.4
"""Of the search's seconds boosted trees may take so many with their defaults, on all folds."""

MOST_CELLS = 100_000_000
"""Larger tables are sampled: so many cells take a worker about 2 GB."""

TEXT_CELLS = 64
"""And a free text takes the memory of so many, while its runs are counted."""

ARRAY_BYTES = 1 << 30
"""Of arrays as networks see them: a worker holds up to five copies of series."""

READ_BYTES = 20 << 20
"""Of images and volumes for each second of a budget: they may stay in their file, but reading them
takes time."""

FEWEST_ROWS = 20_000
"""Fewer are never drawn from more."""

SERIES_SHARE, FEWEST_SERIES = 0.8, 1_000
"""Of the search's seconds kernels for series may take so many, as they are foreseen, where one
holdout judges them; fewer series are never drawn from more."""


def affordable(plan: Plan, spec: StudySpec, features: Sequence[Column]) -> Plan:
    """Return the plan with the rows, folds and families that budget and memory bear."""
    return _paying(_judgeable(_bearable(plan, spec, features), spec), spec)


def _bearable(plan: Plan, spec: StudySpec, features: Sequence[Column]) -> Plan:
    """Return the plan with a sample of the rows where time or memory would not bear them all."""
    if plan.shape:
        size = 1 if features[0].dtype in {"uint8", "bool"} else 4
        readable = _array_bytes(plan, spec) / (size * math.prod(plan.shape))
        return _sampled(plan, spec, max(1, int(min(readable, _solvable(plan, spec)))))
    most = MOST_CELLS // (len(plan.features) + TEXT_CELLS * plan.texts)
    if spec.budget.seconds is not None:
        once = replace(plan, folds=1)
        share = _boosted_seconds(plan, spec) / cost.seconds(once, _usual(plan))
        most = min(most, int(share * plan.rows))
    return _sampled(plan, spec, max(most, FEWEST_ROWS))


def _array_bytes(plan: Plan, spec: StudySpec) -> float:
    """Return how many bytes of arrays a study may learn from."""
    if plan.modality is Modality.SERIES:
        return ARRAY_BYTES
    return max(ARRAY_BYTES, READ_BYTES * (spec.budget.seconds or math.inf))


def _solvable(plan: Plan, spec: StudySpec) -> float:
    """Return how many rows the usual family bears: of series; networks learn from some of many."""
    if plan.modality is not Modality.SERIES or spec.budget.seconds is None:
        return plan.rows
    once = cost.seconds(replace(plan, folds=1), _usual(plan))
    share = SERIES_SHARE / BOOSTED_SHARE * _boosted_seconds(plan, spec) / once
    return min(plan.rows, max(FEWEST_SERIES, share * plan.rows))


def _sampled(plan: Plan, spec: StudySpec, rows: int) -> Plan:
    if rows >= plan.rows:
        return plan
    given = spec.test_dataset_id is not None or plan.official_rows > 0
    strategy, folds, test_rows = wanted(spec, rows, len(plan.classes), given=given)
    why = "they would not fit into a worker's memory, or take too long to read or to learn from."
    if not plan.shape:
        why = (
            "with all of them not even one boosted model would be trained well within the budget"
            " and the memory."
        )
    message = f"{rows:,} of {plan.rows:,} rows are used, evenly drawn from every class: {why}"
    return replace(
        plan,
        strategy=strategy,
        folds=folds,
        rows=rows,
        test_rows=test_rows,
        warnings=(*plan.warnings, ("ROWS_SAMPLED", message)),
    )


def _judgeable(plan: Plan, spec: StudySpec) -> Plan:
    """Return the plan with fewer folds where the budget is too short for what they cost.

    With five folds adult had time for a linear model within 10 s (ROC AUC 0.914), with a holdout
    for boosted trees.
    """
    seconds, kfold = spec.budget.seconds, plan.strategy is ValidationStrategy.KFOLD
    if not kfold or spec.validation.strategy is not ValidationStrategy.AUTO:
        return plan
    holdout = replace(plan, strategy=ValidationStrategy.HOLDOUT, folds=1)
    if plan.modality in (Modality.IMAGE, Modality.VOLUME):
        if plan.rows - plan.test_rows >= HOLDOUT_IMAGES:
            return holdout
        plan = replace(plan, folds=min(plan.folds, IMAGE_FOLDS))
    if seconds is None:
        return plan
    most = _boosted_seconds(plan, spec)
    fewer = replace(plan, folds=min(plan.folds, 3))
    fitting = (p for p in (plan, fewer) if cost.seconds(p, _usual(plan)) <= most)
    return next(fitting, holdout)


def _paying(plan: Plan, spec: StudySpec) -> Plan:
    """Return the plan without what pays late: one trial is too much of the budget, or rows are few.

    A family that the spec names stays.
    """
    if spec.families is not None:
        return plan
    late = set(series.late(plan)) if plan.modality is Modality.SERIES else set()
    if spec.budget.seconds is not None:
        most = {name: share * spec.budget.seconds for name, share in PATIENT.items()}
        late |= {name for name in most if cost.seconds(plan, name) > most[name]}
    if spec.budget.seconds is None or len(plan.features) > MOST_ATTENDED:
        late.add(FamilyName.FT_TRANSFORMER)
    named = spec.search_space or {}
    kept = tuple(name for name in plan.families if name not in late or name.value in named)
    return replace(plan, families=kept)


def _boosted_seconds(plan: Plan, spec: StudySpec) -> float:
    """Return what boosted trees may take with their defaults. Only for a budget in seconds."""
    seconds = spec.budget.seconds or 0.0
    return BOOSTED_SHARE * (seconds - finish_reserve(seconds, plan.outputs))


def _usual(plan: Plan) -> FamilyName:
    """Return the family whose defaults say how many folds and rows the budget bears."""
    match plan.modality:
        case Modality.TEXT:
            return FamilyName.LINEAR
        case Modality.SERIES:
            return FamilyName.ROCKET
        case Modality.IMAGE | Modality.VOLUME:
            return FamilyName.RESNET
        case _:
            return FamilyName.LIGHTGBM
