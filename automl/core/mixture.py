"""How the answers of a model's members become one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats

FLOOR = 1e-4
"""Probabilities below it are taken for it: what a file and a trained member differ by, a ten
millionth, would be more of those than a model may differ by."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """Weights of some candidates, and what they are weights of.

    ``weights`` sum to one; where one is below zero it takes back what the others say too much. They
    are of the answers themselves, or where it is ``geometric`` of the logarithms of probabilities,
    whose weighted sum is made probabilities again, so that it cannot leave 0 to 1.
    """

    weights: tuple[float, ...]
    geometric: bool = False

    def of(self, answers: Sequence[npt.NDArray[np.floating[Any]]]) -> Floats:
        """Return what the candidates say together, ``(rows, outputs)``; one answer a weight."""
        mean = np.zeros(answers[0].shape)
        for weight, answer in zip(self.weights, answers, strict=True):
            if weight:
                mean += weight * linked(answer.astype(np.float64), geometric=self.geometric)
        return unlinked(mean, geometric=self.geometric)


def linked(answers: Floats, *, geometric: bool) -> Floats:
    """Return what is averaged of a member's answers."""
    return np.log(np.maximum(answers, FLOOR)) if geometric else answers


def unlinked(mean: Floats, *, geometric: bool) -> Floats:
    """Return the answers that an average stands for."""
    if not geometric:
        return mean
    powers = np.exp(mean - mean.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares
