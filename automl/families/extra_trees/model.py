"""Training of the extra trees family; prediction and graph are those of averaged trees."""

from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from automl.core.catalog import TaskType
from automl.core.hyperparameter import Params
from automl.core.learner import Control, Fold
from automl.families.averaged import FittedForest, load
from automl.families.growing import grow

__all__ = ["fit", "load"]


def fit(params: Params, fold: Fold, control: Control) -> FittedForest:
    """Return the forest, grown to its full size or to the end of the time.

    Raises:
        TrialError: there is no feature.
        TrialStopped: ``control`` said so.
    """
    classification = fold.task is TaskType.CLASSIFICATION
    kind = ExtraTreesClassifier if classification else ExtraTreesRegressor
    return grow(kind, 1.0 if classification else 0.5, params, fold, control)
