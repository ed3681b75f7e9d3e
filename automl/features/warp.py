"""Bends of a whole column beyond centre and scale: the signed logarithm, and its own distribution.

Each knows its columns one by one, works in float64, and writes itself for all columns at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats
from automl.core.graph import ElementType, Graph

KNOTS = 33
_TAIL = 0.01
"""The ends of a distribution stand where one row in a hundred of a normal one lies beyond."""
_NARROW = 1e-300


class Warp(Protocol):
    """What follows the scaling of some columns; NaN stays NaN."""

    def apply(self, z: Floats, column: int) -> Floats:
        """Return the warped cells of one column."""

    def emit(self, graph: Graph, z: str) -> str:
        """Write ``apply`` for all columns: float64, n × columns."""

    def take(self, columns: Sequence[int]) -> Self:
        """Return the warp of those columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Logarithm:
    """``sign(z) log(1 + |z|)``, standardized."""

    center: Floats
    scale: Floats

    def apply(self, z: Floats, column: int) -> Floats:
        """Return the warped cells."""
        warped: Floats = (_signed_log(z) - self.center[column]) / self.scale[column]
        return warped

    def emit(self, graph: Graph, z: str) -> str:
        """Write the same steps."""
        more = graph.node("Add", graph.node("Abs", z), graph.constant(1.0, np.float64))
        signed = graph.node("Mul", graph.node("Sign", z), graph.node("Log", more))
        centred = graph.node("Sub", signed, graph.constant(self.center[None]))
        return graph.node("Div", centred, graph.constant(self.scale[None]))

    def take(self, columns: Sequence[int]) -> "Logarithm":
        """Return the warp of those columns."""
        return Logarithm(self.center[list(columns)], self.scale[list(columns)])


@dataclass(frozen=True, slots=True, eq=False)
class Quantiles:
    """A line through (knot, target) pairs: ``(columns, KNOTS)`` each, knots rising."""

    knots: Floats
    targets: Floats

    def apply(self, z: Floats, column: int) -> Floats:
        """Return the warped cells."""
        knots, targets = self.knots[column], self.targets[column]
        left = np.clip(np.searchsorted(knots, z, side="right") - 1, 0, KNOTS - 2)
        left = np.where(np.isnan(z), 0, left)
        width = np.maximum(knots[left + 1] - knots[left], _NARROW)
        share = np.clip((z - knots[left]) / width, 0.0, 1.0)
        warped: Floats = targets[left] + share * (targets[left + 1] - targets[left])
        return warped

    def emit(self, graph: Graph, z: str) -> str:
        """Write the same steps: how many knots lie below says between which two a cell is.

        Column after column, each a row: a knot is then compared with many cells at a time.
        """
        z = graph.node("Transpose", z, perm=[1, 0])
        left = self._emit_left(graph, z)
        right = graph.node("Add", left, graph.constant(1, np.int64))
        (low, high), (start, end) = (
            [graph.node("Gather", graph.constant(table.ravel()), at) for at in (left, right)]
            for table in (self.knots, self.targets)
        )
        narrow = graph.constant(_NARROW, np.float64)
        width = graph.node("Max", graph.node("Sub", high, low), narrow)
        share = graph.node("Div", graph.node("Sub", z, low), width)
        bounds = graph.constant(0.0, np.float64), graph.constant(1.0, np.float64)
        rise = graph.node("Mul", graph.node("Clip", share, *bounds), graph.node("Sub", end, start))
        return graph.node("Transpose", graph.node("Add", start, rise), perm=[1, 0])

    def _emit_left(self, graph: Graph, z: str) -> str:
        """Write the position in all columns' knots of the one to the left of each cell."""
        axis = graph.constant([1], np.int64)
        deep = graph.node("Unsqueeze", z, axis)
        below = graph.node("GreaterOrEqual", deep, graph.constant(self.knots[..., None]))
        # Few enough to be exact, and added many at a time, as int64 are not.
        counts = graph.node("Cast", below, to=ElementType.FLOAT)
        count = graph.node("ReduceSum", counts, axis, keepdims=0)
        whole = graph.node("Cast", count, to=ElementType.INT64)
        before = graph.node("Sub", whole, graph.constant(1, np.int64))
        ends = graph.constant(0, np.int64), graph.constant(KNOTS - 2, np.int64)
        offsets = graph.constant(np.arange(len(self.knots))[:, None] * KNOTS, np.int64)
        return graph.node("Add", graph.node("Clip", before, *ends), offsets)

    def take(self, columns: Sequence[int]) -> "Quantiles":
        """Return the warp of those columns."""
        return Quantiles(self.knots[list(columns)], self.targets[list(columns)])


def fit_logarithm(columns: Sequence[Floats]) -> Logarithm:
    """Return the warp that gives the finite cells of every column mean 0 and deviation 1."""
    logs = [_signed_log(column[np.isfinite(column)]) for column in columns]
    center = np.array([log.mean() if len(log) else 0.0 for log in logs])
    scale = np.array([float(log.std()) if len(log) else 1.0 for log in logs])
    return Logarithm(center, np.where(scale > 0.0, scale, 1.0))


def fit_quantiles(columns: Sequence[Floats]) -> Quantiles:
    """Return the warp that makes the finite cells of every column nearly normal."""
    fitted = [_knots(column[np.isfinite(column)]) for column in columns]
    shape = (len(columns), KNOTS)
    knots = np.array([knots for knots, _ in fitted]).reshape(shape)
    return Quantiles(knots, np.array([targets for _, targets in fitted]).reshape(shape))


def _signed_log(z: Floats) -> Floats:
    return np.sign(z) * np.log(np.abs(z) + 1.0)


def _knots(cells: Floats) -> tuple[Floats, Floats]:
    """Return rising knots and their targets; a value that many rows have gets the middle one."""
    shares = np.linspace(0.0, 1.0, KNOTS)
    normal = NormalDist()
    targets = np.array([normal.inv_cdf(min(max(p, _TAIL), 1.0 - _TAIL)) for p in shares.tolist()])
    found = np.quantile(cells, shares, method="lower") if len(cells) else np.zeros(KNOTS)
    knots, place = np.unique(found, return_inverse=True)
    middle = np.bincount(place, targets) / np.bincount(place)
    more = KNOTS - len(knots)
    beyond: npt.NDArray[np.float64] = knots[-1] + np.arange(1.0, more + 1.0)
    return np.concatenate([knots, beyond]), np.concatenate([middle, np.full(more, middle[-1])])
