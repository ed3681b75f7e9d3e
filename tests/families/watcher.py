"""A control that remembers."""

from collections.abc import Callable
from dataclasses import dataclass, field

from automl.core.errors import TrialStopped
from automl.core.state import State
from automl.core.trial import CurvePoint


@dataclass
class Watcher:
    """A control that remembers; it stops the training at its ``stop_at``-th check."""

    stop_at: int | None = None
    left: float | None = None
    points: list[CurvePoint] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    checks: int = 0

    def report(self, point: CurvePoint) -> None:
        self.points.append(point)

    def check(self) -> None:
        self.checks += 1
        if self.stop_at is not None and self.checks >= self.stop_at:
            raise TrialStopped

    def save(self, state: Callable[[], State]) -> None:
        self.states.append(state())

    def seconds_left(self) -> float | None:
        return self.left
