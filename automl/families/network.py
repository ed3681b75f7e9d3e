"""What network families have in common: dimensions of their spaces, and all that is not theirs."""

from collections.abc import Mapping
from dataclasses import replace

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Hyperparameter, Space, Value
from automl.core.learner import FamilySpec, View
from automl.families.augmentation import AUGMENTATION
from automl.families.categories import CATEGORIES
from automl.families.recipe import ARRAYS, SMALL_ARRAYS, TRAINING
from automl.families.scaling import SCALING


def spec(
    name: FamilyName,
    title: str,
    own: Space,
    *,
    training: Space = TRAINING,
    modalities: tuple[Modality, ...] = (Modality.TABLE,),
) -> FamilySpec:
    """Return the spec of a network family with its ``own`` dimensions and those of all networks.

    Args:
        name: its member.
        title: what people read.
        own: the dimensions that `build` reads.
        training: those that the training loop reads.
        modalities: what it serves beside tables.
    """
    columns = CATEGORIES + SCALING
    if modalities != (Modality.TABLE,):
        columns = tuple(replace(item, modalities=(Modality.TABLE,)) for item in columns)
    return FamilySpec(
        name=name,
        title=title,
        modalities=modalities,
        tasks=(TaskType.CLASSIFICATION, TaskType.REGRESSION),
        view=View.ONE_HOT,
        space=own + columns + training,
    )


def array_spec(
    name: FamilyName, title: str, own: Space, *, training: Space | None = None
) -> FamilySpec:
    """Return the spec of a family of networks over arrays alone: as `spec`."""
    recipe = differing(TRAINING, SMALL_ARRAYS) if training is None else training
    return FamilySpec(
        name=name,
        title=title,
        modalities=ARRAYS,
        tasks=(TaskType.CLASSIFICATION, TaskType.REGRESSION),
        view=View.ARRAY,
        space=own + AUGMENTATION + recipe,
    )


def differing(
    space: Space, values: Mapping[str, Value], *, modalities: tuple[Modality, ...] = ARRAYS
) -> Space:
    """Return the dimensions with other defaults for arrays, or the ``modalities``, by name.

    What a dimension itself says of one of them stays.
    """
    return tuple(
        replace(item, defaults=dict.fromkeys(modalities, values[item.name]) | _own(item))
        if item.name in values
        else item
        for item in space
    )


def _own(item: Hyperparameter) -> dict[Modality, Value]:
    return dict(item.defaults or {})


KERNEL = Hyperparameter(
    name="kernel",
    type="categorical",
    default=3,
    choices=(3, 5, 7, 9),
    defaults={Modality.SERIES: 7},
    description="Places in a row that a convolution looks at.",
)

STRIDE = Hyperparameter(
    name="stride",
    type="categorical",
    default=1,
    choices=(1, 2),
    absent=1,
    description="Whether the first convolution looks at every place, or at every second.",
)
"""Apart from what a network cannot be made without: it is younger than its families."""


def layers(default: int, *, high: int, description: str) -> Hyperparameter:
    """Return how deep a network is."""
    return Hyperparameter(
        name="layers", type="int", default=default, low=1, high=high, description=description
    )


def width(default: int, *, low: int, high: int, description: str) -> Hyperparameter:
    """Return how many units a layer has."""
    return Hyperparameter(
        name="width",
        type="int",
        default=default,
        low=low,
        high=high,
        log=True,
        description=description,
    )


def expansion(description: str) -> Hyperparameter:
    """Return how much wider a block is inside than what passes from block to block."""
    return Hyperparameter(
        name="expansion", type="float", default=2.0, low=1.0, high=4.0, description=description
    )


def convolutions(default: int, *, high: int) -> Hyperparameter:
    """Return how deep a stage of convolutions is."""
    return Hyperparameter(
        name="convolutions",
        type="int",
        default=default,
        low=1,
        high=high,
        description="Convolutions in a stage.",
    )


def activation(default: str, *others: str, description: str) -> Hyperparameter:
    """Return what bends between layers."""
    return _choice("activation", default, others, description)


def normalization(default: str, *others: str, description: str) -> Hyperparameter:
    """Return what keeps a layer's numbers of one size."""
    return _choice("normalization", default, others, description)


def pooling(default: str, other: str) -> Hyperparameter:
    """Return what is left of an array's places before the last layer."""
    return _choice("pooling", default, (other,), "What the last layer sees of each channel.")


def dropout(
    default: float, *, description: str, name: str = "dropout", high: float = 0.6
) -> Hyperparameter:
    """Return which part of some units is left out at each step of training."""
    return Hyperparameter(
        name=name, type="float", default=default, low=0.0, high=high, description=description
    )


def _choice(name: str, default: str, others: tuple[str, ...], description: str) -> Hyperparameter:
    return Hyperparameter(
        name=name,
        type="categorical",
        default=default,
        choices=(default, *others),
        description=description,
    )
