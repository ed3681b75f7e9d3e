"""Numbers: families see targets standardized on their fold's training rows."""

import numpy as np

from automl.core.decision import Decision
from automl.core.frame import Floats
from automl.core.graph import ElementType, Graph
from automl.tasks.base import Loss, TargetScale

losses = (Loss.MSE, Loss.HUBER, Loss.MAE)
stratify = False


def fit_target(y: Floats) -> TargetScale:
    """Return mean and standard deviation (1 for a constant target), safe for any magnitude."""
    largest = float(np.abs(y).max(initial=0.0))
    if largest == 0.0:
        return TargetScale()
    unit = y / largest  # squares of 1e200 overflow, of 1e-200 vanish
    std = float(unit.std()) * largest
    constant = bool(y.min() == y.max()) or std == 0.0
    return TargetScale(float(unit.mean()) * largest, 1.0 if constant else std)


def encode(y: Floats, scale: TargetScale) -> Floats:
    """Return standardized targets: ``(rows,)`` float64."""
    return (np.asarray(y, np.float64) - scale.mean) / scale.std


def decode(raw: Floats, scale: TargetScale) -> Floats:
    """Return ``(rows, 1)`` predictions in the data's units."""
    return np.asarray(raw, np.float64) * scale.std + scale.mean


def baseline(y: Floats, outputs: int) -> Floats:
    """Return the mean: ``(1, outputs)``, to the bit the one that R² compares with, so that is 0."""
    with np.errstate(over="ignore"):
        mean = y.mean()
    return np.full((1, outputs), mean if np.isfinite(mean) else fit_target(y).mean)


def emit_decode(graph: Graph, raw: str, scale: TargetScale) -> str:
    """Write the predictions in the data's units as float64."""
    wide = graph.node("Cast", raw, to=ElementType.DOUBLE)
    scaled = graph.node("Mul", wide, graph.constant(scale.std, np.float64))
    return graph.node("Add", scaled, graph.constant(scale.mean, np.float64))


def emit_outputs(
    graph: Graph,
    mean: str,
    classes: tuple[str, ...] | tuple[int, ...],  # noqa: ARG001 -- the protocol's signature
    decision: Decision,  # noqa: ARG001 -- as above
) -> None:
    """Show ``prediction``: ``(n,)`` float64."""
    graph.output("prediction", graph.node("Reshape", mean, graph.constant([-1], np.int64)))
