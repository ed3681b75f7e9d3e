"""A search's progress as a drawing: what was found, the best of it so far, and the baseline."""

import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from automl.client.text import plain
from automl.client.transport import Json

WIDTH, HEIGHT = 480, 160
LEFT, RIGHT, TOP, BOTTOM = 64, 8, 10, 22
MOST_DOTS = 500
"""More trials are thinned: the line keeps each step."""

Point = tuple[int, float]


def curve(trials: Sequence[Json], *, metric: str, maximize: bool, baseline: float | None) -> str:
    """Return an SVG element of the values by trial, empty where no trial has one.

    It takes the page's colour, and holds no script and no link.

    Args:
        trials: in any order.
        metric: what the values are called.
        maximize: whether higher values are better.
        baseline: what guessing would come to.
    """
    points = sorted((t["number"], t["value"]) for t in trials if _is_number(t["value"]))
    if not points:
        return ""
    best = steps(points, maximize=maximize)
    values = [value for _, value in points]
    if baseline is not None and _is_number(baseline):
        values.append(baseline)
    frame = _Frame(points[-1][0], min(values), max(values))
    body = [
        *(_dot(frame, point) for point in points[:: -(-len(points) // MOST_DOTS)]),
        _line(frame, [*best, (points[-1][0], best[-1][1])]),
        *([] if baseline is None or not _is_number(baseline) else [_dashes(frame, baseline)]),
        _label(LEFT - 6, TOP + 8, f"{frame.high:.4g}"),
        _label(LEFT - 6, HEIGHT - BOTTOM, f"{frame.low:.4g}"),
        _label(WIDTH - RIGHT, HEIGHT - 6, f"trial {points[-1][0]}"),
    ]
    name = escape(plain(f"{metric}: {best[-1][1]:.5g} at best after {len(points)} trials"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}"'
        f' height="{HEIGHT}" role="img" aria-label="{name}" fill="none" stroke="currentColor">'
        f"<title>{name}</title>{''.join(body)}</svg>"
    )


def steps(points: Sequence[Point], *, maximize: bool) -> list[Point]:
    """Return the points that were better than all before them.

    >>> steps([(0, 0.5), (1, 0.4), (2, 0.7)], maximize=True)
    [(0, 0.5), (2, 0.7)]
    """
    found = [points[0]]
    for number, value in points[1:]:
        if (value > found[-1][1]) == maximize and value != found[-1][1]:
            found.append((number, value))
    return found


class _Frame:
    """Where a trial's number and a value lie in the drawing."""

    def __init__(self, last: int, low: float, high: float) -> None:
        self.low, self.high = low, high
        self._last = last

    def x(self, number: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * number / max(1, self._last)

    def y(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share


def _line(frame: _Frame, best: Sequence[Point]) -> str:
    """Return the best so far as stairs."""
    path = f"M{frame.x(best[0][0]):.1f} {frame.y(best[0][1]):.1f}"
    for _, (number, value) in pairwise(best):
        path += f"H{frame.x(number):.1f}V{frame.y(value):.1f}"
    return f'<path d="{path}" stroke-width="2"/>'


def _dashes(frame: _Frame, baseline: float) -> str:
    path = f"M{LEFT} {frame.y(baseline):.1f}H{WIDTH - RIGHT}"
    text = _label(WIDTH - RIGHT, frame.y(baseline) - 4, "baseline")
    return f'<path d="{path}" stroke-dasharray="4 4" opacity="0.6"/>{text}'


def _dot(frame: _Frame, point: Point) -> str:
    x, y = frame.x(point[0]), frame.y(point[1])
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="currentColor" opacity="0.4"/>'


def _label(x: float, y: float, text: str) -> str:
    style = 'font-size="11" font-family="sans-serif" text-anchor="end" fill="currentColor"'
    return f'<text x="{x:.1f}" y="{max(y, 11.0):.1f}" stroke="none" {style}>{escape(text)}</text>'


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
