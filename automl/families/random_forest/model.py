"""Training of the random forest family; prediction and graph are those of averaged trees."""

from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

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
    kind = RandomForestClassifier if classification else RandomForestRegressor
    return grow(kind, "sqrt" if classification else 0.5, params, fold, control)
