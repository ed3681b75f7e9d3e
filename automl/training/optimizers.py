"""Optimizers as functions over one vector of weights.

All of a network's parameters lie in one vector (`automl.training.vector`), so an update is a
handful of vector operations whatever the number of layers: on small networks that is faster than
fused or foreach torch optimizers, a checkpoint of an optimizer is a few arrays, and several
networks can later be rows of a matrix. The arithmetic is that of ``torch.optim``, which tests pin.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor


class Optimizer(StrEnum):
    """How gradients move the weights."""

    SGD = "sgd"
    RMSPROP = "rmsprop"
    ADAM = "adam"
    ADAMW = "adamw"


Moments = dict[str, Tensor]
"""An optimizer's memory by name, each of the weights' shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What an update is given beside weights, gradient and moments; ``number`` counts from 1."""

    number: int
    learning_rate: float
    momentum: float
    nesterov: bool
    beta2: float = 0.999
    """How slowly Adam forgets squared gradients."""
    rates: Tensor | None = None
    """How many times as far as by the learning rate Adam moves each number."""


_BETA1 = 0.9
_ALPHA = 0.99
"""How slowly RMSprop forgets squared gradients."""
_EPSILON = 1e-8

_MOMENTS = {
    Optimizer.SGD: ("momentum",),
    Optimizer.RMSPROP: ("square", "momentum"),
    Optimizer.ADAM: ("mean", "square"),
    Optimizer.ADAMW: ("mean", "square"),
}


def moments(optimizer: Optimizer, weights: Tensor) -> Moments:
    """Return the memory that ``optimizer`` starts with."""
    return {name: torch.zeros_like(weights) for name in _MOMENTS[optimizer]}


def update(
    optimizer: Optimizer, weights: Tensor, gradient: Tensor, memory: Moments, step: Step
) -> None:
    """Move ``weights`` by one step, in place; ``gradient`` is used up."""
    _UPDATES[optimizer](weights, gradient, memory, step)


def penalize(
    optimizer: Optimizer,
    weights: Tensor,
    gradient: Tensor,
    *,
    l1: float,
    l2: float,
    learning_rate: float,
) -> None:
    """Pull ``weights`` towards zero, in place: through the gradient; AdamW's l2 on the weights.

    Reference: Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization".
    """
    if l1:
        gradient.add_(weights.sign(), alpha=l1)
    if l2 and optimizer is Optimizer.ADAMW:
        weights.mul_(1.0 - learning_rate * l2)
    elif l2:
        gradient.add_(weights, alpha=l2)


def _sgd(weights: Tensor, gradient: Tensor, memory: Moments, step: Step) -> None:
    momentum = memory["momentum"].mul_(step.momentum).add_(gradient)
    direction = gradient.add_(momentum, alpha=step.momentum) if step.nesterov else momentum
    weights.add_(direction, alpha=-step.learning_rate)


def _rmsprop(weights: Tensor, gradient: Tensor, memory: Moments, step: Step) -> None:
    square = memory["square"].mul_(_ALPHA).addcmul_(gradient, gradient, value=1.0 - _ALPHA)
    momentum = memory["momentum"].mul_(step.momentum)
    momentum.addcdiv_(gradient, torch.sqrt(square).add_(_EPSILON))
    weights.add_(momentum, alpha=-step.learning_rate)


def _adam(weights: Tensor, gradient: Tensor, memory: Moments, step: Step) -> None:
    mean = memory["mean"].lerp_(gradient, 1.0 - _BETA1)
    square = memory["square"].mul_(step.beta2).addcmul_(gradient, gradient, value=1.0 - step.beta2)
    correction = (1.0 - step.beta2**step.number) ** 0.5
    scale = torch.sqrt(square, out=gradient).add_(_EPSILON * correction)
    if step.rates is not None:
        scale.div_(step.rates)
    rate = step.learning_rate * correction / (1.0 - _BETA1**step.number)
    weights.addcdiv_(mean, scale, value=-rate)


_UPDATES: dict[Optimizer, Callable[[Tensor, Tensor, Moments, Step], None]] = {
    Optimizer.SGD: _sgd,
    Optimizer.RMSPROP: _rmsprop,
    Optimizer.ADAM: _adam,
    Optimizer.ADAMW: _adam,
}
