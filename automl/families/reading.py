"""What networks over texts have in common in their spaces.

A family puts `READING` into its space and need not look at it: the search hands out rows read so.
"""

from typing import Literal

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Hyperparameter, Params, Space, Trait
from automl.core.learner import FamilySpec, Reading, View
from automl.families import network
from automl.families.recipe import training

WORD_DROPOUT = network.dropout(
    0.1,
    name="word_dropout",
    high=0.5,
    description="Part of the words taken for unknown at each step of training.",
)

READING: Space = (
    Hyperparameter(
        name="unit",
        type="categorical",
        default="words",
        choices=("words", "characters"),
        modalities=(Modality.TEXT,),
        settled={Trait.LONG_TEXTS: "words"},
        absent="words",
        description="What a text is cut into: words, and other signs by themselves, or characters.",
    ),
    Hyperparameter(
        name="parts",
        type="categorical",
        default=3,
        choices=(1, 2, 3, 8),
        when=("unit", ("words",)),
        modalities=(Modality.TEXT,),
        settled={Trait.SHORT_TEXTS: 1},
        absent=1,
        description="A text too long to be read whole is read in so many parts, from its beginning"
        " to its end; 1 is the beginning alone.",
    ),
)


def reading_of(params: Params) -> Reading:
    """Return how a candidate reads texts; from the beginning by words where nothing is said."""
    unit: Literal["words", "characters"]
    unit = "characters" if params.get("unit") == "characters" else "words"
    return Reading(unit, int(params.get("parts", 1)))


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
        space=own + READING + recipe,
    )
