"""Plots as inline SVG: no script, no style of their own; ``page.css`` colours them by class."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from automl.core.report import Histogram, Number, Point
from automl.export.markup import Markup, figure, tag

WIDTH, HEIGHT = 340, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 44
BAR_WIDTH, BAR_HEIGHT = 200, 10
SPARK_WIDTH, SPARK_HEIGHT = 160, 72
MATRIX = 460
"""The side of a picture of a confusion matrix."""


@dataclass(frozen=True, slots=True)
class Plane:
    """A drawing area with linear axes."""

    x: tuple[float, float]
    y: tuple[float, float]
    labels: tuple[str, str]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point lies in the picture."""
        (left, right), (low, high) = self.x, self.y
        across = (x - left) / ((right - left) or 1)
        up = (y - low) / ((high - low) or 1)
        return (
            round(LEFT + across * (WIDTH - LEFT - RIGHT), 2),
            round(HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM), 2),
        )

    def draw(self, *shapes: Markup, title: str) -> Markup:
        """Return the picture with its axes."""
        return tag(
            "svg",
            tag("title", title),
            tag("desc", f"Across: {self.labels[0]}. Upwards: {self.labels[1]}."),
            self._axes(),
            shapes,
            viewBox=f"0 0 {WIDTH} {HEIGHT}",
            role="img",
            class_="chart",
        )

    def _axes(self) -> Iterator[Markup]:
        for value in ticks(*self.x):
            x, y = self.at(value, self.y[0])
            yield tag("line", x1=x, y1=TOP, x2=x, y2=HEIGHT - BOTTOM, class_="grid")
            yield tag("text", figure(value, digits=3), x=x, y=y + 16, class_="tick middle")
        for value in ticks(*self.y):
            x, y = self.at(self.x[0], value)
            yield tag("line", x1=LEFT, y1=y, x2=WIDTH - RIGHT, y2=y, class_="grid")
            yield tag("text", figure(value, digits=3), x=x - 6, y=y + 4, class_="tick end")
        middle = (LEFT + WIDTH - RIGHT) / 2
        yield tag("text", self.labels[0], x=middle, y=HEIGHT - 6, class_="label middle")
        height = (TOP + HEIGHT - BOTTOM) / 2
        yield tag(
            "text", self.labels[1], x=12, y=height, class_="label middle",
            transform=f"rotate(-90 12 {height})",
        )  # fmt: skip


UNIT = (0.0, 1.0)


def lines(
    series: Sequence[Sequence[Point]],
    *,
    labels: tuple[str, str],
    title: str,
    diagonal: bool,
    dots: bool = False,
    spreads: Sequence[tuple[float, float, float]] = (),
) -> Markup:
    """Return curves in the unit square, each in the colour of its place.

    ``spreads`` are (x, from, to): how far a point may be off.
    """
    plane = Plane(UNIT, UNIT, labels)
    shapes = [_segment(plane, (0, 0), (1, 1))] if diagonal else []
    shapes += [_segment(plane, (x, low), (x, high), kind="spread") for x, low, high in spreads]
    for place, points in enumerate(series):
        at = [plane.at(x, y) for x, y in points if x is not None and y is not None]
        path = " ".join(f"{x:g},{y:g}" for x, y in at)
        shapes.append(tag("polyline", points=path, class_=f"curve c{place}"))
        if dots:
            shapes += [tag("circle", cx=x, cy=y, r=3.5, class_=f"dot c{place}") for x, y in at]
    return plane.draw(*shapes, title=title)


def scatter(points: Sequence[tuple[float, float]], *, labels: tuple[str, str]) -> Markup:
    """Return points around the diagonal of equal values."""
    both = np.array(points, dtype=np.float64)
    low, high = _padded(float(both.min()), float(both.max()))
    plane = Plane((low, high), (low, high), labels)
    dots = [
        tag("circle", cx=x, cy=y, r=2.5, class_="spot")
        for x, y in (plane.at(*point) for point in points)
    ]
    line = _segment(plane, (low, low), (high, high))
    return plane.draw(line, *dots, title="Predicted against actual values")


def histogram(data: Histogram, *, labels: tuple[str, str]) -> Markup:
    """Return bars of counts."""
    edges, counts = data["edges"], data["counts"]
    plane = Plane((edges[0], edges[-1]), (0.0, max(counts) * 1.05 or 1.0), labels)
    bars = []
    for left, right, count in zip(edges, edges[1:], counts, strict=False):
        x0, y0 = plane.at(left, count)
        x1, y1 = plane.at(right, 0)
        width, height = max(0.5, x1 - x0 - 0.5), y1 - y0
        bars.append(tag("rect", x=x0, y=y0, width=width, height=height, class_="bar"))
    zero = []
    if edges[0] < 0 < edges[-1]:
        zero = [_segment(plane, (0, 0), (0, plane.y[1]))]
    return plane.draw(*bars, *zero, title="Residuals")


