"""Labels as a program has them, and as the service reads them from a file."""

import math
from collections.abc import Iterable, Sequence


def spelled(label: object) -> str | float:
    """Return what a label is to the service, for which 1, 1.0 and "1" are one class.

    >>> spelled(1) == spelled("1.0"), spelled(True), spelled("a")
    (True, 'true', 'a')
    """
    text = str(label).lower() if isinstance(label, bool) else str(label).strip()
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def check(labels: Sequence[object]) -> None:
    """Refuse labels that the service would mistake for one another, or for missing ones.

    Raises:
        ValueError: names them.
    """
    first: dict[str | float, object] = {}
    for label in labels:
        if label in {"", None}:
            raise ValueError("y holds an empty label, which means a missing one; give it a name")
        twin = first.setdefault(spelled(label), label)
        if twin is not label:
            raise ValueError(f"y holds {twin!r} and {label!r}, which are one class; rename one")


def places(labels: Iterable[object], among: Sequence[object]) -> list[int]:
    """Return where each label stands among others that may be of another type.

    >>> places(["2", "10"], [2, 10])
    [0, 1]

    Raises:
        ValueError: one is not there.
    """
    known = {spelled(label): index for index, label in enumerate(among)}
    try:
        return [known[spelled(label)] for label in labels]
    except KeyError as error:
        raise ValueError(f"the class {error.args[0]!r} is not among {list(among)[:20]}") from None
