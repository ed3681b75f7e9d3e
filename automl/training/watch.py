"""What an epoch's steps measured, and whether they still go somewhere."""

import math
from dataclasses import dataclass

from torch import Tensor

from automl.core.catalog import TrialFailure
from automl.core.errors import TrialError
from automl.training.progress import Progress

_EXPLODED = 1e6
"""A gradient's norm beyond which no training recovers: standardized data gives 0.01 to 100."""
_UNWATCHED = 32
"""Steps on a GPU between two looks at loss and gradient: each look waits for the device."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Means over the steps of an epoch, and the learning rate of its last one."""

    loss: float
    gradient_norm: float
    learning_rate: float


class Watch:
    """Adds up losses and gradients of an epoch and ends the training when they explode."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._every = 1 if progress.vector.values.device.type == "cpu" else _UNWATCHED
        self._pending: list[tuple[Tensor | float, Tensor | float]] = []
        self._loss = self._norm = self._rate = 0.0
        self._steps = 0

    def see(self, loss: Tensor | float, norm: Tensor | float, rate: float) -> None:
        """Take a step's loss, gradient norm and learning rate; look at them now or a little later.

        Raises:
            TrialError: the training has diverged.
        """
        self._pending.append((loss, norm))
        self._rate = rate
        if len(self._pending) >= self._every:
            self._look()

    def measured(self) -> Measured:
        """Return the means, after a look at what is still pending.

        Raises:
            TrialError: the training has diverged.
        """
        self._look()
        steps = max(1, self._steps)
        return Measured(self._loss / steps, self._norm / steps, self._rate)

    def _look(self) -> None:
        for loss, norm in self._pending:
            lost, length = float(loss), float(norm)
            if not (math.isfinite(lost) and length < _EXPLODED):
                what = f"the loss was {lost:.3g} and the gradient's norm {length:.3g}"
                raise diverged(self._progress, what, self._rate)
            self._loss += lost
            self._norm += length
            self._steps += 1
        self._pending.clear()


def diverged(progress: Progress, what: str, rate: float) -> TrialError:
    """Return the failure of a training that went out of bounds, with what would be right."""
    message = (
        f"Training diverged in epoch {progress.epoch}, at step {progress.step + 1}: {what} at a "
        f"learning rate of {rate:.3g}. A lower learning rate (such as {rate / 10:.1g}) or gradient "
        "clipping (clip = 1) would keep it finite."
    )
    return TrialError(TrialFailure.NON_FINITE_LOSS, message)
