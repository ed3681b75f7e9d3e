"""What arrays hold, told by their axes unless their user tells."""

from collections.abc import Sequence

from automl.core.catalog import Modality
from automl.core.errors import DatasetUnreadable, Detail, InvalidInput
from automl.core.schema import DataWarning

CHANNELS = (1, 3, 4)
"""Grey, colour, and colour with alpha: what a last axis of four means an image by."""
MOST_CHANNELS = 64
"""Of images and volumes: as a last axis it is no axis of space up to here."""

_AXES = {
    Modality.IMAGE: ((3, 4), "n × height × width, perhaps × channels"),
    Modality.SERIES: ((2, 3), "n × channels × steps"),
    Modality.VOLUME: ((4, 5), "n × depth × height × width, perhaps × channels"),
}


def guess(shape: Sequence[int], *, whole: bool) -> Modality:
    """Return what arrays of that shape, rows included, most likely are.

    Args:
        shape: two to five axes.
        whole: whether they hold bytes (uint8), as pixels are stored.
    """
    if len(shape) == 5:
        return Modality.VOLUME
    if len(shape) == 4:
        return Modality.IMAGE if shape[-1] in CHANNELS else Modality.VOLUME
    return Modality.IMAGE if len(shape) == 3 and whole else Modality.SERIES


def guessed(shape: Sequence[int], modality: Modality) -> DataWarning:
    """Return the warning about a guess."""
    others = [item.value for item, (axes, _) in _AXES.items() if len(shape) in axes]
    rest = [name for name in others if name != modality.value]
    remedy = f"; upload with modality={' or '.join(rest)} if they are not" if rest else ""
    return DataWarning(
        "MODALITY_GUESSED",
        f"Arrays of the shape {described(shape)} are taken for {_plural(modality)}{remedy}.",
    )


def check_axes(shape: Sequence[int], modality: Modality) -> None:
    """Return if arrays of that shape, rows included, can be of the modality.

    Raises:
        DatasetUnreadable: they cannot; says which axes they would have.
    """
    axes, right = _AXES[modality]
    if len(shape) not in axes:
        raise refusal(f"X has the shape {described(shape)}; {_plural(modality)} are {right}.")
    channels = shape[-1] if modality is not Modality.SERIES and len(shape) == axes[-1] else 1
    if channels > MOST_CHANNELS:
        raise refusal(
            f"X has the shape {described(shape)}; {_plural(modality)} are {right}, and of channels "
            f"there are at most {MOST_CHANNELS}."
        )


def mismatch(modality: Modality, found: str, kinds: str) -> InvalidInput:
    """Return the refusal of a modality that a file cannot have."""
    return DatasetUnreadable(
        f"This is {found}, which cannot be of the modality {modality.value!r}; leave the modality "
        f"out or say {kinds}.",
        errors=(Detail(f"cannot be {modality.value!r}", field="modality"),),
    )


def refusal(message: str, field: str = "X") -> DatasetUnreadable:
    """Return the refusal of an array."""
    return DatasetUnreadable(message, errors=(Detail(message, field=field),))


def described(shape: Sequence[object]) -> str:
    """Return the shape as it is written: 20 × 28 × 28."""
    return " × ".join(map(str, shape))


def _plural(modality: Modality) -> str:
    return modality.value if modality is Modality.SERIES else f"{modality.value}s"
