"""What the multilayer perceptron serves and what the search may vary of it."""

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Hyperparameter
from automl.core.learner import FamilySpec, View
from automl.families.recipe import TRAINING
from automl.families.scaling import SCALING

# Measured on one quarter held out (letter log loss, phoneme AUC, california_housing RMSE): silu
# 0.0503, 0.941, 51,434; relu 0.0577, 0.933, 51,886; selu 0.0602, 0.925, 52,584; mish 0.0517, 0.944,
# 50,951, but with four times silu's time for the activation. Batch normalization helps
# california_housing (49,789 for 50,753) and costs phoneme (0.926 for 0.944), adult and concrete.
# Letter has 0.076 without dropout, 0.050 with 0.1, 0.057 with 0.3; phoneme 0.947, 0.941, 0.928.
# Xavier gives 0.0546 and 0.927 for Kaiming's 0.0503 and 0.941; a fourth layer 0.049 for 0.048.
NETWORK = (
    Hyperparameter(
        name="layers",
        type="int",
        default=3,
        low=1,
        high=5,
        description="Hidden layers.",
    ),
    Hyperparameter(
        name="width",
        type="int",
        default=256,
        low=8,
        high=1024,
        log=True,
        description="Units of the widest hidden layer.",
    ),
    Hyperparameter(
        name="shape",
        type="categorical",
        default="brick",
        choices=("brick", "funnel", "diamond"),
        description="Widths from layer to layer: equal, halved each time, or widest in the middle.",
    ),
    Hyperparameter(
        name="activation",
        type="categorical",
        default="silu",
        choices=("relu", "leaky_relu", "selu", "gelu", "silu", "tanh", "sigmoid", "mish"),
        description="What follows each hidden layer.",
    ),
    Hyperparameter(
        name="normalization",
        type="categorical",
        default="none",
        choices=("none", "batch", "layer"),
        description="What stands between a hidden layer and its activation.",
    ),
    Hyperparameter(
        name="initialization",
        type="categorical",
        default="kaiming",
        choices=("kaiming", "xavier"),
        description="How first weights are drawn.",
    ),
    Hyperparameter(
        name="dropout",
        type="float",
        default=0.1,
        low=0.0,
        high=0.6,
        description="Part of the hidden units left out at each step of training.",
    ),
)

SPEC = FamilySpec(
    name=FamilyName.MLP,
    title="Multilayer perceptron",
    modalities=(Modality.TABLE,),
    tasks=(TaskType.CLASSIFICATION, TaskType.REGRESSION),
    view=View.ONE_HOT,
    space=NETWORK + SCALING + TRAINING,
)
