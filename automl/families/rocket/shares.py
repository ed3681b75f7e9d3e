"""The kernels' features as a graph: convolutions, comparisons with biases, counts.

Shapes: levels n × channels × steps, lengths n × 1 × 1 → n × features, all float32.
"""

import numpy as np

from automl.core.graph import ElementType, Graph
from automl.families.rocket.kernels import HALF, KERNELS, OUT, TAPS, TRIPLES, Dilated, Kernels

_CELLS = 20_000
"""What one node makes of a row at most, where that is more than one bias a kernel."""


def emit(graph: Graph, levels: str, lengths: str, kernels: Kernels) -> str:
    """Write ``Kernels.transform`` of what ``Levels.emit`` wrote."""
    parts = [_shares(graph, levels, lengths, part, kernels.steps) for part in kernels.dilated]
    return graph.node("Concat", *parts, axis=1)


def _shares(graph: Graph, levels: str, lengths: str, part: Dilated, steps: int) -> str:
    """Write the features of one dilation."""
    halves = graph.constant([0, 2, HALF, 1, steps], np.int64)
    made = graph.node("Reshape", _convolved(graph, levels, part), halves)
    out, counts = _spans(graph, lengths, part, steps)
    made = graph.node("Add", made, out)
    each = max(1, _CELLS // (KERNELS * steps))
    found = []
    for start in range(0, part.biases.shape[1], each):
        biases = part.biases[:, start : start + each].reshape(1, 2, HALF, -1, 1)
        above = graph.node("Greater", made, graph.constant(biases))
        ones = graph.node("Cast", above, to=ElementType.FLOAT)
        found.append(graph.node("ReduceSum", ones, graph.constant([4], np.int64), keepdims=0))
    total = found[0] if len(found) == 1 else graph.node("Concat", *found, axis=3)
    shares = graph.node("Div", total, counts)
    return graph.node("Reshape", shares, graph.constant([0, part.biases.size], np.int64))


def _convolved(graph: Graph, levels: str, part: Dilated) -> str:
    """Write what the kernels make of the levels: n × 84 × steps."""
    taps = np.full((KERNELS, 1, TAPS), -1.0, np.float32)
    taps[np.arange(KERNELS)[:, None], 0, TRIPLES[part.order]] = 2.0
    alone = part.chosen.shape[1] == 1
    if not alone:
        levels = graph.node("MatMul", graph.constant(part.chosen, np.float32), levels)
    return graph.node(
        "Conv",
        levels,
        graph.constant(taps),
        dilations=[part.dilation],
        pads=[part.reach, part.reach],
        group=1 if alone else KERNELS,
    )


def _spans(graph: Graph, lengths: str, part: Dilated, steps: int) -> tuple[str, str]:
    """Write what is added to each step and how many count, for both halves of the kernels.

    They are n × 2 × 1 × 1 × steps and n × 2 × 1 × 1.
    """

    def halves(inner: float) -> str:
        return graph.constant(np.array([[[0.0], [inner]]]), np.float32)

    enough = graph.node("Greater", lengths, halves(2.0 * part.reach))
    within = graph.node("Cast", enough, to=ElementType.FLOAT)
    start = graph.node("Mul", within, halves(part.reach))  # n × 2 × 1
    end = graph.node("Sub", lengths, start)
    places = graph.constant(np.arange(steps), np.float32)
    begun, left = graph.node("GreaterOrEqual", places, start), graph.node("Less", places, end)
    nothing, below = (graph.constant(value, np.float32) for value in (0.0, OUT))
    out = graph.node("Where", graph.node("And", begun, left), nothing, below)  # n × 2 × steps
    shape = graph.constant([0, 2, 1, 1, steps], np.int64)
    counts = graph.node("Max", graph.node("Sub", end, start), graph.constant(1.0, np.float32))
    return (
        graph.node("Reshape", out, shape),
        graph.node("Unsqueeze", counts, graph.constant([3], np.int64)),
    )
