"""A promise and what was measured of it, as a row of ``docs/reliability.md``."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was found, in words, and whether it is what was wanted."""

    promise: str
    wanted: str
    measured: str
    kept: bool
