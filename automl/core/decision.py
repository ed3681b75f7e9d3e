"""What becomes of the members' mean: how sure the probabilities are, and which label they mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl.core.formula import most_probable
from automl.core.frame import Floats, Ints


@dataclass(frozen=True, slots=True)
class Decision:
    """The last two steps of a model of classes; by default both change nothing.

    ``temperature`` above 1 makes the probabilities less sure, below 1 surer. ``levels``, where
    there are any, sum to one: the label is the class whose probability is most above its level,
    as a ratio. Of two classes a level is the threshold of its class. ``factors``, where there are
    any, sum to one too: so the classes' probabilities are multiplied, behind the temperature.

    Reference:
        Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural Networks, 2017.
    """

    temperature: float = 1.0
    levels: tuple[float, ...] = ()
    factors: tuple[float, ...] = ()

    def probabilities(self, mean: Floats) -> Floats:
        """Return the probabilities, ``(rows, classes)``, for the members' mean."""
        if self.temperature == 1.0 and not self.factors:
            return mean
        powers = (mean / mean.sum(axis=1, keepdims=True)) ** (1.0 / self.temperature)
        if self.factors:
            powers = powers * np.array(self.factors)
        scaled: Floats = powers / powers.sum(axis=1, keepdims=True)
        return scaled

    def labels(self, probabilities: Floats) -> Ints:
        """Return the class of each row, ``(rows,)``; the first of equals."""
        if not self.levels:
            return most_probable(probabilities)
        return np.asarray(np.argmax(probabilities / np.array(self.levels), axis=1), np.int64)

    def threshold(self, positive: int) -> float:
        """Return the probability from which on one of two classes is said."""
        return self.levels[positive] if self.levels else 0.5


PLAIN = Decision()
"""The members' mean as it is, and its most probable class."""


def decision_from_json(data: Mapping[str, Any]) -> Decision:
    """Return a decision from its fields as JSON; models of before had none."""
    return Decision(
        data.get("temperature", 1.0), tuple(data.get("levels", ())), tuple(data.get("factors", ()))
    )
