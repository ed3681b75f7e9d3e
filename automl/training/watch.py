"""What an epoch's steps measured, and whether they still go somewhere."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
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

    def add(self, loss: float, norm: float, steps: int, rate: float) -> None:
        """Take sums over steps that others have looked at, and the last learning rate."""
        self._loss += loss
        self._norm += norm
        self._steps += steps
        self._rate = rate

    def out_of_bounds(self, loss: float, norm: float, rate: float) -> TrialError:
        """Return the failure of a step of that loss and gradient's norm."""
        what = f"the loss was {loss:.3g} and the gradient's norm {norm:.3g}"
        return diverged(self._progress, what, rate)

    def _look(self) -> None:
        for loss, norm in self._pending:
            lost, length = float(loss), float(norm)
            if not (math.isfinite(lost) and length < _EXPLODED):
                raise self.out_of_bounds(lost, length, self._rate)
            self._loss += lost
            self._norm += length
            self._steps += 1
        self._pending.clear()


class Watches:
    """What `Watch` does of one network, of lanes that step together: one that explodes is told."""

    def __init__(self, watches: Sequence[Watch], device: torch.device) -> None:
        self._watches = watches
        self._every = 1 if device.type == "cpu" else _UNWATCHED
        self._pending: list[Tensor] = []
        self._sums = np.zeros((2, len(watches)))
        self._rates = np.zeros(len(watches))
        self._steps = 0

    def see(
        self, lost: Tensor, norms: Tensor, rates: npt.NDArray[np.float64]
    ) -> dict[int, TrialError]:
        """Take a step's losses, norms and learning rates, ``(lanes,)``; return who has diverged."""
        self._pending.append(torch.stack([lost, norms]))
        self._rates = rates
        return self._look() if len(self._pending) >= self._every else {}

    def end(self) -> dict[int, TrialError]:
        """Leave the sums with the lanes' watches; return who has diverged in steps not yet seen."""
        found = self._look()
        sums = zip(self._watches, *self._sums.tolist(), self._rates.tolist(), strict=True)
        for watch, loss, norm, rate in sums:
            watch.add(loss, norm, self._steps, rate)
        return found

    def _look(self) -> dict[int, TrialError]:
        found: dict[int, TrialError] = {}
        if not self._pending:
            return found
        for step in torch.stack(self._pending).cpu().numpy():
            fine = np.isfinite(step[0]) & (step[1] < _EXPLODED)
            for place in [] if fine.all() else np.flatnonzero(~fine).tolist():
                rate = float(self._rates[place])
                loss, norm = step[:, place].tolist()
                failure = self._watches[place].out_of_bounds(loss, norm, rate)
                found.setdefault(place, failure)
            self._sums += step
            self._steps += 1
        self._pending.clear()
        return found


def diverged(progress: Progress, what: str, rate: float) -> TrialError:
    """Return the failure of a training that went out of bounds, with what would be right."""
    message = (
        f"Training diverged in epoch {progress.epoch}, at step {progress.step + 1}: {what} at a "
        f"learning rate of {rate:.3g}. A lower learning rate (such as {rate / 10:.1g}) or gradient "
        "clipping (clip = 1) would keep it finite."
    )
    return TrialError(TrialFailure.NON_FINITE_LOSS, message)
