"""A step away from a known candidate: most of what made it good is kept.

A family's first candidates lie around its best one, at first its defaults, which were measured; a
random draw from a space of twenty dimensions is seldom worth its seconds (Wu et al.: Frugal
Optimization for Cost-related Hyperparameters, AAAI 2021).
"""

import math

import numpy as np

from automl.core.hyperparameter import Hyperparameter, Params, Space, Value

CHANGED = 0.25
"""The share of the open dimensions that a step changes, at least two where there are two."""

SPREAD = 0.2
"""Standard deviation of a step along a range, as a share of the range."""


def near(space: Space, center: Params, random: np.random.Generator) -> dict[str, Value]:
    """Return ``center`` with some dimensions changed, conditions respected."""
    stepping = _stepping(space, center, random)
    params: dict[str, Value] = {}
    for item in space:
        if item.active(params):
            known = center.get(item.name, item.default)
            params[item.name] = _step(item, known, random) if item.name in stepping else known
    return params


def _stepping(space: Space, center: Params, random: np.random.Generator) -> frozenset[str]:
    """Return the names of the dimensions to change, of those that matter for the center."""
    names = [item.name for item in space if item.name in center and _open(item)]
    count = min(len(names), max(2, round(CHANGED * len(names))))
    return frozenset(random.choice(names, count, replace=False).tolist()) if names else frozenset()


def _open(item: Hyperparameter) -> bool:
    return len(item.choices) > 1 if item.choices is not None else item.low != item.high


def _step(item: Hyperparameter, value: Value, random: np.random.Generator) -> Value:
    if item.choices is not None:
        others = [choice for choice in item.choices if choice != value]
        return others[int(random.integers(len(others)))]
    if item.low is None or item.high is None:
        raise ValueError(f"hyperparameter {item.name} has neither choices nor a range")
    low, high = _scale(item, item.low), _scale(item, item.high)
    moved = _scale(item, float(value)) + float(random.normal(0.0, SPREAD)) * (high - low)
    return _valid(item, moved if low <= moved <= high else float(random.uniform(low, high)), value)


def _scale(item: Hyperparameter, value: float) -> float:
    return math.log(value) if item.log else float(value)


def _valid(item: Hyperparameter, scaled: float, before: Value) -> Value:
    """Return the value on the dimension's own scale and grid, other than before where it can be."""
    low, high = float(item.low or 0.0), float(item.high or 0.0)
    value = min(high, max(low, math.exp(scaled) if item.log else scaled))
    step = float(item.step or 0.0) or (1.0 if item.type == "int" else 0.0)
    if step:
        value = low + step * round((value - low) / step)
        value = value if value <= high else value - step
        if value == before:
            value = value + step if value + step <= high else value - step
    return int(value) if item.type == "int" else value
