"""Images small at first: the first half of a training sees them at a part of their sides.

A step then costs about the square of that part, so that more of them fit into the same time; what
a convolution learns of small images mostly holds of large ones, and the second half, in which the
learning rate falls, learns the rest. It is a function of the step and the plan alone, so a resumed
training goes on as an undisturbed one.

References:
    Howard 2018, in Coleman et al., "Analysis of DAWNBench" (progressive resizing).
    Tan and Le 2021, "EfficientNetV2: Smaller Models and Faster Training", section 4.
"""

import math
from dataclasses import dataclass
from typing import Self

from torch import Tensor
from torch.nn import functional

from automl.core.hyperparameter import Params
from automl.core.learner import Layout

_FIRST = 0.5
"""Of the planned steps so many see small images."""

_FEWEST_PLACES = 32
"""Along a side; smaller images stay whole. In equal seconds half of the sides at first won on
photos of 32 × 32 and lost on clothes of 28 × 28, where three quarters were as good as all."""

_ALWAYS = 0.15
"""What a step costs however small its images are, of what it costs with whole ones."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """``part`` of each side while images are small; 1: they never are."""

    part: float = 1.0

    @classmethod
    def read(cls, params: Params, layout: Layout) -> Self:
        """Return what ``params`` say; images too small for it, or for the network, stay whole."""
        part, side = float(params.get("resolution", 1.0)), min(layout.shape[1:], default=0)
        halvings = int(params.get("layers", 0)) + (params.get("stride") == 2)
        fits = side >= _FEWEST_PLACES and _smaller(side, part) >= 2**halvings
        return cls(part if fits else 1.0)

    def seen(self, x: Tensor, step: int, steps: int) -> Tensor:
        """Return images ``(rows, channels, height, width)`` as that step of the plan sees them."""
        if self.part == 1.0 or step >= _first(steps):
            return x
        sides = [_smaller(side, self.part) for side in x.shape[2:]]
        return functional.interpolate(x.float(), size=sides, mode="bilinear", antialias=True)

    def work(self, step: int, steps: int) -> float:
        """Return how many steps with whole images cost as much as the rest of the plan."""
        spared = (1.0 - _ALWAYS) * (1.0 - self.part**2)
        return steps - step - spared * max(0, _first(steps) - step)


WHOLE = Resolution()


def _first(steps: int) -> int:
    return math.ceil(_FIRST * steps)


def _smaller(side: int, part: float) -> int:
    return round(part * side)
