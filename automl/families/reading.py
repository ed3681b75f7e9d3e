"""What networks over words have in common in their spaces."""

from automl.core.hyperparameter import Space
from automl.families import network
from automl.families.recipe import training as changed

WORD_DROPOUT = network.dropout(
    0.1,
    name="word_dropout",
    high=0.5,
    description="Part of the words taken for unknown at each step of training.",
)


def training(*, learning_rate: float, epochs: int, patience: int) -> Space:
    """Return the training loop's dimensions with those defaults.

    Most words are rare, so only what takes steps of its own for each weight learns them.
    """
    return changed(
        {
            "optimizer": {"choices": ("adamw", "adam")},
            "learning_rate": {"default": learning_rate, "high": 0.02},
            "epochs": {"default": epochs},
            "patience": {"default": patience},
        },
        without=("momentum", "nesterov"),
    )
