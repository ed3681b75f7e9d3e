"""What the convolutional network serves and what the search may vary of it."""

from automl.core.catalog import FamilyName, Modality
from automl.core.hyperparameter import Hyperparameter
from automl.families import network

NETWORK = (
    network.layers(3, high=5, description="Stages; each halves the array and doubles the width."),
    network.width(32, low=4, high=128, description="Channels of the first stage."),
    Hyperparameter(
        name="convolutions",
        type="int",
        default=2,
        low=1,
        high=3,
        description="Convolutions in a stage.",
    ),
    Hyperparameter(
        name="kernel",
        type="categorical",
        default=3,
        choices=(3, 5, 7, 9),
        defaults={Modality.SERIES: 7},
        description="Places in a row that a convolution looks at.",
    ),
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
    Hyperparameter(
        name="pooling",
        type="categorical",
        default="max",
        choices=("max", "mean"),
        description="What the last layer sees of each channel.",
    ),
    network.dropout(
        0.0, description="Part of these numbers left out at each step of training.", high=0.5
    ),
)

SPEC = network.array_spec(FamilyName.CNN, "Convolutional network", NETWORK)
