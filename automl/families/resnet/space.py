"""What the residual network serves and what the search may vary of it."""

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Hyperparameter
from automl.core.learner import FamilySpec, View
from automl.families.recipe import TRAINING

# Measured on a fifth held out, two blocks of 128: AUC of phoneme 0.945 with layer normalization,
# 0.938 with batch normalization (mlp 0.949), silu 0.946 in nearly twice the time; RMSE of concrete
# 5.79 at the recipe's rate, 5.64 at half of it (mlp 5.71).
NETWORK = (
    Hyperparameter(
        name="layers",
        type="int",
        default=2,
        low=1,
        high=8,
        description="Blocks of two dense layers.",
    ),
    Hyperparameter(
        name="width",
        type="int",
        default=128,
        low=16,
        high=512,
        log=True,
        description="Units that pass from block to block.",
    ),
    Hyperparameter(
        name="expansion",
        type="float",
        default=2.0,
        low=1.0,
        high=4.0,
        description="Units inside a block, for each that passes.",
    ),
    Hyperparameter(
        name="activation",
        type="categorical",
        default="relu",
        choices=("relu", "leaky_relu", "selu", "gelu", "silu", "mish"),
        description="What stands between a block's two layers.",
    ),
    Hyperparameter(
        name="normalization",
        type="categorical",
        default="layer",
        choices=("batch", "layer"),
        description="What a block starts with.",
    ),
    Hyperparameter(
        name="dropout",
        type="float",
        default=0.2,
        low=0.0,
        high=0.6,
        description="Part of the units inside a block left out at each step of training.",
    ),
    Hyperparameter(
        name="residual_dropout",
        type="float",
        default=0.0,
        low=0.0,
        high=0.5,
        description="Part of what a block adds left out at each step of training.",
    ),
)

SPEC = FamilySpec(
    name=FamilyName.RESNET,
    title="Residual network",
    modalities=(Modality.TABLE,),
    tasks=(TaskType.CLASSIFICATION, TaskType.REGRESSION),
    view=View.ONE_HOT,
    space=NETWORK + TRAINING,
)
