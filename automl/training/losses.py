"""Losses by task: what training makes small, and what becomes of a network's outputs."""

from collections.abc import Callable
from enum import StrEnum
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from automl.core.catalog import TaskType


class Loss(StrEnum):
    """What a network is trained to make small."""

    CROSS_ENTROPY = "cross_entropy"
    MSE = "mse"
    MAE = "mae"
    HUBER = "huber"
    """Squared up to one standard deviation of the target, absolute beyond."""


REGRESSION = (Loss.MSE, Loss.MAE, Loss.HUBER)


def measure(loss: Loss) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the function (outputs ``(rows, outputs)``, targets ``(rows,)``) → mean loss."""
    return _MEASURES[loss]


def training(
    loss: Loss, *, label_smoothing: float, weights: Tensor | None
) -> Callable[[Tensor, Tensor], Tensor]:
    """Return what steps make small: ``measure`` with even labels mixed in and classes weighted.

    Args:
        loss: Both matter for cross-entropy only.
        label_smoothing: Part of every label that is spread over all classes.
        weights: What each class counts, ``(classes,)``; None for all alike.
    """
    if loss is not Loss.CROSS_ENTROPY:
        return measure(loss)
    return partial(functional.cross_entropy, weight=weights, label_smoothing=label_smoothing)


def of_lanes(
    loss: Loss, *, label_smoothing: float | Tensor, weights: Tensor | None = None
) -> Callable[[Tensor, Tensor], Tensor]:
    """Return what `training` gives of each of several networks.

    It takes outputs ``(lanes, rows, outputs)`` and targets ``(lanes, rows)`` to ``(lanes,)``.

    Args:
        loss: Both matter for cross-entropy only.
        label_smoothing: One for all lanes, or one for each: ``(lanes, 1)``.
        weights: What each class counts in each lane, ``(lanes, classes)``; None for all alike.
    """
    if loss is not Loss.CROSS_ENTROPY:
        return partial(_means, _MEASURES[loss])
    if weights is not None or isinstance(label_smoothing, Tensor):
        return partial(_cross_entropies, smoothing=label_smoothing, weights=weights)
    return partial(_means, partial(functional.cross_entropy, label_smoothing=label_smoothing))


def _means(measure: Callable[..., Tensor], outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the mean of what is measured of each lane's rows."""
    found = measure(outputs.flatten(0, 1), targets.flatten(), reduction="none")
    return found.view(targets.shape).mean(dim=1)


def _cross_entropies(
    outputs: Tensor, targets: Tensor, *, smoothing: float | Tensor, weights: Tensor | None
) -> Tensor:
    """Return torch's cross-entropy of each lane, with smoothing and weights of its own."""
    against = -functional.log_softmax(outputs, dim=2)
    own = against.gather(2, targets.unsqueeze(2)).squeeze(2)
    if weights is None:
        return ((1.0 - smoothing) * own + smoothing * against.mean(dim=2)).mean(dim=1)
    each = weights.gather(1, targets)
    every = (against * weights.unsqueeze(1)).mean(dim=2)
    lost = (1.0 - smoothing) * own * each + smoothing * every
    return lost.sum(dim=1) / each.sum(dim=1)


def predictions(task: TaskType, outputs: Tensor) -> Tensor:
    """Return float64 class probabilities, or the values as they are: ``(rows, outputs)``.

    Softmax is taken in float64: in float32 confident rows would tie at 1 and cost ranking metrics.
    """
    if task is TaskType.CLASSIFICATION:
        return torch.softmax(outputs.double(), dim=1)
    return outputs.double()


def each(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return a row for every answer, where a network gives several: ``(answers, rows, outputs)``.

    The loss is then the mean over the answers' losses, not that of their mean.
    """
    if outputs.ndim == 2:
        return outputs, targets
    return outputs.flatten(0, 1), targets.repeat(len(outputs))


def _of_values(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda outputs, targets, **how: function(outputs.squeeze(1), targets, **how)


_MEASURES: dict[Loss, Callable[..., Tensor]] = {
    Loss.CROSS_ENTROPY: functional.cross_entropy,
    Loss.MSE: _of_values(functional.mse_loss),
    Loss.MAE: _of_values(functional.l1_loss),
    Loss.HUBER: _of_values(functional.huber_loss),
}
