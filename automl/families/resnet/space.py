"""What the residual network serves and what the search may vary of it."""

from dataclasses import replace

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import serving
from automl.families import network
from automl.families.augmentation import AUGMENTATION, RESOLUTION
from automl.families.recipe import ARRAYS, SMALL_ARRAYS, TRAINING

# Measured on a fifth held out, two blocks of 128: AUC of phoneme 0.945 with layer normalization,
# 0.938 with batch normalization (mlp 0.949), silu 0.946 in nearly twice the time; RMSE of concrete
# 5.79 at the recipe's rate, 5.64 at half of it (mlp 5.71).
NETWORK = network.differing(
    (
        network.layers(
            2, high=8, description="Blocks of two dense layers; stages of convolutions."
        ),
        network.width(
            128,
            low=8,
            high=512,
            description="Units that pass from block to block; channels before the first stage.",
        ),
        replace(
            network.expansion("Units inside a block, for each that passes."),
            modalities=(Modality.TABLE,),
        ),
        replace(network.KERNEL, modalities=ARRAYS),
        network.activation(
            "relu",
            *("leaky_relu", "selu", "gelu", "silu", "mish"),
            description="What stands between a block's two layers.",
        ),
        network.normalization("layer", "batch", description="What a block starts with."),
        replace(network.pooling("max", "mean"), modalities=ARRAYS),
        network.dropout(
            0.2,
            description="Part of the units inside a block, or before the last layer, left out at"
            " each step of training.",
        ),
        network.dropout(
            0.0,
            name="residual_dropout",
            high=0.5,
            description="Part of what a block adds left out at each step of training.",
        ),
    ),
    {"layers": 3, "width": 16, "normalization": "batch", "dropout": 0.0},
)

OVER_TABLES = serving(NETWORK, TaskType.CLASSIFICATION)
OVER_ARRAYS = serving(NETWORK, TaskType.CLASSIFICATION, Modality.IMAGE)

SPEC = network.spec(
    FamilyName.RESNET,
    "Residual network",
    (*NETWORK, replace(network.STRIDE, modalities=ARRAYS), RESOLUTION, *AUGMENTATION),
    training=network.differing(TRAINING, SMALL_ARRAYS),
    modalities=(Modality.TABLE, *ARRAYS),
)
