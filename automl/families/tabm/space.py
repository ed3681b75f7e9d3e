"""What TabM serves and what the search may vary of it.

The paper's 32 members of three layers of 512 are for a GPU: a processor has seconds for a fortieth
of that arithmetic. Two of three folds, one seed, 8 members, two layers of 128; RMSE of concrete,
log loss of car_evaluation, 1 − AUC of german_credit, at learning rates along a cosine of the
paper's 2e-3: 5.51, 0.086, 0.225; 5e-3: 5.00, 0.048, 0.219; 1e-2: 4.85, 0.036, 0.221; and 2e-3
held: 5.13, 0.060, 0.225. Scaled by quantiles instead 5.51, 0.086, 0.221 at 2e-3. (The mlp has 5.90,
0.020, 0.218, CatBoost 5.14, 0.095, 0.220.)
"""

from automl.core.catalog import FamilyName
from automl.core.hyperparameter import Hyperparameter
from automl.families import network, recipe

NETWORK = (
    Hyperparameter(
        name="members",
        type="categorical",
        default=8,
        choices=(4, 8, 16, 32),
        description="Members that answer side by side.",
    ),
    network.layers(2, high=4, description="Layers that all members share."),
    network.width(128, low=16, high=512, description="Units of a shared layer."),
    network.dropout(
        0.1, high=0.5, description="Part of the hidden units left out at each step of training."
    ),
    Hyperparameter(
        name="bins",
        type="int",
        default=24,
        low=2,
        high=64,
        log=True,
        description="Parts of equally many rows that a column of numbers is cut into.",
    ),
    Hyperparameter(
        name="number_width",
        type="int",
        default=8,
        low=2,
        high=24,
        log=True,
        description="Numbers that stand for one.",
    ),
)

TRAINING = recipe.training(
    {
        "optimizer": {"choices": ("adamw",)},
        "learning_rate": {"default": 1e-2, "high": 5e-2},
        "l2": {"default": 3e-4, "when": None},
    },
    without=("momentum", "nesterov", "penalty", "l1"),
)

SPEC = network.spec(FamilyName.TABM, "TabM", NETWORK, training=TRAINING)
