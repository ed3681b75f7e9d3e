"""Training, prediction and graph of the LightGBM family."""

import zlib
from dataclasses import dataclass, replace
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt

from automl.core.balance import row_weights
from automl.core.catalog import TaskType, TrialFailure
from automl.core.errors import TrialError
from automl.core.frame import Floats
from automl.core.graph import Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Control, Fold
from automl.core.state import State
from automl.core.trail import Trail, marked
from automl.core.trial import CurvePoint
from automl.families import chances
from automl.families.lightgbm import trees
from automl.families.pace import Pace

REPORT_EVERY = 10
"""Rounds between reports: scoring the validation rows costs about as much as a small tree."""
_FAST = 1
"""zlib's level: four times faster than the usual one and a fifth larger."""
_PASSED = (
    "learning_rate",
    "num_leaves",
    "feature_fraction",
    "bagging_fraction",
    "lambda_l1",
    "lambda_l2",
    "extra_trees",
    "cat_smooth",
    "cat_l2",
    "min_data_per_group",
)
"""Hyperparameters that are LightGBM's own parameters."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedTrees:
    """A booster cut at its best round, known by its text.

    ``epochs`` counts rounds, ``parameters`` leaves; ``outputs`` is 1 for regression.
    """

    text: str
    outputs: int
    epochs: int
    parameters: int
    booster: lightgbm.Booster
    trail: Trail | None = None

    def predict(self, x: npt.NDArray[np.float32]) -> Floats:
        """Return ``(rows, outputs)``: class probabilities, or the standardized target."""
        if len(x) == 0:
            return np.empty((0, self.outputs))
        return _two_sided(np.asarray(self.booster.predict(x, num_threads=1)), self.outputs)

    def state(self) -> State:
        """Return the booster's text, compressed to about a third."""
        header = {"outputs": self.outputs, "epochs": self.epochs, "parameters": self.parameters}
        content = zlib.compress(self.text.encode(), _FAST)
        return State(header, {"text": np.frombuffer(content, np.uint8)})

    def emit(self, graph: Graph, x: str) -> str:
        """Write the trees and what makes probabilities of their sums to ``graph``."""
        forest = trees.parse(self.text)
        targets = self.outputs if self.outputs > 2 else 1
        scores = trees.emit(forest, graph, x, targets=targets)
        return chances.emit(graph, scores, self.outputs)


_BINS, _FEW_BINS, _MANY_FEATURES = 255, 63, 200
"""Bins of a feature, and from how many features on fewer: each leaf looks through all bins of all
features, so on 2,000 rows of 1,500 features a round took 46 ms for 147."""


def fit(params: Params, fold: Fold, control: Control) -> FittedTrees:
    """Return trees boosted until the validation loss has not fallen for ``patience`` rounds.

    Raises:
        TrialError: the loss is not a number, or there is no feature.
        TrialStopped: ``control`` said so.
    """
    if not fold.train.x.shape[1]:
        raise TrialError(TrialFailure.INVALID_CANDIDATE, "There is no feature to split rows by.")
    booster = _booster(params, fold)
    trail = Trail() if fold.followed else None
    rounds = _boost(booster, params, fold, control, trail)
    text = trees.compact(booster.model_to_string(num_iteration=rounds))
    leaves = int(trees.parse(text).leaves.sum())
    fitted = _restore(text, outputs=fold.outputs, epochs=rounds, parameters=leaves)
    return replace(fitted, trail=trail)


def load(state: State) -> FittedTrees:
    """Return what ``FittedTrees.state`` once wrote down."""
    text = zlib.decompress(state.arrays["text"].tobytes()).decode()
    return _restore(text, **state.header)


def _restore(text: str, *, outputs: int, epochs: int, parameters: int) -> FittedTrees:
    booster = lightgbm.Booster(model_str=text)
    return FittedTrees(text, outputs, epochs, parameters, booster)


