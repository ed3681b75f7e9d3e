"""Small pictures made of text: how long it took, how high it rose."""

import math
from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.-:=+*#"
"""For terminals that know no more."""

Point = tuple[float, float]
"""A moment, in seconds on whatever clock, and what was the best value from then on."""


def sparkline(bests: Sequence[Point], *, until: float, width: int, bars: str = BARS) -> str:
    """Return how the best value grew better over time: the better, the higher.

    Args:
        bests: every best value in order, whichever way is better.
        until: the moment of the right end; the left end is the first point's.
        width: how many characters, of equal time each.
        bars: from the first value to the best.

    >>> sparkline([(0, 0.5), (4, 0.8), (6, 0.9)], until=8, width=8)
    '▁▁▁▁▇▇██'
    >>> sparkline([(0, 3.0), (4, 1.0)], until=8, width=4, bars="_#")
    '__##'
    """
    known = [(at, value) for at, value in bests if math.isfinite(value)]
    if not known:
        return ""
    (start, first), (_, best) = known[0], known[-1]
    slot = max(0.0, until - start) / width
    drawn = []
    for index in range(1, width + 1):
        value = [value for at, value in known if at < start + index * slot or at == start][-1]
        height = 1.0 if best == first else (value - first) / (best - first)
        drawn.append(bars[min(len(bars) - 1, max(0, int(height * len(bars))))])
    return "".join(drawn)


def span(seconds: float) -> str:
    """Return a length of time as people say it.

    >>> span(4.6), span(251), span(3_900)
    ('5 s', '4 min 11 s', '1 h 05 min')
    """
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3_600} h {whole // 60 % 60:02d} min"