def steps(
    points: Sequence[Point], *, end: float, guess: Number, labels: tuple[str, str], title: str
) -> Markup:
    """Return a staircase from its first point to ``end``, with the value of a guess dashed."""
    known = [(x, y) for x, y in points if x is not None and y is not None]
    heights = [y for _, y in known] + ([] if guess is None else [guess])
    plane = Plane((0.0, max(end, known[-1][0]) or 1.0), _padded(min(heights), max(heights)), labels)
    corners = [known[0]]
    for (_, before), (x, y) in pairwise(known):
        corners += [(x, before), (x, y)]
    corners.append((plane.x[1], known[-1][1]))
    path = " ".join(f"{x:g},{y:g}" for x, y in (plane.at(*corner) for corner in corners))
    shapes = [tag("polyline", points=path, class_="curve c0")]
    shapes += [
        tag("circle", cx=x, cy=y, r=3, class_="dot c0") for x, y in (plane.at(*at) for at in known)
    ]
    if guess is not None:
        shapes.append(_segment(plane, (0.0, guess), (plane.x[1], guess)))
    return plane.draw(*shapes, title=title)


def bar(
    value: float, most: float, *, spread: tuple[float, float] | None = None, kind: str = "bar"
) -> Markup:
    """Return one horizontal bar, to stand in a table beside its number; it says nothing by itself.

    ``spread`` is from where to where the value may be.
    """
    scale = BAR_WIDTH / (most or 1.0)
    width = max(1.0, min(value, most) * scale) if value > 0 else 0.0
    shapes = [tag("rect", x=0, y=0, width=round(width, 2), height=BAR_HEIGHT, class_=kind)]
    if spread is not None:
        low, high = (round(min(max(0.0, end), most) * scale, 2) for end in spread)
        middle = BAR_HEIGHT / 2
        shapes.append(tag("line", x1=low, y1=middle, x2=high, y2=middle, class_="spread"))
    return tag(
        "svg", shapes, viewBox=f"0 0 {BAR_WIDTH} {BAR_HEIGHT}", preserveAspectRatio="none",
        aria_hidden="true", class_="bar",
    )  # fmt: skip


def spark(series: Sequence[Sequence[Number]]) -> Markup:
    """Return the lines of one series without axes; where a number is lacking a line has a gap."""
    known = [value for line in series for value in line if value is not None]
    low, high = _padded(min(known), max(known)) if known else UNIT
    shapes: list[Markup] = []
    for place, line in enumerate(series):
        step = SPARK_WIDTH / max(1, len(line) - 1)
        for part in _runs(line):
            at = [(x * step, SPARK_HEIGHT * (high - y) / (high - low)) for x, y in part]
            path = " ".join(f"{x:.4g},{y:.4g}" for x, y in at)
            shapes.append(tag("polyline", points=path, class_=f"curve c{place}"))
    box = f"0 0 {SPARK_WIDTH} {SPARK_HEIGHT}"
    return tag("svg", tag("title", "A row of the data"), shapes, viewBox=box, role="img")


def _runs(line: Sequence[Number]) -> Iterator[list[tuple[int, float]]]:
    """Yield the stretches without a gap."""
    run: list[tuple[int, float]] = []
    for place, value in enumerate(line):
        if value is not None:
            run.append((place, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def matrix(counts: Sequence[Sequence[int]]) -> Markup:
    """Return a confusion matrix of many classes, shaded by the share of each true class."""
    size = len(counts)
    cell = max(6, MATRIX // size)
    side = size * cell
    shapes = [tag("rect", x=0, y=0, width=side, height=side, class_="sheet")]
    for row, line in enumerate(counts):
        total = sum(line) or 1
        for column, count in enumerate(line):
            if count:
                shapes.append(
                    tag(
                        "rect",
                        x=column * cell,
                        y=row * cell,
                        width=cell - 1,
                        height=cell - 1,
                        class_=f"cell {'right' if row == column else 'wrong'}",
                        fill_opacity=round(0.1 + 0.9 * count / total, 2),
                    )
                )
    return tag(
        "svg", tag("title", "Confusion matrix: true classes down, predicted ones across"), shapes,
        viewBox=f"0 0 {side} {side}", width=side, role="img", class_="matrix",
    )  # fmt: skip


def ticks(low: float, high: float) -> list[float]:
    """Return three to seven round numbers within the range."""
    span = high - low
    if not span > 0:
        return [low]
    step = 10.0 ** np.floor(np.log10(span / 3))
    step *= next((factor for factor in (1, 2, 2.5, 5) if span / (step * factor) <= 6), 10)
    first = np.ceil(low / step)
    count = int(np.floor(high / step + 1e-9) - first) + 1
    return [float(f"{(first + index) * step:.12g}") for index in range(count)]


def _segment(
    plane: Plane, start: tuple[float, float], end: tuple[float, float], *, kind: str = "reference"
) -> Markup:
    (x1, y1), (x2, y2) = plane.at(*start), plane.at(*end)
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def _padded(low: float, high: float) -> tuple[float, float]:
    gap = 0.04 * (high - low) or 0.5
    return low - gap, high + gap
