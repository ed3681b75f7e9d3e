"""What kernels do not see, as their weights add up to nothing: how high a series is, and how long.

Of each channel the mean, the deviation, the least and the largest level, the mean size of its
changes, the first and the last level; and the row's length.

Sums are of whole numbers in float64, so the graph has the same ones.
"""

import numpy as np

from automl.core.graph import ElementType, Graph
from automl.families.rocket.levels import FINE, LARGEST, Array, Ints

EACH = 7
"""Features of a channel."""


def transform(levels: Array, lengths: Ints) -> Array:
    """Return ``(rows, 7 × channels + 1)`` of levels ``(channels, steps, rows)``."""
    steps = levels.shape[1]
    x = levels.astype(np.float64)
    places, counts = np.arange(steps)[:, None], np.maximum(lengths, 1).astype(np.float64)
    inside, last = places < lengths, places == lengths - 1
    mean = x.sum(axis=1) / counts
    spread = np.sqrt(np.maximum((x**2).sum(axis=1) / counts - mean**2, 0.0))
    changes = np.where(inside[1:], np.abs(x[:, 1:] - x[:, :-1]), 0.0).sum(axis=1) / counts
    found = np.concatenate(
        [
            mean,
            spread,
            np.where(inside, x, LARGEST).min(axis=1),
            np.where(inside, x, -LARGEST).max(axis=1),
            changes,
            x[:, 0],
            (x * last).sum(axis=1),
            FINE * counts[None] / steps,
        ]
    )
    return (found.T / FINE).astype(np.float32)


def emit(graph: Graph, levels: str, lengths: str, steps: int) -> str:
    """Write ``transform`` of levels n × channels × steps and lengths n × 1 × 1."""

    def number(value: float) -> str:
        return graph.constant(value, np.float64)

    def part(x: str, start: int, end: int) -> str:
        return graph.node("Slice", x, *(graph.constant([n], np.int64) for n in (start, end, 2)))

    def over(op: str, x: str) -> str:
        return graph.node(op, x, graph.constant([2], np.int64), keepdims=0)

    def mean_of(x: str) -> str:
        return graph.node("Div", over("ReduceSum", x), counts)

    x = graph.node("Cast", levels, to=ElementType.DOUBLE)
    flat = graph.node("Reshape", lengths, graph.constant([0, 1], np.int64))
    counts = graph.node("Max", graph.node("Cast", flat, to=ElementType.DOUBLE), number(1.0))
    inside, last = _marks(graph, lengths, steps)
    begun = graph.node("Cast", inside, to=ElementType.DOUBLE)
    mean = mean_of(x)
    away = graph.node("Sub", mean_of(graph.node("Mul", x, x)), graph.node("Mul", mean, mean))
    moves = graph.node("Abs", graph.node("Sub", part(x, 1, steps), part(x, 0, steps - 1)))
    found = graph.node(
        "Concat",
        mean,
        graph.node("Sqrt", graph.node("Max", away, number(0.0))),
        over("ReduceMin", graph.node("Where", inside, x, number(LARGEST))),
        over("ReduceMax", graph.node("Where", inside, x, number(-LARGEST))),
        mean_of(graph.node("Mul", moves, part(begun, 1, steps))),
        over("ReduceSum", part(x, 0, 1)),
        over("ReduceSum", graph.node("Mul", x, last)),
        graph.node("Div", graph.node("Mul", counts, number(FINE)), number(steps)),
        axis=1,
    )
    return graph.node("Cast", graph.node("Div", found, number(FINE)), to=ElementType.FLOAT)


def _marks(graph: Graph, lengths: str, steps: int) -> tuple[str, str]:
    """Write which steps each row has (bool), and 1 at its last (float64): n × 1 × steps."""
    places = graph.constant(np.arange(steps), np.float32)
    after = graph.constant(np.arange(1, steps + 1), np.float32)
    last = graph.node("Cast", graph.node("Equal", after, lengths), to=ElementType.DOUBLE)
    return graph.node("Less", places, lengths), last
