"""What the FT-Transformer serves and what the search may vary of it.

The paper's width of 192 at a constant 1e-4 is for a GPU. Two of eight folds of concrete (899 rows
to train on, 8 columns), one seed, 30 epochs, RMSE and CPU seconds a fold: the paper's three blocks
4.52, 24 s; along a cosine of 3e-4 4.59, 23 s; of a width of 96 at 1e-3, the default, 4.48, 10 s.
Two blocks of 64 at 1e-3 4.86, 5 s, at 3e-3 4.80, with numbers scaled robustly rather than by
quantiles 5.19; two of 32 at 3e-3 4.97; two of 128 at 5e-4 4.88. (The mlp has 4.56, 2 s.)
"""

from dataclasses import replace

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Hyperparameter
from automl.core.learner import FamilySpec, View
from automl.families import network, recipe
from automl.families.scaling import SCALING

NETWORK = (
    network.layers(3, high=4, description="Blocks of attention and two dense layers."),
    network.width(96, low=16, high=512, description="Numbers that stand for a column."),
    Hyperparameter(
        name="expansion",
        type="float",
        default=4 / 3,
        low=1.0,
        high=4.0,
        description="Units between the two dense layers, for each number of a column.",
    ),
    network.dropout(
        0.2,
        name="attention_dropout",
        high=0.5,
        description="Part of what columns see of each other left out at each step of training.",
    ),
    network.dropout(
        0.1, high=0.5, description="Part of the hidden units left out at each step of training."
    ),
    network.dropout(
        0.0,
        name="residual_dropout",
        high=0.2,
        description="Part of what a block adds left out at each step of training.",
    ),
)

TRAINING = recipe.training(
    {
        "optimizer": {"choices": ("adamw",)},
        "learning_rate": {"default": 1e-3, "low": 1e-5, "high": 1e-2},
        "epochs": {"default": 30},
        "l2": {"default": 1e-5, "low": 1e-6, "high": 1e-3, "when": None},
    },
    without=("momentum", "nesterov", "penalty", "l1"),
)

SPEC = FamilySpec(
    name=FamilyName.FT_TRANSFORMER,
    title="FT-Transformer",
    modalities=(Modality.TABLE,),
    tasks=(TaskType.CLASSIFICATION, TaskType.REGRESSION),
    view=View.EMBEDDING,
    space=NETWORK + tuple(replace(item, default="quantile") for item in SCALING) + TRAINING,
)
