"""Weights under an L2 penalty: limited-memory BFGS that starts from a bound on the curvature.

The bound is the outer products of the rows times the loss's largest curvature. For the squared
error it is exact; with a warm start a path of strengths needs only a few passes over the rows each.

Reference: Nocedal & Wright, Numerical Optimization, 2006, algorithm 7.4.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from automl.core.frame import Floats
from automl.families.linear.problem import Problem, jitter

_MEMORY = 10
_SIZES = tuple(0.5**halving for halving in range(30))


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """A step and the change of the gradient along it."""

    step: Floats
    change: Floats
    product: float
    scale: float
    """How far below the bound the second derivatives were along the step."""


def quasi_newton(problem: Problem, weights: Floats, *, passes: int, tolerance: float) -> Floats:
    """Return better weights than those given.

    Args:
        problem: without L1.
        weights: where to start.
        passes: most passes over the rows.
        tolerance: expected gain of a pass, as a share of the value, that is too small to go on.
    """
    solve = _inverse(problem.bound, problem.ridge())
    pairs: deque[_Pair] = deque(maxlen=_MEMORY)
    scores = problem.rows.scores(weights)
    value, slopes = problem.measure(weights, scores)
    gradient = problem.gradient(weights, slopes)
    for _ in range(passes):
        problem.tick()
        direction = -_two_loops(gradient, pairs, solve)
        descent = float(np.vdot(gradient, direction))
        if -descent < tolerance * max(value, 1e-3):
            break
        along = problem.rows.scores(direction)
        for size in _SIZES:
            step = size * direction
            new, slopes = problem.measure(weights + step, scores + size * along)
            if new <= value + 1e-4 * size * descent:
                break
        else:
            break  # as exact as float64 can be
        value, weights, scores = new, weights + step, scores + size * along
        before, gradient = gradient, problem.gradient(weights, slopes)
        _remember(pairs, step, gradient - before, solve)
    return weights


def _remember(
    pairs: deque[_Pair], step: Floats, change: Floats, solve: Callable[[Floats], Floats]
) -> None:
    product, length = float(np.vdot(step, change)), float(np.vdot(change, solve(change)))
    if product > 0 and length > 0:  # else too small a step to learn from
        pairs.append(_Pair(step, change, product, product / length))


def _two_loops(
    gradient: Floats, pairs: Sequence[_Pair], solve: Callable[[Floats], Floats]
) -> Floats:
    """Return the inverse second derivatives, as known from the ``pairs``, times ``gradient``."""
    result, shares = gradient, []
    for pair in reversed(pairs):
        shares.append(np.vdot(pair.step, result) / pair.product)
        result = result - shares[-1] * pair.change
    result = solve(result)
    if pairs:
        result = result * pairs[-1].scale
    for pair, share in zip(pairs, reversed(shares), strict=True):
        result = result + (share - np.vdot(pair.change, result) / pair.product) * pair.step
    return result


def _inverse(bound: Floats, ridge: Floats) -> Callable[[Floats], Floats]:
    """Return the solver of (bound + diag(``ridge``)) · v = g for v."""
    if bound.ndim == 1:
        diagonal = (bound + ridge + jitter(bound))[:, None]
        return lambda gradient: gradient / diagonal
    factor = cho_factor(bound + np.diag(ridge + jitter(bound)), lower=True)
    return lambda gradient: cho_solve(factor, gradient, check_finite=False)
