"""Plots as inline SVG: no script, no style of their own; ``page.css`` colours them by class."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from automl.core.report import Histogram, Number, Point
from automl.export.markup import Markup, figure, join, tag

WIDTH, HEIGHT = 340, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 44
BAR = 24
"""The height of one row of bars."""
CHARACTER = 7
"""About the width of one in a picture's text."""
BAR_WIDTH, FIGURE_WIDTH = 260, 120
SPARK_WIDTH, SPARK_HEIGHT = 160, 72
CELL = 46
LONGEST_NAME = 26


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
) -> Markup:
    """Return curves in the unit square, each in the colour of its place."""
    plane = Plane(UNIT, UNIT, labels)
    shapes = [_segment(plane, (0, 0), (1, 1))] if diagonal else []
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


def bars(rows: Sequence[tuple[str, float, float | None]], *, title: str) -> Markup:
    """Return named horizontal bars: (name, value, spread or None)."""
    most = max([value + (spread or 0.0) for _, value, spread in rows] + [1e-12])
    left = 12 + CHARACTER * min(LONGEST_NAME, max(len(name) for name, _, _ in rows))
    width = left + BAR_WIDTH + FIGURE_WIDTH
    drawn = [_bar(place, *row, left=left, most=most) for place, row in enumerate(rows)]
    return tag(
        "svg", tag("title", title), drawn,
        viewBox=f"0 0 {width} {BAR * len(rows) + 4}", role="img", class_="bars",
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


def matrix(labels: Sequence[str], counts: Sequence[Sequence[int]], *, numbers: bool) -> Markup:
    """Return a confusion matrix shaded by the share of each true class."""
    size, cell = len(labels), CELL if numbers else max(6, 460 // len(labels))
    wide = max(cell, min(120, 8 * max(map(len, labels)))) if size <= 4 else cell
    left, top = 128, 40 if numbers else 8
    shapes: list[Markup] = []
    for row, (label, line) in enumerate(zip(labels, counts, strict=True)):
        total = sum(line) or 1
        y = top + row * cell
        if numbers:
            shown = _short(label, 15)
            shapes.append(_text(shown, x=left - 8, y=y + cell / 2 + 4, kind="tick end"))
            head = _short(label, wide // 7)
            x = left + row * wide + wide / 2
            shapes.append(_text(head, x=x, y=top - 8, kind="tick middle"))
        for column, count in enumerate(line):
            x, share = left + column * wide, count / total
            kind = "right" if row == column else "wrong"
            shapes.append(
                tag(
                    "rect",
                    x=x,
                    y=y,
                    width=wide - 1,
                    height=cell - 1,
                    class_=f"cell {kind}",
                    fill_opacity=round(0.06 + 0.84 * share, 3),
                )
            )
            if numbers:
                kind = "count strong middle" if share > 0.55 else "count middle"
                shapes.append(_text(f"{count:,}", x=x + wide / 2, y=y + cell / 2 + 4, kind=kind))
    width, height = left + size * wide + 8, top + size * cell + 4
    return tag(
        "svg", tag("title", "Confusion matrix: true classes down, predicted ones across"), shapes,
        viewBox=f"0 0 {width} {height}", width=width, role="img", class_="matrix",
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


def _bar(
    place: int, name: str, value: float, spread: float | None, *, left: int, most: float
) -> Markup:
    y, long = place * BAR, max(0.0, value) / most * BAR_WIDTH
    end = left + long
    shapes = [
        tag("title", name),
        _text(_short(name, LONGEST_NAME), x=left - 8, y=y + 16, kind="tick end"),
        tag("rect", x=left, y=y + 4, width=max(1.0, long), height=BAR - 8, class_="bar"),
    ]
    shown = figure(value, digits=3)
    if spread is not None:
        half = spread / most * BAR_WIDTH
        start, stop = max(float(left), end - half), end + half
        middle = y + BAR / 2
        shapes.append(tag("line", x1=start, y1=middle, x2=stop, y2=middle, class_="spread"))
        shown += f" ± {figure(spread, digits=2)}"
        end = stop
    shapes.append(_text(shown, x=end + 8, y=y + 16, kind="tick"))
    return tag("g", join(*shapes))


def _text(text: str, *, x: float, y: float, kind: str) -> Markup:
    return tag("text", text, x=x, y=y, class_=kind)


def _segment(plane: Plane, start: tuple[float, float], end: tuple[float, float]) -> Markup:
    (x1, y1), (x2, y2) = plane.at(*start), plane.at(*end)
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_="reference")


def _padded(low: float, high: float) -> tuple[float, float]:
    gap = 0.04 * (high - low) or 0.5
    return low - gap, high + gap


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
