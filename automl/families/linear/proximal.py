"""Weights under an L1 penalty, alone or with L2: an accelerated proximal method.

It works in the metric of the bound on the curvature, as far scaled down as the loss allows, so that
it converges nearly as fast as Newton's method.

Reference: Beck & Teboulle, FISTA, 2009, with the restarts of O'Donoghue & Candès, 2015; Lee, Sun &
Saunders, Proximal Newton-type methods, 2014.
"""

from dataclasses import dataclass, replace

import numpy as np

from automl.core.frame import Floats
from automl.families.linear.problem import Problem, jitter

_INNER, _INNER_TOLERANCE = 60, 1e-6
_SMALLEST_SCALE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """Weights and the scores they give."""

    weights: Floats
    scores: Floats

    def beyond(self, last: "_Place", push: float) -> "_Place":
        """Return the place further along the way from ``last``: no pass over the rows is needed."""
        return _Place(
            self.weights + push * (self.weights - last.weights),
            self.scores + push * (self.scores - last.scores),
        )


def proximal(problem: Problem, weights: Floats, *, passes: int, tolerance: float) -> Floats:
    """Return better weights than those given; see `quasi_newton` for the arguments."""
    best = point = _Place(weights, problem.rows.scores(weights))
    value, _ = problem.measure(best.weights, best.scores)
    momentum = scale = 1.0
    for _ in range(passes):
        problem.tick()
        new, predicted = _step(replace(problem, bound=scale * problem.bound), point)
        new_value, _ = problem.measure(new.weights, new.scores)
        if scale < 1.0 and new_value > predicted:
            scale = min(1.0, 4.0 * scale)
            continue
        scale = max(_SMALLEST_SCALE, 0.7 * scale)
        if new_value > value and momentum > 1.0:  # overshot: restart from the best
            point, momentum = best, 1.0
            continue
        gain = value - new_value
        if gain <= 0:
            break
        following = _next(momentum)
        point = new.beyond(best, (momentum - 1.0) / following)
        best, value, momentum = new, new_value, following
        if gain < tolerance * max(value, 1e-3):
            break
    return best.weights


def _step(model: Problem, point: _Place) -> tuple[_Place, float]:
    """Return what minimizes the quadratic model around ``point``, and the value it predicts."""
    height, slopes = model.measure(point.weights, point.scores)
    gradient = model.gradient(point.weights, slopes)
    weights = _nearest(model, point.weights, gradient)
    move = weights - point.weights
    smooth = float(np.vdot(gradient + 0.5 * _curved(model, move), move))
    sizes = float((np.abs(weights[:-1]) - np.abs(point.weights[:-1])).sum())
    place = _Place(weights, model.rows.scores(weights))
    return place, height + smooth + model.l1 * sizes


def _nearest(problem: Problem, start: Floats, gradient: Floats) -> Floats:
    """Return what minimizes the quadratic model around ``start`` plus the L1 penalty."""
    bound = problem.bound
    sizes = 1.0 / (_diagonal(bound) + problem.ridge() + jitter(bound))[:, None]
    cut = problem.l1 * sizes
    cut[-1] = 0.0
    weights, point, momentum = start, start, 1.0
    for _ in range(1 if bound.ndim == 1 else _INNER):  # a diagonal needs one step
        raw = point - sizes * (gradient + _curved(problem, point - start))
        new = np.sign(raw) * np.maximum(np.abs(raw) - cut, 0.0)
        step = new - weights
        if np.abs(step).max() < _INNER_TOLERANCE:
            return new
        if np.vdot(point - new, step) > 0:  # going back: restart
            momentum = 1.0
        following = _next(momentum)
        point = new + (momentum - 1.0) / following * step
        weights, momentum = new, following
    return weights


def _diagonal(bound: Floats) -> Floats:
    """Return a diagonal above the bound; the units of the columns do not matter."""
    if bound.ndim == 1:
        return bound
    units = np.sqrt(np.diag(bound) + jitter(bound))
    return np.asarray(units * (np.abs(bound) @ (1.0 / units)))


def _curved(problem: Problem, move: Floats) -> Floats:
    """Return the model's second derivatives times ``move``."""
    bound = problem.bound
    result: Floats = bound[:, None] * move if bound.ndim == 1 else bound @ move
    return result + problem.ridge()[:, None] * move


def _next(momentum: float) -> float:
    return float((1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0)
