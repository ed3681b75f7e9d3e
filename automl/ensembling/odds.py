"""How likely the second of two classes is: a straight line through what the log odds say.

A search for the best ROC AUC may end with members that rank well and hardly ever say the rarer
class, since only the order counts; a line moves and stretches their odds without changing it.

Reference:
    Platt, Probabilistic Outputs for Support Vector Machines, 1999; Lin, Lin and Weng, A Note on
    Platt's Probabilistic Outputs, 2007.
"""

import math

import numpy as np

from automl.core.decision import PLAIN, Decision
from automl.core.formula import EPSILON
from automl.core.frame import Floats, Ints

STEEPEST = 16.0
"""No line steeper, and none flatter than its inverse: what calls for more is another fault."""
_STEPS = 50
_NEAR = 1e-9
_DIGITS = 6


def odds(truth: Ints, probabilities: Floats) -> Decision:
    """Return the line of the least log loss as a temperature and factors, to six digits.

    Each class counts one row more than it has, seen on the other side, so that rows which a line
    parts without a mistake do not make it endlessly steep.

    Args:
        truth: ``(rows,)``, 0 or 1.
        probabilities: ``(rows, 2)``.
    """
    logs = np.log(np.maximum(probabilities, EPSILON))
    x = logs[:, 1] - logs[:, 0]
    ones = int(truth.sum())
    wanted = np.where(truth == 1, (ones + 1) / (ones + 2), 1 / (len(truth) - ones + 2))
    slope, offset = _line(x, wanted)
    if not 1.0 / STEEPEST <= slope <= STEEPEST:
        return PLAIN
    share = 1.0 / (1.0 + math.exp(-offset))
    factors = (round(1.0 - share, _DIGITS), round(share, _DIGITS))
    return Decision(round(1.0 / slope, _DIGITS), factors=factors) if min(factors) > 0 else PLAIN


def _line(x: Floats, wanted: Floats) -> tuple[float, float]:
    """Return slope and offset of the least cross-entropy, by damped Newton steps."""
    place = np.array([1.0, 0.0])
    loss = _loss(x, wanted, place)
    for _ in range(_STEPS):
        share = 1.0 / (1.0 + np.exp(-np.clip(place[0] * x + place[1], -500, 500)))
        off, weight = share - wanted, np.maximum(share * (1.0 - share), EPSILON)
        gradient = np.array([(off * x).sum(), off.sum()])
        hessian = np.array(
            [[(weight * x * x).sum(), (weight * x).sum()], [(weight * x).sum(), weight.sum()]]
        )
        step = np.linalg.solve(hessian + 1e-9 * np.trace(hessian) * np.eye(2), gradient)
        while True:
            moved = place - step
            after = _loss(x, wanted, moved)
            if after <= loss or np.abs(step).max() < _NEAR:
                break
            step = step / 2
        done = loss - after < _NEAR * len(x)
        place, loss = moved, after
        if done:
            break
    return float(place[0]), float(place[1])


def _loss(x: Floats, wanted: Floats, place: Floats) -> float:
    z = place[0] * x + place[1]
    return float((np.logaddexp(0.0, z) - wanted * z).sum())
