"""Lengths of time as people write them."""

import re

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class DurationError(ValueError):
    """A text is no positive length of time."""


def seconds(text: str) -> float:
    """Return the seconds in ``"90"``, ``"60s"``, ``"5m"``, ``"1.5h"`` or ``"30d"``.

    Raises:
        DurationError: the text is no positive length of time.

    >>> seconds("5m")
    300.0
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*", text)
    if match is None or float(match[1]) <= 0:
        raise DurationError(f"{text!r} is no length of time; write 60s, 5m or 1h")
    return float(match[1]) * _UNITS[match[2]]
