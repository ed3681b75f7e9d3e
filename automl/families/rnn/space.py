"""What the recurrent network serves and what the search may vary of it."""

from dataclasses import replace

from automl.core.catalog import FamilyName, Modality
from automl.core.hyperparameter import Hyperparameter
from automl.families import network
from automl.families.recipe import TRAINING

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
    network.dropout(0.2, description="Part of what layers pass on left out while training."),
)

SPEC = replace(
    network.array_spec(FamilyName.RNN, "Recurrent network", NETWORK, training=TRAINING),
    modalities=(Modality.SERIES,),
)
