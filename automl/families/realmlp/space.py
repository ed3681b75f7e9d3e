"""What RealMLP serves and what the search may vary of it.

The paper's 256 epochs of batches of 256 are 64 of the project's smaller ones. Two of three folds,
one seed: 1 − AUC of german_credit and log loss of car_evaluation, with the paper's selu, dropout of
0.15 and rate of 0.04: 0.243, 0.033; dropout 0.3: 0.230, 0.020; half the rate: 0.229, 0.031; mish:
0.242, 0.027; mish and 0.3: 0.219, 0.036, at half the rate 0.222, 0.033. (The mlp has 0.218, 0.020.)
No label is smoothed: log loss and AUC want chances as they are.
"""

from automl.core.catalog import FamilyName
from automl.core.hyperparameter import Hyperparameter
from automl.families import network, recipe

NETWORK = (
    network.layers(3, high=5, description="Hidden layers."),
    network.width(256, low=16, high=512, description="Units of a hidden layer."),
    network.activation(
        "mish", "relu", "selu", "silu", description="What follows each hidden layer, learnably."
    ),
    Hyperparameter(
        name="sigma",
        type="float",
        default=0.1,
        low=0.02,
        high=5.0,
        log=True,
        description="How fast the waves are that stand for a number at first.",
    ),
    network.dropout(
        0.3, high=0.5, description="Part of the hidden units left out at each step of training."
    ),
)

TRAINING = (
    *recipe.training(
        {
            "optimizer": {"choices": ("adamw",)},
            "learning_rate": {"default": 0.04, "low": 5e-3, "high": 0.5},
            "schedule": {"default": "coslog4", "choices": ("coslog4", "cosine")},
            "epochs": {"default": 64, "high": 256},
            "patience": {"default": 64, "low": 8, "high": 256},
            "clip": {"default": 0.0, "choices": (0.0,)},
            "l2": {"default": 0.02, "low": 1e-4, "when": None},
        },
        without=("momentum", "nesterov", "warmup", "penalty", "l1"),
    ),
    Hyperparameter(
        name="beta2",
        type="categorical",
        default=0.95,
        choices=(0.95, 0.99, 0.999),
        description="How slowly the sizes of gradients are forgotten.",
    ),
    Hyperparameter(
        name="fade",
        type="categorical",
        default=True,
        choices=(True, False),
        description="Whether dropout and decay fade over the second half of the steps.",
    ),
)

SPEC = network.spec(FamilyName.REALMLP, "RealMLP", NETWORK, training=TRAINING)
