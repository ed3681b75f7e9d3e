"""The metrics in words, for people who do not know machine learning."""

from collections.abc import Mapping
from types import MappingProxyType

METRICS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "roc_auc": (
            "ROC AUC",
            "how often the model gives a row of the class a higher probability than a row without"
            " it: 1 is always, 0.5 is by chance",
        ),
        "log_loss": ("log loss", "how surprised the model is by the truth: 0 is never"),
        "accuracy": ("accuracy", "the part of the rows that is predicted right"),
        "balanced_accuracy": (
            "balanced accuracy",
            "the part predicted right, every class counting alike",
        ),
        "f1": ("F1", "precision and recall in one number: 1 is perfect"),
        "f1_macro": ("F1, macro", "F1 averaged over the classes, every class counting alike"),
        "precision": ("precision", "of the rows said to be of the class, the part that is"),
        "recall": ("recall", "of the rows of the class, the part that is found"),
        "average_precision": (
            "average precision",
            "precision over all thresholds: 1 is perfect, the share of the class is by chance",
        ),
        "rmse": ("RMSE", "the typical error in the target's unit, large errors weighing more"),
        "mae": ("mean absolute error", "the mean error in the target's unit"),
        "r2": ("R²", "the part of the target's differences that is explained: 1 is all"),
        "mape": ("MAPE", "the mean error as a part of the true value"),
        "rmsle": ("RMSLE", "the typical error of the logarithm: errors by a factor"),
    }
)


def title(metric: str) -> str:
    """Return what the metric is called."""
    return METRICS.get(metric, (metric, ""))[0]


def meaning(metric: str) -> str:
    """Return what the metric says."""
    return METRICS.get(metric, ("", metric))[1]
