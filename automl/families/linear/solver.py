"""How the weights are found: quasi-Newton with L2, an accelerated proximal method with L1.

Both start from a bound on the second derivatives: the outer products of the rows times the loss's
largest curvature. For the squared error it is exact; with a warm start a path of strengths needs
only a few passes over the rows each.

Reference: Nocedal & Wright, Numerical Optimization, 2006, algorithm 7.4; Beck & Teboulle, FISTA,
2009, with the restarts of O'Donoghue & Candès, 2015.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from automl.core.frame import Floats
from automl.families.linear.problem import Loss, Rows

_MEMORY = 10
_GRAM_WORK = 2e10  # rows × features²: above, the diagonal of the bound has to do
_HALVINGS = 30
_INNER, _INNER_TOLERANCE = 60, 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """The loss of some rows plus ``l2`` × half the squares and ``l1`` × the sizes of the weights.

    The intercept is free. ``bound`` is `bound_of` the rows; ``tick`` is called before each pass.
    """

    rows: Rows
    loss: Loss
    bound: Floats
    l2: float
    l1: float
    tick: Callable[[], None]

    def measure(self, weights: Floats, scores: Floats) -> tuple[float, Floats]:
        """Return what is minimized, at weights with these scores, and the slopes by the scores."""
        loss, slopes = self.loss.measure(scores, self.rows.y)
        inner = weights[:-1]
        penalty = 0.5 * self.l2 * (inner**2).sum() + self.l1 * np.abs(inner).sum()
        return loss + float(penalty), slopes

    def gradient(self, weights: Floats, slopes: Floats) -> Floats:
        """Return the gradient of all but the L1 part."""
        gradient = self.rows.gather(slopes)
        gradient[:-1] += self.l2 * weights[:-1]
        return gradient

    def ridge(self) -> Floats:
        """Return what the penalty adds to the diagonal of the second derivatives."""
        return np.append(np.full(self.rows.x.shape[1], self.l2), 0.0)


def bound_of(rows: Rows, loss: Loss) -> Floats:
    """Return the bound on the second derivatives: a matrix, or a diagonal if that is too much."""
    affordable = len(rows.y) * rows.x.shape[1] ** 2 <= _GRAM_WORK
    return loss.curvature * (rows.gram() if affordable else rows.diagonal())


def minimize(problem: Problem, weights: Floats, *, passes: int, tolerance: float) -> Floats:
    """Return the best weights found from ``weights`` on.

    Args:
        problem: what to minimize.
        weights: where to start.
        passes: most passes over the rows.
        tolerance: gain of a pass, as a share of the value, that is too small to go on.
    """
    if problem.l1 > 0:
        return _proximal(problem, weights, passes, tolerance)
    return _quasi_newton(problem, weights, passes, tolerance)


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """A step and the change of the gradient along it."""

    step: Floats
    change: Floats
    product: float
    scale: float
    """How far below the bound the second derivatives were along the step."""


def _quasi_newton(problem: Problem, weights: Floats, passes: int, tolerance: float) -> Floats:
    """Limited-memory BFGS whose first guess of the second derivatives is the bound."""
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
        for halving in range(_HALVINGS):
            size = 0.5**halving
            new, slopes = problem.measure(weights + size * direction, scores + size * along)
            if new <= value + 1e-4 * size * descent:
                break
        else:
            break  # as exact as float64 can be
        step, value = size * direction, new
        weights, scores = weights + step, scores + size * along
        before, gradient = gradient, problem.gradient(weights, slopes)
        pairs.append(_pair(step, gradient - before, solve))
    return weights


def _pair(step: Floats, change: Floats, solve: Callable[[Floats], Floats]) -> _Pair:
    product = float(np.vdot(step, change))
    return _Pair(step, change, product, product / float(np.vdot(change, solve(change))))


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
        diagonal = (bound + ridge + _jitter(bound))[:, None]
        return lambda gradient: gradient / diagonal
    factor = cho_factor(bound + np.diag(ridge + _jitter(bound)), lower=True)
    return lambda gradient: cho_solve(factor, gradient, check_finite=False)


def _jitter(bound: Floats) -> float:
    """Return what makes collinear and constant columns harmless; the largest entry counts."""
    return 1e-10 * float(np.abs(bound).max()) * len(bound) + 1e-300


def _proximal(problem: Problem, weights: Floats, passes: int, tolerance: float) -> Floats:
    """FISTA in the metric of the bound, so that it converges nearly as fast as Newton's method."""
    scores = problem.rows.scores(weights)
    value, _ = problem.measure(weights, scores)
    point, point_scores, momentum = weights, scores, 1.0
    for _ in range(passes):
        problem.tick()
        _, slopes = problem.measure(point, point_scores)
        new = _nearest(problem, point, problem.gradient(point, slopes))
        new_scores = problem.rows.scores(new)
        new_value, _ = problem.measure(new, new_scores)
        gain = value - new_value
        if gain < 0 and momentum > 1.0:  # overshot: restart from the last good weights
            point, point_scores, momentum = weights, scores, 1.0
            continue
        if gain <= 0:
            break
        following = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        push = (momentum - 1.0) / following
        point = new + push * (new - weights)
        point_scores = new_scores + push * (new_scores - scores)
        weights, scores, value, momentum = new, new_scores, new_value, following
        if gain < tolerance * max(value, 1e-3):
            break
    return weights


def _nearest(problem: Problem, start: Floats, gradient: Floats) -> Floats:
    """Return what minimizes the quadratic model around ``start`` plus the L1 penalty."""
    bound, ridge = problem.bound, problem.ridge()
    diagonal = (bound if bound.ndim == 1 else np.abs(bound).sum(axis=1)) + ridge
    sizes = 1.0 / (diagonal + _jitter(bound))[:, None]
    cut = problem.l1 * sizes
    cut[-1] = 0.0
    weights, point, momentum = start, start, 1.0
    for _ in range(1 if bound.ndim == 1 else _INNER):
        move = point - start
        slope = gradient + ridge[:, None] * move
        slope += bound[:, None] * move if bound.ndim == 1 else bound @ move
        raw = point - sizes * slope
        new = np.sign(raw) * np.maximum(np.abs(raw) - cut, 0.0)
        step = new - weights
        if np.abs(step).max() < _INNER_TOLERANCE:
            return new
        if np.vdot(point - new, step) > 0:  # moving back: restart the momentum
            momentum = 1.0
        following = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        point = new + (momentum - 1.0) / following * step
        weights, momentum = new, following
    return weights
