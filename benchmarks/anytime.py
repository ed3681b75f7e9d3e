"""Error against time: one panel a set, a line a system, out of the results of several budgets.

    python -m benchmarks.tables FOLDER... --budget 10 20 40 60 120 --systems ours lightgbm \
        --out results.jsonl
    python -m benchmarks.anytime results.jsonl --sets adult letter phoneme --out docs/anytime.svg

A study publishes its model when it ends, so each point is a study of its own that was given so many
seconds. It stands where its fit ended, whatever its budget was. A system without a budget is one
point, and its error goes on as a dotted line.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from statistics import fmean

from benchmarks.report import ERRORS, picked
from benchmarks.results import OK, Result, read

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 330, 270, 58, 30, 42
LEGEND = 26
COLOURS = ("#0b6e4f", "#c44536", "#3d5a98", "#b8860b", "#7b4b94", "#4a4a4a", "#2a9d9d", "#a0522d")
TICKS = (1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600)
LEAST_SECONDS = 0.5


@dataclass(frozen=True)
class Curve:
    """A system's errors on one set after so many seconds of fit, means over the splits."""

    system: str
    points: list[tuple[float, float]]
    budgeted: bool


@dataclass(frozen=True)
class Scale:
    """Where a value lies between two ends on the page."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1)
        return round(self.start + share * (self.end - self.start), 1)


def main() -> None:
    """Draw the sets that were named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--sets", nargs="+")
    parser.add_argument("--systems", nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    results = read(given.results)
    names = given.sets or list(dict.fromkeys(result.key.set for result in results))
    systems = given.systems or list(dict.fromkeys(result.key.system for result in results))
    given.out.write_text(draw(results, names, systems))


def curves(results: Sequence[Result], name: str, systems: Sequence[str]) -> list[Curve]:
    """Return a curve for every system that gave a model on the set."""
    found = []
    for system in systems:
        mine = [r for r in picked(results, system) if r.key.set == name and r.status == OK]
        points = [
            _point([r for r in mine if r.key.budget == b]) for b in {r.key.budget for r in mine}
        ]
        if points:
            found.append(Curve(system, sorted(points), mine[0].key.budget is not None))
    return found


def _point(results: Sequence[Result]) -> tuple[float, float]:
    seconds = fmean(result.fit_seconds or 0 for result in results)
    return max(seconds, LEAST_SECONDS), fmean(result.error or 0 for result in results)


def draw(results: Sequence[Result], names: Sequence[str], systems: Sequence[str]) -> str:
    """Return an SVG page with a panel for each set."""
    width, height = WIDTH * len(names), HEIGHT + LEGEND
    panels = [
        f'<g transform="translate({index * WIDTH} 0)">{_panel(results, name, systems)}</g>'
        for index, name in enumerate(names)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="11">\n'
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n'
        + "\n".join([*panels, _legend(systems)])
        + "\n</svg>\n"
    )


def _panel(results: Sequence[Result], name: str, systems: Sequence[str]) -> str:
    lines = curves(results, name, systems)
    metric = next(r.metric for r in results if r.key.set == name)
    title = _text(LEFT, 18, f"{name}: {ERRORS[metric]}", 'font-weight="bold"')
    if not lines:
        return title
    seconds = [x for curve in lines for x, _ in curve.points]
    errors = [y for curve in lines for _, y in curve.points]
    across = Scale(math.log(min(seconds)), math.log(1.2 * max(seconds)), LEFT, WIDTH - 12)
    up = Scale(min(errors), max(errors), HEIGHT - BOTTOM - 8, TOP + 8)
    drawn = [
        _curve(curve, across, up, COLOURS[systems.index(curve.system) % len(COLOURS)])
        for curve in lines
    ]
    return "\n".join([title, _axes(across, up, min(seconds), max(seconds)), *drawn])


def _axes(across: Scale, up: Scale, first: float, last: float) -> str:
    floor = HEIGHT - BOTTOM
    parts = [f'<path d="M{LEFT} {TOP}V{floor}H{WIDTH - 12}" fill="none" stroke="#999"/>']
    for tick in TICKS:
        if first <= tick <= 1.2 * last:
            x = across(math.log(tick))
            parts.append(f'<path d="M{x} {floor}v4" stroke="#999"/>')
            parts.append(_text(x, floor + 16, str(tick), 'text-anchor="middle"'))
    for share in (0.0, 0.5, 1.0):
        value = up.low + share * (up.high - up.low)
        parts.append(f'<path d="M{LEFT} {up(value)}H{WIDTH - 12}" stroke="#eee"/>')
        parts.append(_text(LEFT - 5, up(value) + 4, f"{value:.4g}", 'text-anchor="end"'))
    parts.append(_text((LEFT + WIDTH) / 2, floor + 30, "seconds of fit", 'text-anchor="middle"'))
    return "\n".join(parts)


def _curve(curve: Curve, across: Scale, up: Scale, colour: str) -> str:
    places = [(across(math.log(x)), up(y)) for x, y in curve.points]
    marks = [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in places]
    path = "L".join(f"{x} {y}" for x, y in places)
    dots = ""
    if not curve.budgeted:
        path += f"H{WIDTH - 12}"
        dots = ' stroke-dasharray="2 3"'
    line = f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.6"{dots}/>'
    return "\n".join([line, *marks])


def _legend(systems: Sequence[str]) -> str:
    parts, x = [], LEFT
    for index, system in enumerate(systems):
        colour = COLOURS[index % len(COLOURS)]
        parts.append(f'<circle cx="{x}" cy="{HEIGHT + 8}" r="4" fill="{colour}"/>')
        parts.append(_text(x + 8, HEIGHT + 12, system))
        x += 30 + 7 * len(system)
    return "\n".join(parts)


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" {more}>{escape(words)}</text>'


if __name__ == "__main__":
    main()
