"""How sure probabilities may be: one temperature, by the log loss of rows they were not fitted on.

Reference:
    Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural Networks, ICML 2017.
"""

import numpy as np

from automl.core.formula import EPSILON
from automl.core.frame import Floats, Ints

HOTTEST = 4.0
"""No temperature above it, and none below its inverse: what calls for more is another fault."""
_STEPS = 12
_NEAR = 1e-6
_DIGITS = 4


def temperature(truth: Ints, probabilities: Floats) -> float:
    """Return the temperature of the least log loss, to four digits.

    The loss is convex in 1 / temperature; its slope is followed by Newton's steps, which are kept
    between the bounds known so far.

    Args:
        truth: ``(rows,)`` class indices.
        probabilities: ``(rows, classes)``.
    """
    logs = np.log(np.maximum(probabilities, EPSILON))
    wanted = float(logs[np.arange(len(truth)), truth].mean())
    low, high, power = 1.0 / HOTTEST, HOTTEST, 1.0
    for _ in range(_STEPS):
        shares = np.exp(power * (logs - logs.max(axis=1, keepdims=True)))
        shares /= shares.sum(axis=1, keepdims=True)
        means = (shares * logs).sum(axis=1)
        slope = float(means.mean()) - wanted
        curvature = float(((shares * logs**2).sum(axis=1) - means**2).mean())
        low, high = (low, power) if slope > 0 else (power, high)
        step = power - slope / curvature if curvature > 0 else power
        before, power = power, step if low <= step <= high else (low + high) / 2
        if abs(power - before) < _NEAR:
            break
    return round(1.0 / power, _DIGITS)
