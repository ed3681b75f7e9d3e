"""What the recurrent network serves and what the search may vary of it."""

from dataclasses import replace

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Hyperparameter, Params
from automl.core.learner import FamilySpec, View
from automl.families import augmentation, network
from automl.families.reading import READING, WORD_DROPOUT
from automl.families.recipe import training

NETWORK = (
    Hyperparameter(
        name="cells",
        type="categorical",
        default="gru",
        choices=("gru", "lstm"),
        description="What remembers from step to step.",
    ),
    network.layers(1, high=3, description="Layers of cells, each reading the one before."),
    network.width(64, low=8, high=256, description="Cells of a layer, in each direction."),
    Hyperparameter(
        name="directions",
        type="categorical",
        default=2,
        choices=(1, 2),
        description="Whether steps are also read from the last to the first.",
    ),
    Hyperparameter(
        name="pooling",
        type="categorical",
        default="attention",
        choices=("attention", "last", "mean", "max"),
        description="What of all steps is passed on: what a learned look picks, the last state, or"
        " the mean or largest one.",
    ),
    network.dropout(0.2, description="Part of what layers pass on left out while training."),
)

OVER_SERIES = (
    Hyperparameter(
        name="steps",
        type="int",
        default=64,
        low=16,
        high=256,
        log=True,
        modalities=(Modality.SERIES,),
        description="A longer series is read in pieces, about so many.",
    ),
)

OVER_TEXTS = (
    Hyperparameter(
        name="word_width",
        type="int",
        default=64,
        low=8,
        high=256,
        log=True,
        modalities=(Modality.TEXT,),
        description="Numbers that stand for a word.",
    ),
    replace(WORD_DROPOUT, modalities=(Modality.TEXT,)),
)

_TEXT_RECIPE: Params = {"learning_rate": 3e-3, "epochs": 20, "patience": 6}
"""Vectors of words are many and soon know their texts by heart."""

SPEC = FamilySpec(
    name=FamilyName.RNN,
    title="Recurrent network",
    modalities=(Modality.SERIES, Modality.TEXT),
    tasks=(TaskType.CLASSIFICATION, TaskType.REGRESSION),
    view=View.TOKENS,  # of texts: series are arrays
    space=NETWORK
    + OVER_SERIES
    + OVER_TEXTS
    + READING
    + augmentation.OVER_SERIES
    + training(
        {name: {"defaults": {Modality.TEXT: value}} for name, value in _TEXT_RECIPE.items()}
    ),
)
