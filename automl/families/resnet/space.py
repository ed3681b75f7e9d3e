"""What the residual network serves and what the search may vary of it."""

from automl.core.catalog import FamilyName
from automl.core.hyperparameter import Hyperparameter
from automl.families import network

# Measured on a fifth held out, two blocks of 128: AUC of phoneme 0.945 with layer normalization,
# 0.938 with batch normalization (mlp 0.949), silu 0.946 in nearly twice the time; RMSE of concrete
# 5.79 at the recipe's rate, 5.64 at half of it (mlp 5.71).
NETWORK = (
    network.layers(2, high=8, description="Blocks of two dense layers."),
    network.width(128, low=16, high=512, description="Units that pass from block to block."),
    Hyperparameter(
        name="expansion",
        type="float",
        default=2.0,
        low=1.0,
        high=4.0,
        description="Units inside a block, for each that passes.",
    ),
    network.activation(
        "relu",
        *("leaky_relu", "selu", "gelu", "silu", "mish"),
        description="What stands between a block's two layers.",
    ),
    network.normalization("layer", "batch", description="What a block starts with."),
    network.dropout(
        0.2, description="Part of the units inside a block left out at each step of training."
    ),
    network.dropout(
        0.0,
        name="residual_dropout",
        high=0.5,
        description="Part of what a block adds left out at each step of training.",
    ),
)

SPEC = network.spec(FamilyName.RESNET, "Residual network", NETWORK)
