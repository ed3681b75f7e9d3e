"""What the multilayer perceptron serves and what the search may vary of it."""

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Hyperparameter
from automl.core.learner import FamilySpec, View
from automl.families.recipe import TRAINING

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
        default="relu",
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
    space=NETWORK + TRAINING,
)
