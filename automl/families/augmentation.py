"""How networks over arrays vary their training rows: the same dimensions for each such family.

The training loop reads these names from a candidate (`automl.training.augment`); a network with
``flip`` also averages over mirror images when it predicts.
"""

from dataclasses import replace

from automl.core.catalog import Modality
from automl.core.hyperparameter import LARGE_SIDE, Hyperparameter, Space, Trait

_SPATIAL = (Modality.IMAGE, Modality.VOLUME)
_ALL = (*_SPATIAL, Modality.SERIES)


def _share(
    name: str,
    default: float,
    high: float,
    description: str,
    *,
    modalities: tuple[Modality, ...] = _ALL,
    series: float = 0.0,
) -> Hyperparameter:
    return Hyperparameter(
        name=name,
        type="float",
        default=default,
        low=0.0,
        high=high,
        modalities=modalities,
        defaults={Modality.SERIES: series} if Modality.SERIES in modalities else None,
        absent=0.0,
        description=description,
    )


AUGMENTATION: Space = (
    Hyperparameter(
        name="flip",
        type="categorical",
        default=False,
        choices=(False, True),
        modalities=_SPATIAL,
        absent=False,
        description="Whether an array and its mirror image, left for right, mean the same.",
    ),
    Hyperparameter(
        name="turn",
        type="categorical",
        default=False,
        choices=(False, True),
        modalities=(Modality.VOLUME,),
        absent=False,
        description="Whether an array means the same turned by right angles, or mirrored along any"
        " of its axes.",
    ),
    _share("shift", 0.1, 0.25, "Rows are moved by up to this share of each axis."),
    _share("rotation", 0.0, 30.0, "Rows are turned by up to so many degrees.", modalities=_SPATIAL),
    _share("zoom", 0.0, 0.3, "Rows are sized by up to this share.", modalities=_SPATIAL),
    _share("jitter", 0.0, 0.5, "How far brightness and contrast, or a series' size, may change."),
    replace(
        _share(
            "colour",
            0.0,
            0.5,
            "How far the strength of an image's colours, and the share of each, may change.",
            modalities=(Modality.IMAGE,),
        ),
        settled={Trait.GREY_IMAGES: 0.0},
    ),
    _share("noise", 0.0, 0.3, "Size of noise, as a share of the numbers' deviation."),
    _share("cutout", 0.0, 0.5, "Sides of a box that is hidden, as a share of each axis."),
    _share(
        "warp",
        0.0,
        0.3,
        "How much faster or slower time may run.",
        modalities=(Modality.SERIES,),
    ),
    Hyperparameter(
        name="mixing",
        type="categorical",
        default="none",
        choices=("none", "mixup", "cutmix"),
        modalities=_ALL,
        absent="none",
        description="Whether rows are mixed with others: their numbers, or a box of them.",
    ),
)

RESOLUTION = Hyperparameter(
    name="resolution",
    type="categorical",
    default=0.5,
    choices=(0.5, 0.625, 0.75, 1.0),
    modalities=(Modality.IMAGE,),
    settled={Trait.SMALL_IMAGES: 1.0},
    absent=1.0,
    description="Part of its sides at which the first half of the steps sees an image of at least"
    f" {LARGE_SIDE} places along each.",
)
"""For networks that take arrays of any size."""

OVER_SERIES: Space = tuple(
    replace(item, modalities=(Modality.SERIES,))
    for item in AUGMENTATION
    if Modality.SERIES in (item.modalities or ())
)
"""What of it series know, for networks that serve texts beside them."""
