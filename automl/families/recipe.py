"""What the search may vary of a network's training: the same for every network family.

The training loop reads these names from a candidate; a test holds its choices and these together.

The defaults were chosen on one quarter held out, which also chose the best epoch, with one seed:
log loss of letter / ROC AUC of phoneme / RMSE of california_housing, 3 × 256 silu, 40 epochs.
One-cycle at a rate of 3e-3: 0.0503 / 0.941 / 51,434; at 1e-3 0.066 / 0.929; at 1e-2 0.061 / 0.945;
decay of 0.1 rather than 0.01 0.0499 / 0.938 / 51,621; with that decay cosine 0.0497 / 0.941 /
51,453, and cosine at 5e-3 0.0497 / 0.944 / 50,753. Cosine at 4e-3 for 20 epochs 0.057 / 0.931, for
40 0.048 / 0.942, for 60 0.043 / 0.952. The loop itself shortens a plan that does not fit the time,
and patience one that overfits.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from automl.core.catalog import Modality, TaskType
from automl.core.hyperparameter import Hyperparameter, Space, Value
from automl.families.balance import CLASS_WEIGHT

TRAINING: Space = (
    Hyperparameter(
        name="loss",
        type="categorical",
        default="mse",
        choices=("mse", "mae", "huber"),
        tasks=(TaskType.REGRESSION,),
        description="What a regression makes small; classification always takes cross-entropy.",
    ),
    Hyperparameter(
        name="label_smoothing",
        type="categorical",
        default=0.0,
        choices=(0.0, 0.05, 0.1, 0.2),
        tasks=(TaskType.CLASSIFICATION,),
        description="Part of each label that is spread over all classes while training.",
    ),
    CLASS_WEIGHT,
    Hyperparameter(
        name="optimizer",
        type="categorical",
        default="adamw",
        choices=("sgd", "rmsprop", "adam", "adamw"),
        description="How gradients move the weights.",
    ),
    Hyperparameter(
        name="momentum",
        type="float",
        default=0.9,
        low=0.0,
        high=0.99,
        when=("optimizer", ("sgd", "rmsprop")),
        description="Part of the last step that the next one keeps.",
    ),
    Hyperparameter(
        name="nesterov",
        type="categorical",
        default=True,
        choices=(True, False),
        when=("optimizer", ("sgd",)),
        description="Whether the gradient is taken ahead of the momentum.",
    ),
    Hyperparameter(
        name="learning_rate",
        type="float",
        default=4e-3,
        low=1e-4,
        high=0.1,
        log=True,
        description="Peak learning rate.",
    ),
    Hyperparameter(
        name="schedule",
        type="categorical",
        default="cosine",
        choices=("constant", "step", "exponential", "linear", "cosine", "one_cycle"),
        description="How the learning rate moves over the planned steps.",
    ),
    Hyperparameter(
        name="warmup",
        type="float",
        default=0.05,
        low=0.0,
        high=0.3,
        when=("schedule", ("constant", "step", "exponential", "linear", "cosine")),
        description="Part of the steps over which the learning rate rises first.",
    ),
    Hyperparameter(
        name="batch_size",
        type="categorical",
        default="auto",
        choices=("auto", 32, 64, 128, 256, 512, 1024),
        description="Rows a step; auto takes 32 for small tables to 1,024 for large ones.",
    ),
    Hyperparameter(
        name="epochs",
        type="int",
        default=60,
        low=5,
        high=200,
        log=True,
        description="Passes over the training rows that the schedule is planned for.",
    ),
    Hyperparameter(
        name="patience",
        type="int",
        default=16,
        low=3,
        high=50,
        log=True,
        description="Epochs without a better validation score after which training ends.",
    ),
    Hyperparameter(
        name="clip",
        type="categorical",
        default=1.0,
        choices=(0.0, 0.5, 1.0, 5.0),
        description="Largest norm of a gradient, 0 for any.",
    ),
    Hyperparameter(
        name="penalty",
        type="categorical",
        default="l2",
        choices=("none", "l1", "l2", "both"),
        description="Which weights are held small: by size, by square, or both.",
    ),
    Hyperparameter(
        name="l1",
        type="float",
        default=1e-6,
        low=1e-8,
        high=1e-3,
        log=True,
        when=("penalty", ("l1", "both")),
        description="Strength of the penalty on sizes.",
    ),
    Hyperparameter(
        name="l2",
        type="float",
        default=0.1,
        low=1e-6,
        high=0.3,
        log=True,
        when=("penalty", ("l2", "both")),
        description="Strength of the penalty on squares: with AdamW decoupled weight decay.",
    ),
)

FREE = frozenset({
    "label_smoothing", "class_weight", "momentum", "learning_rate", "schedule", "warmup",
    "epochs", "patience", "clip", "penalty", "l1", "l2", "beta2", "fade", "scaling",
    "initialization", "sigma",
})  # fmt: skip
"""What networks that train as one program may differ in, beside dropout: it changes neither their
shape nor how many rows a step sees. The last two say how first weights are drawn."""

DROPOUTS = frozenset({"dropout", "residual_dropout"})
"""In these too, unless they are 0: there may then be no layer of it at all."""

ARRAYS = (Modality.IMAGE, Modality.SERIES, Modality.VOLUME)
"""The modalities whose rows are arrays."""

SMALL_ARRAYS: Mapping[str, Value] = MappingProxyType(
    {
        "label_smoothing": 0.1,
        "optimizer": "sgd",
        "learning_rate": 0.1,
        "schedule": "one_cycle",
        "epochs": 30,
        "patience": 50,
        "clip": 5.0,
        "l2": 5e-4,
    }
)
"""What convolutions learn small images with: one cycle of steps with momentum, labels smoothed.

Reference: Page 2018, "How to train your ResNet"; Smith and Topin 2018, "Super-Convergence".
"""


def training(changes: Mapping[str, Mapping[str, Any]], *, without: Collection[str] = ()) -> Space:
    """Return `TRAINING` for a family with a recipe of its own.

    Args:
        changes: what is different about a dimension, by its name.
        without: the names of dimensions that the recipe has no use for.
    """
    return tuple(
        replace(item, **changes.get(item.name, {})) for item in TRAINING if item.name not in without
    )
