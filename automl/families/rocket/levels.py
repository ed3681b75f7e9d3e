"""Series as whole numbers, so small that what kernels add up is exact in float32.

So the model file counts as training did, whatever the order of its sums.

Shapes: series ``(rows, channels, steps)``, NaN where a step is missing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.graph import ElementType, Graph

Array = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

FINE = 4096.0
"""Levels that a channel's deviation is cut into."""

LARGEST = 2.0**17
"""Levels beyond are cut off. Times 12, what a kernel's weights come to, and times 9 channels this
is below 2²⁴, up to which float32 has every whole number."""

_LEAST, _MOST = 1e-30, 1e30


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """How steps are rounded: each channel's mean is 0. Both are ``(channels, 1)``."""

    centre: Array
    scale: Array

    def of(self, x: npt.NDArray[Any]) -> tuple[Array, Ints]:
        """Return the levels ``(channels, steps, rows)`` and each row's steps up to its last.

        Missing steps are 0, the channel's mean.
        """
        x = x.astype(np.float32)
        missing = np.isnan(x)
        places = np.arange(1, x.shape[2] + 1)
        lengths = np.where(missing.all(axis=1), 0, places).max(axis=1)
        with np.errstate(over="ignore"):
            rounded = np.rint((np.where(missing, self.centre, x) - self.centre) * self.scale)
        ends = np.float32(LARGEST)
        return np.ascontiguousarray(np.clip(rounded, -ends, ends).transpose(1, 2, 0)), lengths

    def emit(self, graph: Graph, x: str, steps: int) -> tuple[str, str]:
        """Write ``of``: levels n × channels × steps, and lengths n × 1 × 1, both float32."""
        missing = graph.node("IsNaN", x)
        centre = graph.constant(self.centre)
        away = graph.node("Sub", graph.node("Where", missing, centre, x), centre)
        rounded = graph.node("Round", graph.node("Mul", away, graph.constant(self.scale)))
        ends = (graph.constant(end, np.float32) for end in (-LARGEST, LARGEST))
        present = graph.node("Cast", graph.node("Not", missing), to=ElementType.FLOAT)
        reached = graph.node("Mul", present, graph.constant(np.arange(1, steps + 1), np.float32))
        axes = graph.constant([1, 2], np.int64)
        return graph.node("Clip", rounded, *ends), graph.node("ReduceMax", reached, axes)


def fit(x: npt.NDArray[Any]) -> Levels:
    """Return the levels of series like the rows of ``x``."""
    flat = np.moveaxis(x, 1, 0).reshape(x.shape[1], -1).astype(np.float64)
    known = np.ma.masked_invalid(flat)
    centre = np.ma.filled(known.mean(axis=1, keepdims=True), 0.0)
    deviation = np.ma.filled(known.std(axis=1, keepdims=True), 0.0)
    scale = np.divide(FINE, deviation, out=np.ones_like(deviation), where=deviation > _LEAST)
    return Levels(centre.astype(np.float32), np.minimum(scale, _MOST).astype(np.float32))
