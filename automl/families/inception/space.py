"""What the inception network serves and what the search may vary of it."""

from dataclasses import replace

from automl.core.catalog import FamilyName, Modality
from automl.core.hyperparameter import Hyperparameter
from automl.families import network
from automl.families.recipe import TRAINING

NETWORK = (
    network.layers(3, high=9, description="Layers; around every three lies a shortcut."),
    network.width(16, low=4, high=64, description="Channels of each of a layer's four parts."),
    Hyperparameter(
        name="kernel",
        type="int",
        default=39,
        low=9,
        high=79,
        log=True,
        description="Steps that a layer's widest part looks at; the others at half and a quarter.",
    ),
    network.dropout(0.1, description="Part of the last layer's numbers left out while training."),
)

SPEC = replace(
    network.array_spec(FamilyName.INCEPTION, "Inception network", NETWORK, training=TRAINING),
    modalities=(Modality.SERIES,),
)
