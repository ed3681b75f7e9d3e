"""From the sums of boosted trees to probabilities, in numpy and in the file."""

import numpy as np

from automl.core.frame import Floats
from automl.core.graph import Graph


def of(sums: Floats, outputs: int) -> Floats:
    """Return ``(rows, outputs)``: the probabilities that the sums mean, or the sums themselves."""
    match outputs:
        case 1:
            return sums
        case 2:
            second = 1.0 / (1.0 + np.exp(-sums))
            return np.hstack([1.0 - second, second])
        case _:
            powers = np.exp(sums - sums.max(axis=1, keepdims=True))
            shares: Floats = powers / powers.sum(axis=1, keepdims=True)
            return shares


def emit(graph: Graph, sums: str, outputs: int) -> str:
    """Write `of` to the graph; ``sums`` are float64."""
    match outputs:
        case 1:
            return sums
        case 2:
            second = graph.node("Sigmoid", sums)
            first = graph.node("Sub", graph.constant(1.0, np.float64), second)
            return graph.node("Concat", first, second, axis=1)
        case _:
            return graph.node("Softmax", sums, axis=1)
