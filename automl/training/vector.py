"""A network's parameters as one vector.

An update of small layers is bound by the number of calls, not by arithmetic. With all parameters
and all gradients in one vector each, an optimizer's step, the gradient's norm, a snapshot of the
best weights and a checkpoint are single operations.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from automl.core.learner import RATE

_ALIGNMENT = 16
"""Parameters start at multiples of 64 bytes: matrix products are then as fast as on their own,
and equal in every bit wherever the vector lies."""


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """``values`` and ``gradient`` hold what the network's parameters show, in place.

    The first ``matrices`` numbers are those of weight matrices, which penalties apply to; biases
    and normalization come after them.
    """

    values: Tensor
    gradient: Tensor
    matrices: int
    rates: Tensor | None = None
    """How many times as fast as others each number is to move, where that is not always once."""


def flatten(network: nn.Module) -> Vector:
    """Move the parameters of ``network`` into one vector and return it."""
    every = list(network.parameters())
    matrices = [parameter for parameter in every if parameter.ndim > 1]
    length, boundary = _length(every), _length(matrices)
    values = torch.zeros(length, device=every[0].device)
    gradient, rates = torch.zeros_like(values), torch.ones_like(values)
    for parameter, part in places(network):
        values[part] = parameter.detach().flatten()
        rates[part] = getattr(parameter, RATE, 1.0)
    show(network, values, gradient)
    same = bool((rates == 1.0).all())
    return Vector(values, gradient, boundary, None if same else rates)


def show(network: nn.Module, values: Tensor, gradient: Tensor) -> None:
    """Let the parameters of ``network`` show numbers that lie as `flatten` laid its own."""
    for parameter, part in places(network):
        parameter.data = values[part].view(parameter.shape)
        parameter.grad = gradient[part].view(parameter.shape)


def places(network: nn.Module) -> list[tuple[nn.Parameter, slice]]:
    """Return where each parameter of ``network`` lies in its vector."""
    every = list(network.parameters())
    matrices = [parameter for parameter in every if parameter.ndim > 1]
    others = [parameter for parameter in every if parameter.ndim <= 1]
    found, start = [], 0
    for parameter in matrices + others:
        found.append((parameter, slice(start, start + parameter.numel())))
        start += _padded(parameter)
    return found


def _length(parameters: list[nn.Parameter]) -> int:
    return sum(map(_padded, parameters))


def _padded(parameter: nn.Parameter) -> int:
    return -(-parameter.numel() // _ALIGNMENT) * _ALIGNMENT
