"""What networks over words have in common in their spaces."""

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Space
from automl.core.learner import FamilySpec, View
from automl.families import network
from automl.families.recipe import training

WORD_DROPOUT = network.dropout(
    0.1,
    name="word_dropout",
    high=0.5,
    description="Part of the words taken for unknown at each step of training.",
)


def spec(
    name: FamilyName, title: str, own: Space, *, learning_rate: float, epochs: int, patience: int
) -> FamilySpec:
    """Return the spec of a family that reads texts alone, with those defaults of its training.

    Most words are rare, so only what takes steps of its own for each weight learns them.

    Args:
        name: its member.
        title: what people read.
        own: the dimensions that `build` reads.
        learning_rate: the peak.
        epochs: that the schedule is planned for.
        patience: in epochs.
    """
    recipe = training(
        {
            "optimizer": {"choices": ("adamw", "adam")},
            "learning_rate": {"default": learning_rate, "high": 0.02},
            "epochs": {"default": epochs},
            "patience": {"default": patience},
        },
        without=("momentum", "nesterov"),
    )
    return FamilySpec(
        name=name,
        title=title,
        modalities=(Modality.TEXT,),
        tasks=(TaskType.CLASSIFICATION, TaskType.REGRESSION),
        view=View.TOKENS,
        space=own + recipe,
    )
