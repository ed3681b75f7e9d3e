"""All features of the rocket family: kernels on the steps, perhaps on their changes, a summary.

Reference for kernels on changes: Tan, Dempster, Bergmeir & Webb (2022), "MultiRocket: multiple
pooling operators and transformations for fast and effective time series classification".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats
from automl.core.graph import Graph
from automl.core.state import State, nest, unnest
from automl.families.rocket import kernels, shares, summary
from automl.families.rocket.kernels import Kernels
from automl.families.rocket.levels import Array

_SUMMARY_SIZE = 9.0
"""Of a summary's feature where one of a kernel is 1: japanese_vowels errs in 0.8 % of rows for
1.5 %, and the other six sets as often."""
_SUMMARY_TOTAL = 7_000.0
"""Its squares add up to no more: with many channels it would outshout the kernels."""


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """Kernels on the steps, and on their changes where there are any."""

    steps: Kernels
    changes: Kernels | None

    @property
    def width(self) -> int:
        """How many features there are."""
        return len(self.sizes)

    @property
    def sizes(self) -> Floats:
        """How large each feature is to be."""
        count = summary.EACH * len(self.steps.levels.centre) + 1
        size = min(_SUMMARY_SIZE, float(np.sqrt(_SUMMARY_TOTAL / count)))
        kernels_ = self.steps.width + (self.changes.width if self.changes else 0)
        return np.concatenate([np.ones(kernels_), np.full(count, size)])

    def transform(self, x: npt.NDArray[Any], check: Callable[[], None] = lambda: None) -> Array:
        """Return the features of series ``(rows, channels, steps)``: ``(rows, width)``."""
        parts = [self.steps.transform(x, check)]
        if self.changes:
            parts.append(self.changes.transform(_changes(x), check))
        return np.hstack([*parts, summary.transform(*self.steps.levels.of(x))])

    def emit(self, graph: Graph, x: str) -> str:
        """Write ``transform`` of float32 ``x`` to the graph."""
        steps = self.steps.steps
        levels, lengths = self.steps.levels.emit(graph, x, steps)
        parts = [shares.emit(graph, levels, lengths, self.steps)]
        if self.changes:
            changes = _emit_changes(graph, x, steps)
            seen = self.changes.levels.emit(graph, changes, steps - 1)
            parts.append(shares.emit(graph, *seen, self.changes))
        parts.append(summary.emit(graph, levels, lengths, steps))
        return graph.node("Concat", *parts, axis=1)

    def state(self) -> State:
        """Return everything needed to rebuild this."""
        changes = {"changes": self.changes.state()} if self.changes else {}
        return nest({"steps": self.steps.state(), **changes})


def fit(x: npt.NDArray[Any], *, features: int, differences: bool, seed: int) -> Bank:
    """Return what sees series like the rows of ``x``, as `kernels.fit` does.

    Args:
        x: the training rows, ``(rows, channels, steps)``.
        features: about how many.
        differences: whether half of them are of changes; not where there is but one step.
        seed: draws.
    """
    if not differences or x.shape[2] < 2:
        return Bank(kernels.fit(x, features=features, seed=seed), None)
    first = kernels.fit(x, features=features // 2, seed=seed)
    return Bank(first, kernels.fit(_changes(x), features=features // 2, seed=seed))


def load(state: State) -> Bank:
    """Return what ``Bank.state`` once wrote down."""
    parts = unnest(state)
    changes = kernels.load(parts["changes"]) if "changes" in parts else None
    return Bank(kernels.load(parts["steps"]), changes)


def _changes(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    x = x.astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(x[..., 1:] - x[..., :-1])


def _emit_changes(graph: Graph, x: str, steps: int) -> str:
    def part(start: int, end: int) -> str:
        ends = (graph.constant([place], np.int64) for place in (start, end, 2))
        return graph.node("Slice", x, *ends)

    return graph.node("Sub", part(1, steps), part(0, steps - 1))
