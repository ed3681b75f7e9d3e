"""Optimizers as functions over one vector of weights.

All of a network's parameters lie in one vector (`automl.training.vector`), so an update is a
handful of vector operations whatever the number of layers: on small networks that is faster than
fused or foreach torch optimizers, a checkpoint of an optimizer is a few arrays, and several
networks can be rows of a matrix, each moved as its own candidate says. The arithmetic is that of
``torch.optim``, which tests pin.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, TypeVar, assert_never

import numpy as np
import numpy.typing as npt
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

Number: TypeAlias = float | Tensor
"""One for all weights, or where networks are rows of a matrix one for each of them: ``(lanes, 1)``.
Tensors cost another pass over the weights here and there, so equal ones are better one float."""

Real = TypeVar("Real", float, npt.NDArray[np.float64])

_BETA1 = 0.9
_ALPHA = 0.99
"""How slowly RMSprop forgets squared gradients."""
_EPSILON = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What weights are moved by, beside gradient and moments."""

    rate: Number
    """What `unbiased` makes of the learning rate, as of ``epsilon``."""
    epsilon: Number = _EPSILON
    momentum: Number = 0.0
    nesterov: bool = False
    beta2: Number = 0.999
    """How slowly Adam forgets squared gradients."""
    fresh: Number = 1.0 - 0.999
    """What is left of 1 without it."""
    l1: Number = 0.0
    """How strongly weights are pulled towards zero through the gradient: by their sign, by size."""
    l2: Number = 0.0
    shrink: Number = 1.0
    """What they are multiplied by besides: the weight decay of AdamW."""
    clip: Number = 0.0
    """Largest norm of the gradient; 0, or infinity in a tensor, for any."""


_MOMENTS = {
    Optimizer.SGD: ("momentum",),
    Optimizer.RMSPROP: ("square", "momentum"),
    Optimizer.ADAM: ("mean", "square"),
    Optimizer.ADAMW: ("mean", "square"),
}


def moments(optimizer: Optimizer, weights: Tensor) -> Moments:
    """Return the memory that ``optimizer`` starts with."""
    return {name: torch.zeros_like(weights) for name in _MOMENTS[optimizer]}


def unbiased(
    optimizer: Optimizer, learning_rate: Real, *, number: Real, beta2: Real
) -> tuple[Real, Real]:
    """Return rate and epsilon of the step of that ``number``, from 1.

    Adam's young moments are too small; so are its rate and epsilon where they are taken as they
    are. Those of the others stay.
    """
    if optimizer is not Optimizer.ADAM and optimizer is not Optimizer.ADAMW:
        return learning_rate, 0.0 * learning_rate + _EPSILON
    correction = (1.0 - beta2**number) ** 0.5
    return learning_rate * correction / (1.0 - _BETA1**number), _EPSILON * correction


def clip(gradient: Tensor, norm: Tensor, step: Step) -> None:
    """Shorten the ``gradient`` of that norm, or those of lanes ``(lanes, 1)``, in place."""
    if _given(step.clip):
        gradient.mul_(((norm + 1e-12).reciprocal() * step.clip).clamp(max=1.0))


def decay(optimizer: Optimizer, learning_rate: Real, l2: Real) -> tuple[Real, Real]:
    """Return which part of ``l2`` pulls through the gradient, and what weights are multiplied by.

    Reference: Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization".
    """
    if optimizer is Optimizer.ADAMW:
        return 0.0 * l2, 1.0 - learning_rate * l2
    return l2, 0.0 * l2 + 1.0


def penalize(weights: Tensor, gradient: Tensor, step: Step) -> None:
    """Pull ``weights`` towards zero, in place: through the gradient and directly."""
    if _given(step.l1):
        _add(gradient, weights.sign(), step.l1)
    if isinstance(step.shrink, Tensor) or step.shrink != 1.0:
        weights.mul_(step.shrink)
    if _given(step.l2):
        _add(gradient, weights, step.l2)


def update(
    optimizer: Optimizer,
    weights: Tensor,
    gradient: Tensor,
    memory: Moments,
    step: Step,
    *,
    rates: Tensor | None = None,
) -> None:
    """Move ``weights`` by one step, in place; ``gradient`` is used up.

    ``rates`` says how many times as far as others Adam moves each number.
    """
    match optimizer:
        case Optimizer.SGD:
            _sgd(weights, gradient, memory, step)
        case Optimizer.RMSPROP:
            _rmsprop(weights, gradient, memory, step)
        case Optimizer.ADAM | Optimizer.ADAMW:
            _adam(weights, gradient, memory, step, rates)
        case _:
            assert_never(optimizer)


def _sgd(weights: Tensor, gradient: Tensor, memory: Moments, step: Step) -> None:
    momentum = memory["momentum"].mul_(step.momentum).add_(gradient)
    direction = _add(gradient, momentum, step.momentum) if step.nesterov else momentum
    _add(weights, direction, -step.rate)


def _rmsprop(weights: Tensor, gradient: Tensor, memory: Moments, step: Step) -> None:
    square = memory["square"].mul_(_ALPHA).addcmul_(gradient, gradient, value=1.0 - _ALPHA)
    momentum = memory["momentum"].mul_(step.momentum)
    momentum.addcdiv_(gradient, torch.sqrt(square).add_(_EPSILON))
    _add(weights, momentum, -step.rate)


def _adam(
    weights: Tensor, gradient: Tensor, memory: Moments, step: Step, rates: Tensor | None
) -> None:
    mean = memory["mean"].lerp_(gradient, 1.0 - _BETA1)
    square = memory["square"].mul_(step.beta2)
    if isinstance(step.fresh, Tensor):
        square.addcmul_(gradient * step.fresh, gradient)
    else:
        square.addcmul_(gradient, gradient, value=step.fresh)
    scale = torch.sqrt(square, out=gradient).add_(step.epsilon)
    if rates is not None:
        scale.div_(rates)
    if isinstance(step.rate, Tensor):
        weights.addcmul_(torch.div(mean, scale, out=scale), -step.rate)
    else:
        weights.addcdiv_(mean, scale, value=-step.rate)


def _given(number: Number) -> bool:
    return isinstance(number, Tensor) or number != 0.0


def _add(target: Tensor, other: Tensor, times: Number) -> Tensor:
    """Return ``target`` with so many times ``other`` added, in place."""
    if isinstance(times, Tensor):
        return target.addcmul_(other, times)
    return target.add_(other, alpha=times)
