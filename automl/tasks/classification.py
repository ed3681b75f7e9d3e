"""Classes, two or more: predictions are probabilities, labels what they mean."""

import numpy as np
import numpy.typing as npt

from automl.core.decision import Decision
from automl.core.frame import Floats, Ints
from automl.core.graph import ElementType, Graph
from automl.tasks.base import Loss, TargetScale

losses = (Loss.CROSS_ENTROPY,)
stratify = True


def fit_target(y: Ints) -> TargetScale:  # noqa: ARG001 -- the protocol's signature
    """Return the identity: class indices are not scaled."""
    return TargetScale()


def encode(y: npt.ArrayLike, scale: TargetScale) -> Ints:  # noqa: ARG001 -- as above
    """Return the class indices as int64."""
    return np.asarray(y, np.int64)


def decode(raw: Floats, scale: TargetScale) -> Floats:  # noqa: ARG001 -- as above
    """Return the probabilities as float64."""
    return np.asarray(raw, np.float64)


def baseline(y: Ints, outputs: int) -> Floats:
    """Return the classes' frequencies: ``(1, outputs)``."""
    counts = np.bincount(y, minlength=outputs).astype(np.float64)
    return counts[None] / max(1, len(y))


def emit_decode(graph: Graph, raw: str, scale: TargetScale) -> str:  # noqa: ARG001 -- as above
    """Write the probabilities as float64."""
    return graph.node("Cast", raw, to=ElementType.DOUBLE)


def emit_outputs(
    graph: Graph, mean: str, classes: tuple[str, ...] | tuple[int, ...], decision: Decision
) -> None:
    """Show ``prediction`` (n, int64 or string) and ``probabilities`` (n × classes, float64).

    Rows of probabilities are divided by their sum, so that float32 members leave no trace in it.
    The first of equals is the prediction.
    """
    probabilities = _shares(graph, mean)
    if decision.temperature != 1.0 or decision.factors:
        power = graph.constant(1.0 / decision.temperature, np.float64)
        powers = graph.node("Pow", probabilities, power)
        if decision.factors:
            powers = graph.node("Mul", powers, graph.constant(decision.factors, np.float64))
        probabilities = _shares(graph, powers)
    judged = probabilities
    if decision.levels:
        judged = graph.node("Div", probabilities, graph.constant(decision.levels, np.float64))
    index = graph.node("ArgMax", judged, axis=1, keepdims=0)
    whole = all(isinstance(label, int) for label in classes)
    labels = graph.constant(np.array(classes, dtype=np.int64 if whole else object))
    graph.output("prediction", graph.node("Gather", labels, index, axis=0))
    graph.output("probabilities", probabilities)


def _shares(graph: Graph, values: str) -> str:
    total = graph.node("ReduceSum", values, graph.constant([1], np.int64), keepdims=1)
    return graph.node("Div", values, total)
