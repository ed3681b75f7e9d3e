"""What the densely connected network serves and what the search may vary of it."""

from dataclasses import replace

from automl.core.catalog import FamilyName
from automl.core.hyperparameter import Hyperparameter
from automl.families import network
from automl.families.augmentation import RESOLUTION

NETWORK = (
    network.layers(3, high=5, description="Stages; each but the first halves the array."),
    network.width(12, low=4, high=48, description="Channels that a convolution adds."),
    network.convolutions(4, high=8),
    network.KERNEL,
    Hyperparameter(
        name="compression",
        type="float",
        default=0.5,
        low=0.3,
        high=1.0,
        description="Part of a stage's channels that the next one starts with.",
    ),
    network.activation(
        "relu", *("leaky_relu", "gelu", "silu"), description="What precedes each convolution."
    ),
    network.normalization("batch", "layer", description="What stands before each activation."),
    network.pooling("mean", "max"),
    network.dropout(
        0.0, description="Part of these numbers left out at each step of training.", high=0.5
    ),
)

STOCHASTIC_DEPTH = replace(
    network.dropout(
        0.0,
        name="residual_dropout",
        high=0.2,
        description="Part of the rows that a convolution adds nothing to at each step of training.",
    ),
    absent=0.0,
)
"""Apart from the others, as the stride is. All behind a convolution miss what it leaves out, so a
fifth is much: in short trainings it cost series an accuracy of 0.98 for 0.86."""

SPEC = network.array_spec(
    FamilyName.DENSENET,
    "Densely connected network",
    (*NETWORK, network.STRIDE, STOCHASTIC_DEPTH, RESOLUTION),
)
