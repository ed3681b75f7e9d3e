"""What the convolutional network serves and what the search may vary of it."""

from automl.core.catalog import FamilyName
from automl.core.hyperparameter import Hyperparameter
from automl.families import network
from automl.families.augmentation import RESOLUTION

NETWORK = (
    network.layers(3, high=5, description="Stages; each halves the array and doubles the width."),
    network.width(32, low=4, high=128, description="Channels of the first stage."),
    network.convolutions(2, high=3),
    network.KERNEL,
    Hyperparameter(
        name="downsampling",
        type="categorical",
        default="max",
        choices=("max", "mean", "stride"),
        description="How a stage's array is halved: by the largest or the mean of neighbours, or"
        " by every second place.",
    ),
    network.activation(
        "relu", *("leaky_relu", "gelu", "silu"), description="What follows each convolution."
    ),
    network.normalization(
        "batch", *("layer", "none"), description="What stands before each activation."
    ),
    network.pooling("max", "mean"),
    network.dropout(
        0.0, description="Part of these numbers left out at each step of training.", high=0.5
    ),
)

SPEC = network.array_spec(FamilyName.CNN, "Convolutional network", (*NETWORK, RESOLUTION))
