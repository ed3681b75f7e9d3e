"""Training of the decision tree family; prediction and graph are those of averaged trees.

The best splits come first, so a larger tree only adds to a smaller one: trees of ever more leaves
are tried until the validation rows gain no more.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from automl.core.balance import row_weights
from automl.core.catalog import TaskType
from automl.core.hyperparameter import Params
from automl.core.learner import Control, Fold
from automl.families.averaged import FittedForest, load
from automl.families.growing import Scores, check_features, converted
from automl.families.pace import Pace

__all__ = ["fit", "load"]

_PATIENCE = 3  # sizes


def fit(params: Params, fold: Fold, control: Control) -> FittedForest:
    """Return the tree whose size has the lowest loss on the validation rows.

    Raises:
        TrialError: there is no feature.
        TrialStopped: ``control`` said so.
    """
    check_features(fold)
    pace = Pace(control)
    weights = row_weights(params, fold.train.y, fold.outputs)
    best, lowest, leaves = None, math.inf, 0
    for epoch, size in enumerate(_sizes(int(params["max_leaf_nodes"])), start=1):
        control.check()
        tree = _unfitted(params, fold, size).fit(fold.train.x, fold.train.y, sample_weight=weights)
        fitted = converted([tree.tree_], tree, fold, params, epochs=epoch)
        point = Scores(fold).add(fitted, 1, pace.lap())
        control.report(replace(point, epoch=epoch))
        if best is None or (point.valid_loss or 0.0) < lowest:
            best, lowest = fitted, point.valid_loss or 0.0
        full = fitted.parameters == leaves
        leaves = fitted.parameters
        if full or epoch - best.epochs >= _PATIENCE or pace.over():
            break
    assert best is not None  # noqa: S101 -- for mypy: there is at least one size
    return best


def _sizes(most: int) -> Iterator[int]:
    """Yield numbers of leaves, each twice the one before, up to ``most``."""
    size = 2
    while size < most:
        yield size
        size *= 2
    yield most


def _unfitted(params: Params, fold: Fold, leaves: int) -> Any:
    shared = {
        "max_leaf_nodes": leaves,
        "min_samples_leaf": int(params["min_samples_leaf"]),
        "max_features": float(params["max_features"]),
        "random_state": fold.seed % 2**31,
    }
    if fold.task is TaskType.REGRESSION:
        return DecisionTreeRegressor(**shared)
    return DecisionTreeClassifier(criterion=params["criterion"], **shared)
