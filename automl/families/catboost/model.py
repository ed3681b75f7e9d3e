"""Training, prediction and graph of the CatBoost family.

A column of few categories becomes one of 0 and 1 for each; others stay codes, the most frequent
first. CatBoost trains; what it grew is kept as arrays, and it is not needed to predict.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.balance import row_weights
from automl.core.catalog import TaskType
from automl.core.frame import Floats
from automl.core.graph import Graph
from automl.core.hyperparameter import Params
from automl.core.lean import for_pandas
from automl.core.learner import Control, Fold
from automl.core.state import State
from automl.core.trail import Trail
from automl.core.trial import CurvePoint
from automl.families import chances
from automl.families.catboost.classes import Classes
from automl.families.catboost.columns import Columns
from automl.families.catboost.oblivious import Oblivious, stump
from automl.families.catboost.watch import Watch
from automl.families.growing import check_features, loss

_ARRAYS = ("depth", "feature", "border", "equals", "leaves", "bias")
_PASSED = (
    "learning_rate",
    "depth",
    "l2_leaf_reg",
    "random_strength",
    "rsm",
    "border_count",
    "leaf_estimation_iterations",
)
"""Hyperparameters that are CatBoost's own parameters."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedOblivious:
    """Trees cut at their best round; ``outputs`` is 1 for regression, ``epochs`` counts rounds."""

    trees: Oblivious
    outputs: int
    epochs: int
    trail: Trail | None = None

    @property
    def parameters(self) -> int:
        """Numbers in leaves."""
        return self.trees.leaves.size + len(self.trees.bias)

    def predict(self, x: npt.NDArray[np.float32]) -> Floats:
        """Return ``(rows, outputs)``: class probabilities, or the standardized target."""
        return chances.of(self.trees.sums(x), self.outputs)

    def state(self) -> State:
        """Return the trees."""
        header = {"outputs": self.outputs, "epochs": self.epochs}
        return State(header, {name: getattr(self.trees, name) for name in _ARRAYS})

    def emit(self, graph: Graph, x: str) -> str:
        """Write the trees and what makes probabilities of their sums to ``graph``."""
        return chances.emit(graph, self.trees.emit(graph, x), self.outputs)


def load(state: State) -> FittedOblivious:
    """Return what ``FittedOblivious.state`` once wrote down."""
    return FittedOblivious(Oblivious(**state.arrays), **state.header)


def fit(params: Params, fold: Fold, control: Control) -> FittedOblivious:
    """Return trees boosted until the validation loss has not fallen for ``patience`` rounds.

    Raises:
        TrialError: the loss is not a number, or there is no feature.
        TrialStopped: ``control`` said so.
    """
    with for_pandas():
        from catboost import CatBoost, Pool  # predicting needs neither

    check_features(fold)
    if not _learnable(fold.train.x, fold.train.y):
        return _constant(fold, control)
    columns, classes = Columns.of(fold), Classes.of(fold)
    watch = Watch(params, fold, control, classes=classes, loss=_objective(fold))
    booster = CatBoost(_settings(params, fold) | {"eval_metric": watch})
    booster.fit(
        Pool(
            columns.spread(fold.train.x),
            classes.labels(fold.train.y, fold.task),
            weight=row_weights(params, fold.train.y, fold.outputs),
        ),
        eval_set=Pool(
            columns.spread(_as_trained(fold)),
            classes.labels(fold.valid.y, fold.task),
            weight=classes.weights(fold.valid.y),
        ),
        callbacks=[watch],
    )
    rounds = watch.ended()
    trees = columns.trees(_as_json(booster), rounds, classes)
    return FittedOblivious(trees, fold.outputs, rounds, watch.trail)


def _as_trained(fold: Fold) -> npt.NDArray[np.float32]:
    """Return the validation rows without missing cells in columns that had none in training.

    CatBoost refuses them; trees that never saw any take them as the smallest.
    """
    complete = ~np.isnan(fold.train.x).any(axis=0)
    smallest = np.float32(-np.inf)
    return np.where(complete & np.isnan(fold.valid.x), smallest, fold.valid.x)


def _learnable(x: npt.NDArray[np.float32], y: npt.NDArray[Any]) -> bool:
    """Return whether rows differ, and their targets too; CatBoost refuses what does not."""
    differs = (x[1:] != x[:1]) & ~(np.isnan(x[1:]) & np.isnan(x[:1]))
    return bool(differs.any()) and bool((y[1:] != y[0]).any())


def _constant(fold: Fold, control: Control) -> FittedOblivious:
    """Return what says the same of every row: there is nothing that trees could split by."""
    y, outputs = fold.train.y, fold.outputs
    if fold.task is TaskType.REGRESSION:
        bias = np.array([y.mean()])
    else:
        logs = np.log(np.bincount(y, minlength=outputs) + 1.0)
        bias = np.diff(logs) if outputs == 2 else logs - logs.mean()
    fitted = FittedOblivious(stump(bias), outputs, 1)
    predictions = fitted.predict(fold.valid.x)
    value = float(fold.score(predictions))
    control.check()
    control.report(
        CurvePoint(
            1,
            train_loss=loss(fold.task, fitted.predict(fold.train.x), y),
            valid_loss=loss(fold.task, predictions, fold.valid.y),
            value=value if np.isfinite(value) else None,
        )
    )
    return fitted


def _settings(params: Params, fold: Fold) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "loss_function": _objective(fold),
        "iterations": params["max_rounds"],
        "random_seed": fold.seed % 2**31,
        "thread_count": fold.threads,
        "bootstrap_type": "Bernoulli" if fold.outputs > 2 else "MVS",
        "use_best_model": False,
        # Else two classes start as if equally many (sick: 0.0028 of 1 − AUC for 0.0023, and
        # caravan 0.212 for 0.209 after more rounds). Of more classes CatBoost knows no average.
        **({"boost_from_average": True} if fold.outputs <= 2 else {}),
        "allow_writing_files": False,
        "logging_level": "Silent",
    }
    return settings | {name: params[name] for name in _PASSED if name in params}


def _objective(fold: Fold) -> str:
    match fold.task:
        case TaskType.REGRESSION:
            return "RMSE"
        case TaskType.CLASSIFICATION:
            return "Logloss" if fold.outputs == 2 else "MultiClass"


def _as_json(booster: Any) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        booster.save_model(str(path), format="json")
        model: dict[str, Any] = json.loads(path.read_bytes())
        return model
