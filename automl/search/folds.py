"""How many folds judge a candidate, and how many rows are set aside for the test."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from automl.core.catalog import Modality, ValidationStrategy
from automl.core.schema import Dataset
from automl.core.study import Plan, StudySpec
from automl.data import split
from automl.data.sample import sample
from automl.data.split import Rows
from automl.search import division

HOLDOUT_ROWS = 60_000
"""From here on one holdout judges well enough, and folds cost too much."""

ARRAY_HOLDOUT = 0.1
"""The part of images, series or volumes that judges in a holdout: networks need the rows."""

MOST_JUDGED = 2_500
"""But no more of them than these: each epoch looks at them again."""

FLATTERED_ROWS = 500
"""Up to so many rows a fold all folds of a table's candidate are judged at one end."""

FLATTERED_CELLS = 5_000
"""And up to so many probabilities of them: of every epoch they are in memory and in checkpoints, 5
MB a fold of 256 epochs."""

TIME_FOLDS = 5
"""The first of them learns from a sixth of the rows: with more it would learn from too few."""


def wanted(
    spec: StudySpec, rows: int, classes: int, *, given: bool
) -> tuple[ValidationStrategy, int, int]:
    """Return strategy, folds and test rows for so many usable rows; a column may allow fewer.

    Where a test set is ``given`` no more rows are set aside.
    """
    test_rows = split.test_size(rows, spec.validation.test_fraction, given)
    return *_validation(spec, rows - test_rows, classes), test_rows


def _validation(spec: StudySpec, rows: int, classes: int) -> tuple[ValidationStrategy, int]:
    """Return the strategy and how many folds: many where data is small, one where it is large."""
    strategy = spec.validation.strategy
    if strategy is ValidationStrategy.TIME:
        return strategy, 1 if rows >= HOLDOUT_ROWS else TIME_FOLDS
    if strategy is ValidationStrategy.GROUP and rows >= HOLDOUT_ROWS:
        return strategy, 3
    if strategy is ValidationStrategy.AUTO:
        large = rows >= HOLDOUT_ROWS
        strategy = ValidationStrategy.HOLDOUT if large else ValidationStrategy.KFOLD
    if strategy is ValidationStrategy.HOLDOUT:
        return strategy, 1
    if rows < 5_000:
        return strategy, max(2, min(8, rows // 2))
    return strategy, 5 if classes <= 10 else 3


def held_out(rows: int, *, arrays: bool) -> float:
    """Return the part of so many rows that judges in a holdout."""
    return min(ARRAY_HOLDOUT, MOST_JUDGED / rows) if arrays else split.HOLDOUT_FRACTION


def judged(plan: Plan) -> float:
    """Return about how many rows judge a fold of that plan, or its holdout."""
    rows = plan.rows - plan.test_rows
    share = 1 / plan.folds if plan.folds > 1 else held_out(rows, arrays=bool(plan.shape))
    return rows * share


def flattered(plan: Plan) -> bool:
    """Return whether so few rows judge a fold that choosing its end by them makes it look good."""
    alike = plan.strategy in {ValidationStrategy.KFOLD, ValidationStrategy.GROUP}
    table = plan.modality is Modality.TABLE
    rows = min(FLATTERED_ROWS, FLATTERED_CELLS // plan.outputs)
    return table and alike and plan.folds > 1 and judged(plan) <= rows


def divided(
    plan: Plan,
    spec: StudySpec,
    dataset: Dataset,
    path: Path,
    *,
    kept: Rows,
    targets: npt.NDArray[Any],
) -> Plan:
    """Return the plan with the folds and test rows that a column allows, if one divides.

    Args:
        plan: what is wanted.
        spec: the request.
        dataset: its dataset, whose table lies at ``path``.
        path: local Parquet file.
        kept: the rows of the table that have a target and are no test part.
        targets: of all rows of the table.

    Raises:
        InvalidSpec: the column cannot divide the rows; says why.
    """
    if plan.strategy not in division.BY_COLUMN:
        return plan
    kept = kept[sample(targets[kept], plan.rows, seed=spec.seed)]
    y = targets[kept]
    parts = division.divide(
        spec, dataset, path, kept, y, test_rows=plan.test_rows, folds=plan.folds
    )
    division.check(parts, y, metric=plan.metric, positive=plan.positive)
    return replace(plan, folds=len(parts.folds), test_rows=len(parts.test))
