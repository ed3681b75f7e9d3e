"""What the multilayer perceptron serves and what the search may vary of it."""

from automl.core.catalog import FamilyName, Modality
from automl.core.hyperparameter import Hyperparameter
from automl.families import network
from automl.families.augmentation import AUGMENTATION
from automl.families.recipe import ARRAYS, TRAINING

# Measured on one quarter held out (letter log loss, phoneme AUC, california_housing RMSE): silu
# 0.0503, 0.941, 51,434; relu 0.0577, 0.933, 51,886; selu 0.0602, 0.925, 52,584; mish 0.0517, 0.944,
# 50,951, but with four times silu's time for the activation. Batch normalization helps
# california_housing (49,789 for 50,753) and costs phoneme (0.926 for 0.944), adult and concrete.
# Letter has 0.076 without dropout, 0.050 with 0.1, 0.057 with 0.3; phoneme 0.947, 0.941, 0.928.
# Xavier gives 0.0546 and 0.927 for Kaiming's 0.0503 and 0.941; a fourth layer 0.049 for 0.048.
NETWORK = (
    network.layers(3, high=5, description="Hidden layers."),
    network.width(256, low=8, high=1024, description="Units of the widest hidden layer."),
    Hyperparameter(
        name="shape",
        type="categorical",
        default="brick",
        choices=("brick", "funnel", "diamond"),
        description="Widths from layer to layer: equal, halved each time, or widest in the middle.",
    ),
    network.activation(
        "silu",
        *("relu", "leaky_relu", "selu", "gelu", "tanh", "sigmoid", "mish"),
        description="What follows each hidden layer.",
    ),
    network.normalization(
        "none",
        *("batch", "layer"),
        description="What stands between a hidden layer and its activation.",
    ),
    Hyperparameter(
        name="initialization",
        type="categorical",
        default="kaiming",
        choices=("kaiming", "xavier"),
        description="How first weights are drawn.",
    ),
    network.dropout(0.1, description="Part of the hidden units left out at each step of training."),
)

SPEC = network.spec(
    FamilyName.MLP,
    "Multilayer perceptron",
    NETWORK + AUGMENTATION,
    training=network.differing(TRAINING, {"learning_rate": 1e-3, "epochs": 30}),
    modalities=(Modality.TABLE, *ARRAYS),
)
