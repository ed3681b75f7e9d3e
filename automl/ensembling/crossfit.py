"""An estimate of an ensemble from the rows its weights were chosen on, without flattery."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats


def crossfit(
    predictions: Sequence[Floats],
    parts: Sequence[npt.NDArray[np.intp]],
    choose: Callable[[Sequence[Floats], npt.NDArray[np.intp]], Sequence[float]],
) -> Floats:
    """Return out-of-fold predictions of the whole procedure, weights included.

    The rows of each part are predicted by the weights that ``choose(predictions, rows)`` picks on
    the rows of all other parts. With a single part the weights are chosen on it itself.

    Args:
        predictions: the candidates' out-of-fold predictions, each ``(rows, outputs)``.
        parts: row indices; together every row once.
        choose: picks weights for candidates, given rows to judge them on.
    """
    result = np.zeros_like(predictions[0])
    for part in parts:
        others = np.setdiff1d(np.arange(len(result)), part)
        chosen_on = others if len(others) else part
        weights = choose([p[chosen_on] for p in predictions], chosen_on)
        for weight, prediction in zip(weights, predictions, strict=True):
            result[part] += weight * prediction[part]
    return result