def _booster(params: Params, fold: Fold) -> lightgbm.Booster:
    settings = _settings(params, fold)
    native = params["categories"] == "native"
    codes = fold.categorical if native else ()
    train = lightgbm.Dataset(
        _missing_as_nan(fold.train.x, codes),
        fold.train.y,
        weight=row_weights(params, fold.train.y, fold.outputs),
        categorical_feature=list(codes),
        params=settings,
    )
    seen = _missing_as_nan(fold.valid.x, codes)
    valid = train.create_valid(seen, fold.valid.y, params=settings)
    booster = lightgbm.Booster(settings, train)
    booster.add_valid(valid, "valid")
    return booster


def _settings(params: Params, fold: Fold) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "verbosity": -1,
        "deterministic": True,
        "force_row_wise": True,
        "max_bin": _FEW_BINS if fold.train.x.shape[1] >= _MANY_FEATURES else _BINS,
        "num_threads": fold.threads,
        "seed": fold.seed % 2**31,
        "bagging_freq": 1,
        **_objective(fold),
    }
    settings |= {name: params[name] for name in _PASSED if name in params}
    if settings["bagging_fraction"] * len(fold.train.y) < 1:
        settings["bagging_fraction"] = 1.0  # of a single row there is no part
    settings["min_data_in_leaf"] = min(
        int(params["min_data_in_leaf"]), max(1, len(fold.train.y) // 20)
    )
    return settings


def _objective(fold: Fold) -> dict[str, Any]:
    match fold.task:
        case TaskType.REGRESSION:
            return {"objective": "regression", "metric": "l2"}
        case TaskType.CLASSIFICATION if fold.outputs == 2:
            return {"objective": "binary", "metric": "binary_logloss"}
        case TaskType.CLASSIFICATION:
            return {
                "objective": "multiclass",
                "metric": "multi_logloss",
                "num_class": fold.outputs,
            }


def _boost(
    booster: lightgbm.Booster, params: Params, fold: Fold, control: Control, trail: Trail | None
) -> int:
    """Add trees until it no longer pays, and return how many rounds to keep."""
    pace, best, lowest = Pace(control), 0, np.inf
    rounds = int(params["max_rounds"])
    for epoch in range(1, rounds + 1):
        control.check()
        stuck = booster.update()
        loss = booster.eval_valid()[0][2]
        if not np.isfinite(loss):
            raise TrialError(
                TrialFailure.NON_FINITE_LOSS, f"The validation loss was {loss} in round {epoch}."
            )
        if loss < lowest:
            best, lowest = epoch, loss
        stale = epoch - best >= int(params["patience"])
        ends = stuck or stale or epoch == rounds or pace.over()
        if ends or epoch % REPORT_EVERY == 1:
            control.report(_point(booster, fold, epoch, loss, pace.lap()))
        if trail is not None and (ends or marked(epoch)):
            trail.add(epoch, loss, _two_sided(_said(booster), fold.outputs))
        if ends:
            break
    return best


def _point(
    booster: lightgbm.Booster, fold: Fold, epoch: int, loss: float, seconds: float
) -> CurvePoint:
    value = fold.score(_two_sided(_said(booster), fold.outputs))
    return CurvePoint(
        epoch,
        train_loss=booster.eval_train()[0][2],
        valid_loss=loss,
        value=float(value) if np.isfinite(value) else None,
        seconds=seconds,
    )


def _said(booster: lightgbm.Booster) -> Floats:
    """Return what the booster says of the validation rows, which it shows to metrics alone."""
    said: list[Floats] = []

    def look(predictions: Floats, _: lightgbm.Dataset) -> tuple[str, float, bool]:
        said.append(predictions.copy())
        return "look", 0.0, True

    booster.eval_valid(look)
    return said[0]


def _two_sided(predictions: Floats, outputs: int) -> Floats:
    if outputs == 2:
        return np.column_stack([1.0 - predictions, predictions])
    return predictions.reshape(-1, outputs)


def _missing_as_nan(x: npt.NDArray[np.float32], codes: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return ``x`` with −1 among the ``codes`` as NaN: the same to LightGBM, but it warns of it."""
    columns = [column for column in codes if (x[:, column] < 0).any()]
    if columns:
        x = x.copy()
        x[:, columns] = np.where(x[:, columns] < 0, np.nan, x[:, columns])
    return x
