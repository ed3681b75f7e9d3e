"""How forests grow: some trees at a time, with looks at the clock and the validation rows between.

The trees do not depend on how many grow at a time, nor on the number of threads.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.balance import row_weights
from automl.core.catalog import TaskType, TrialFailure
from automl.core.errors import TrialError
from automl.core.frame import Floats
from automl.core.hyperparameter import Params
from automl.core.learner import Control, Fold
from automl.core.trial import CurvePoint
from automl.families.averaged import FittedForest, convert, join, mean
from automl.families.leaves import smallest
from automl.families.pace import Pace

LEAVES = 1_000_000
"""Most leaves of a forest: about 25 MB of a file, which must be written and compared within a
study's last seconds. Forests live on deep trees: with 60,000 leaves, in each of as many forests as
there are folds, extra trees had an RMSE of 0.645 on wine_quality for 0.606, and a log loss of 0.43
on covertype for 0.34."""
_ROWS_AT_ONCE = 200_000
"""Rows over all trees between two looks at the clock: a third of a second on adult."""
_MOST_AT_ONCE = 10
_SEEN = 10_000
"""Training rows that the training loss is measured on."""


def grow(
    kind: Callable[..., Any], features: str | float, params: Params, fold: Fold, control: Control
) -> FittedForest:
    """Return a forest, grown to ``params["trees"]`` trees or to the end of the time.

    Args:
        kind: scikit-learn's class.
        features: What auto means as its ``max_features``.
        params: The candidate's hyperparameters.
        fold: What to learn from.
        control: Hears of every few trees, and may stop the growth.

    Raises:
        TrialError: there is no feature.
        TrialStopped: ``control`` said so.
    """
    check_features(fold)
    pace, scores = Pace(control), Scores(fold)
    settings = _settings(params, fold, features=features)

    def small(rows: int) -> Any:
        control.check()
        return kind(**settings, min_samples_leaf=rows)

    leaf = smallest(params, fold, small)
    forest = kind(**settings, **_growth(params, fold, leaf), warm_start=True)
    weights = row_weights(params, fold.train.y, fold.outputs)
    trees, step = int(params["trees"]), at_once(len(fold.train.y))
    parts: list[FittedForest] = []
    grown = 0
    while grown < trees and not (grown and pace.over()):
        control.check()
        grown = min(trees, grown + step)
        forest.set_params(n_estimators=grown)
        forest.fit(fold.train.x, fold.train.y, sample_weight=weights)
        parts.append(converted(_taken(forest), forest, fold, params, epochs=grown))
        control.report(scores.add(parts[-1], grown, pace.lap()))
    return join(parts, epochs=grown)


def _taken(forest: Any) -> list[Any]:
    """Return the trees that grew last and take them out of the forest, which only counts them.

    Deep trees with the shares of many classes in each node are large.
    """
    taken = []
    for tree in forest.estimators_:
        if tree.tree_ is not None:
            taken.append(tree.tree_)
            tree.tree_ = None
    return taken


def converted(
    grown: list[Any], forest: Any, fold: Fold, params: Params, *, epochs: int
) -> FittedForest:
    """Return those of scikit-learn's trees as a fitted forest."""
    classes = getattr(forest, "classes_", np.zeros(1)).astype(np.int64)
    smoothing = float(params.get("smoothing", 0.0))
    return convert(grown, outputs=fold.outputs, classes=classes, smoothing=smoothing, epochs=epochs)


def _settings(params: Params, fold: Fold, *, features: str | float) -> dict[str, Any]:
    """Return what scikit-learn's forests are given, of whatever leaves."""
    wished = params["max_features"]
    chosen: dict[str, Any] = {
        "max_features": features if wished == "auto" else wished,
        "n_jobs": fold.threads,
        "random_state": fold.seed % 2**31,
    }
    if fold.task is TaskType.CLASSIFICATION:
        chosen["criterion"] = params["criterion"]
    return chosen


def _growth(params: Params, fold: Fold, leaf: int) -> dict[str, Any]:
    """Return how far trees grow whose leaves need so many rows."""
    leaves = max(2, LEAVES // int(params["trees"]))
    # Best-first growth costs more: only where it limits.
    limits = len(fold.train.y) // leaf > leaves
    return {"min_samples_leaf": leaf, "max_leaf_nodes": leaves if limits else None}


def check_features(fold: Fold) -> None:
    """Make sure that there is something to split by.

    Raises:
        TrialError: there is no feature.
    """
    if not fold.train.x.shape[1]:
        raise TrialError(TrialFailure.INVALID_CANDIDATE, "There is no feature to split rows by.")


def at_once(rows: int) -> int:
    """Return how many trees grow between two looks at the clock."""
    return max(1, min(_MOST_AT_ONCE, _ROWS_AT_ONCE // max(1, rows)))


class Scores:
    """Adds up what trees predict for validation rows and some training rows."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._x = fold.train.x[:_SEEN]
        self._y = fold.train.y[:_SEEN]
        self._train: Floats | float = 0.0
        self._valid: Floats | float = 0.0

    def add(self, part: FittedForest, trees: int, seconds: float) -> CurvePoint:
        """Return the point of the forest that has grown by ``part`` to that many ``trees``."""
        fold = self._fold
        self._train = self._train + part.sums(self._x)
        self._valid = self._valid + part.sums(fold.valid.x)
        predictions = mean(self._valid, trees, fold.outputs)
        value = fold.score(predictions)
        return CurvePoint(
            trees,
            train_loss=loss(fold.task, mean(self._train, trees, fold.outputs), self._y),
            valid_loss=loss(fold.task, predictions, fold.valid.y),
            value=float(value) if np.isfinite(value) else None,
            seconds=seconds,
        )


def loss(task: TaskType, predictions: Floats, y: npt.NDArray[Any]) -> float:
    """Return the log loss, or the mean squared error."""
    if task is TaskType.REGRESSION:
        return float(np.mean((predictions[:, 0] - y) ** 2))
    chances = predictions[np.arange(len(y)), y]
    return float(-np.log(np.maximum(chances, 1e-15)).mean())
