"""What a task must say of itself: losses, target scaling, and the two ends of its graph form.

Every task is a module with these names. ``raw`` is what a family predicts: probabilities of the
classes, or targets in the fold's standardized units. ``decode`` and ``emit_decode`` bring it to
the data's units; from there on members of an ensemble may be averaged.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy.typing as npt

from automl.core.decision import Decision
from automl.core.frame import Floats
from automl.core.graph import Graph


class Loss(StrEnum):
    """What a network minimizes."""

    CROSS_ENTROPY = "cross_entropy"
    MSE = "mse"
    MAE = "mae"
    HUBER = "huber"


@dataclass(frozen=True, slots=True)
class TargetScale:
    """How a fold's targets are standardized: ``(y − mean) / std``."""

    mean: float = 0.0
    std: float = 1.0


class Task(Protocol):
    """The module of a task."""

    @property
    def losses(self) -> tuple[Loss, ...]:
        """The losses that a network may be trained with, the usual one first."""

    @property
    def stratify(self) -> bool:
        """Whether folds keep the shares of the targets' values."""

    def fit_target(self, y: npt.NDArray[Any]) -> TargetScale:
        """Return the scaling of a fold, from the targets of its training rows."""

    def encode(self, y: npt.NDArray[Any], scale: TargetScale) -> npt.NDArray[Any]:
        """Return ``(rows,)`` targets to train on: int64 classes or standardized float64."""

    def decode(self, raw: Floats, scale: TargetScale) -> Floats:
        """Return ``(rows, outputs)`` predictions in the data's units."""

    def baseline(self, y: npt.NDArray[Any], outputs: int) -> Floats:
        """Return the ``(1, outputs)`` prediction that knows no feature."""

    def emit_decode(self, graph: Graph, raw: str, scale: TargetScale) -> str:
        """Write ``decode`` of n × outputs to the graph; the value is float64."""

    def emit_outputs(
        self,
        graph: Graph,
        mean: str,
        classes: tuple[str, ...] | tuple[int, ...],
        decision: Decision,
    ) -> None:
        """Show the file's outputs for the float64 mean prediction (n × outputs) of all members."""
