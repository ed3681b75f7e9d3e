"""Parzen estimators over hyperparameters, for all kernels and axes of a group at once.

An estimator is a mixture: a kernel around each observation, and a broad one over the whole range.
A kernel is a product over the axes: of truncated normal densities where an axis is a range, of the
probability of a step where it has steps, of choices' probabilities elsewhere. The formulas, and the
order in which random numbers are drawn, are those of Optuna's TPE sampler.

Reference:
    Bergstra et al.: Algorithms for Hyper-Parameter Optimization, NeurIPS 2011.
    Watanabe: Tree-Structured Parzen Estimator, arXiv 2304.11127.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from automl.core.hyperparameter import Hyperparameter

Floats: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.int64]

NEWEST = 25
"""So many of the newest observations have full weight; before them it falls to 1 / n."""

REACH = 8.5
"""So many widths from its middle a normal has less than a float can take from 1."""

LEAST_MASS = 1e-300
"""Keeps the logarithm of a kernel that is out of reach finite."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One hyperparameter as numbers: of choices their places, of ranges the values.

    ``choices`` is 0 for a range and ``step`` 0 for one without steps. ``lowest`` and ``highest``
    are the ends of the scale that densities live on: the logarithm where ``log``, half a step
    further out where there are steps.
    """

    choices: int = 0
    log: bool = False
    step: float = 0.0
    low: float = 0.0
    high: float = 0.0
    lowest: float = 0.0
    highest: float = 0.0


def axis(of: Hyperparameter) -> Axis:
    """Return the axis of a hyperparameter."""
    if of.choices is not None:
        return Axis(choices=len(of.choices))
    if of.low is None or of.high is None:
        raise ValueError(f"hyperparameter {of.name} has neither choices nor a range")
    low, high = float(of.low), float(of.high)
    step = float(of.step or of.type == "int")
    if step:
        high = low + step * math.floor((high - low) / step + 1e-9)
    ends = low - 0.5 * step, high + 0.5 * step
    lowest, highest = map(math.log, ends) if of.log else ends
    return Axis(0, of.log, step, low, high, lowest, highest)


class Group:
    """Axes that are observed and drawn together.

    Values are ``(rows, axes)`` in the axes' order: places of choices, and numbers as they are.
    """

    def __init__(self, axes: Sequence[Axis]) -> None:
        self.axes = axes
        self.choices = _where(one.choices > 0 for one in axes)
        self.numbers = _where(one.choices == 0 for one in axes)
        ranges = [axes[at] for at in self.numbers]
        self.logs = _where(one.log for one in ranges)
        self.stepping = _where(one.step > 0 for one in ranges)
        self.smooth = _where(one.step == 0 for one in ranges)
        self.step = np.array([one.step for one in ranges])
        self.low = np.array([one.low for one in ranges])
        self.high = np.array([one.high for one in ranges])
        self.lowest = np.array([one.lowest for one in ranges])
        self.highest = np.array([one.highest for one in ranges])
        self.width = self.highest - self.lowest
        self.middle = 0.5 * (self.lowest + self.highest)
        sizes = [axes[at].choices for at in self.choices]
        self.sizes = np.array(sizes, dtype=np.float64)
        self.offsets = np.cumsum([0, *sizes])[:-1].astype(np.int64)
        self.places = sum(sizes)

    def scaled(self, values: Floats) -> Floats:
        """Return the numbers among the values on the scale of their densities."""
        numbers = values[:, self.numbers].copy()
        numbers[:, self.logs] = np.log(numbers[:, self.logs])
        return numbers

    def valid(self, scaled: Floats) -> Floats:
        """Return drawn numbers as values: back from their scale, on their steps, in range."""
        values = scaled.copy()
        values[:, self.logs] = np.exp(values[:, self.logs])
        low, step = self.low[self.stepping], self.step[self.stepping]
        values[:, self.stepping] = low + np.round((values[:, self.stepping] - low) / step) * step
        return values.clip(self.low, self.high)


class Parzen:
    """The estimator of a group's observations, oldest first."""

    def __init__(self, group: Group, seen: Floats) -> None:
        self._group = group
        self._seen = seen
        self._weights = _weights(len(seen))
        self._mu, self._sigma, self._order = _kernels(group, group.scaled(seen))

    def draw(self, chances: Floats) -> Floats:
        """Return values, ``(count, axes)``, of chances from 0 to 1, ``(1 + axes, count)``.

        The first chance picks a kernel, those after it its choices, the rest its numbers.
        """
        group = self._group
        cumulated = np.cumsum(self._weights)
        kernel = np.searchsorted(cumulated / cumulated[-1], chances[0], side="right")
        values = np.empty((len(kernel), len(group.axes)))
        first = 1 + len(group.choices)
        values[:, group.choices] = self._chosen(kernel, chances[1:first].T)
        if len(group.numbers):
            mu, sigma = self._mu[kernel], self._sigma[kernel]
            below = ndtr((group.lowest - mu) / sigma)
            mass = ndtr((group.highest - mu) / sigma) - below
            drawn = ndtri(below + chances[first:].T * mass) * sigma + mu
            values[:, group.numbers] = group.valid(drawn.clip(group.lowest, group.highest))
        return values

    def log_density(self, values: Floats) -> Floats:
        """Return the logarithm of the density at each of the values, ``(count,)``."""
        group = self._group
        factors, offsets = self._linear
        logs = self._features(values) @ factors
        logs += offsets
        for column, alike in zip(group.stepping, self._alike, strict=True):
            at = group.numbers[column]
            logs += _steps(group.axes[at], values[:, at], *alike)
        most = logs.max(axis=1, keepdims=True)
        logs -= most
        total: Floats = np.log(np.exp(logs, out=logs).sum(axis=1)) + most[:, 0]
        return total

    def _chosen(self, kernel: Places, chances: Floats) -> Floats:
        """Return the choices that the chances give in the kernels.

        All choices of an axis are equally likely, but for one more count of the kernel's own.
        """
        group, kernels, count = self._group, len(self._weights), len(self._seen)
        own = np.vstack([self._seen, np.zeros(len(group.axes))])[kernel][:, group.choices]
        observed = np.where(kernel < count, 1.0, 0.0)[:, np.newaxis]
        place = chances * (group.sizes + observed * kernels)
        place = np.where(place <= own, place, np.maximum(own, place - observed * kernels))
        chosen: Floats = np.minimum(np.floor(place), group.sizes - 1.0)
        return chosen

    def _features(self, values: Floats) -> Floats:
        """Return what the part of the log density that is linear in something is linear in.

        The square of a number and itself, and for every choice of every axis whether it is it.
        """
        group = self._group
        # Counted from the middle: near zero squares lose no digits.
        smooth = (group.scaled(values) - group.middle)[:, group.smooth]
        chosen = np.zeros((len(values), group.places))
        places = values[:, group.choices].astype(np.int64) + group.offsets
        chosen[np.arange(len(values))[:, np.newaxis], places] = 1.0
        return np.hstack([smooth * smooth, smooth, chosen])

    @cached_property
    def _linear(self) -> tuple[Floats, Floats]:
        """Return each kernel's factors of the `_features`, and what is added to them.

        That way a product of matrices gives the log density of all values in all kernels.
        """
        group = self._group
        sigma = self._sigma[:, group.smooth]
        inner = 1.0 / (sigma * sigma)
        mu = (self._mu - group.middle)[:, group.smooth]
        chosen, missed = self._choices()
        factors = np.hstack([-0.5 * inner, mu * inner, chosen]).T
        offsets = np.log(self._weights) + missed
        if len(group.numbers):
            # All of a kernel's mass is between the ends, and its middle is there too.
            below = _tail((group.lowest - self._mu) / self._sigma)
            above = _tail((self._mu - group.highest) / self._sigma)
            offsets -= np.log1p(-below - above).sum(axis=1)
        offsets -= (0.5 * mu * mu * inner + np.log(sigma)).sum(axis=1)
        offsets -= 0.5 * math.log(2.0 * math.pi) * len(group.smooth)
        return factors, offsets

    def _choices(self) -> tuple[Floats, Floats]:
        """Return what a choice adds to the log density where it is the kernel's, and the rest."""
        group, kernels = self._group, len(self._weights)
        chosen = np.zeros((kernels, group.places))
        places = self._seen[:, group.choices].astype(np.int64) + group.offsets
        gain = math.log1p(kernels)  # (1 + 1 / kernels) to 1 / kernels
        chosen[np.arange(kernels - 1)[:, np.newaxis], places] = gain
        missed = np.full(kernels, -np.log(kernels + group.sizes).sum())
        missed[-1] = -np.log(group.sizes).sum()
        return chosen, missed

    @cached_property
    def _alike(self) -> Sequence[tuple[Floats, Floats, Places]]:
        """Return, of each axis of steps, the kernels that differ and which of them each one is."""
        broad = len(self._seen)
        found = []
        for column in self._group.stepping:
            order = np.append(self._order[:, column], broad)  # equal ones become neighbours
            mu, sigma = self._mu[order, column], self._sigma[order, column]
            other = np.ones(len(order), dtype=bool)
            other[1:] = (mu[1:] != mu[:-1]) | (sigma[1:] != sigma[:-1])
            which = np.empty(len(order), dtype=np.int64)
            which[order] = np.cumsum(other) - 1
            found.append((mu[other], sigma[other], which))
        return found


def _where(flags: Iterable[bool]) -> Places:
    """Return the places of the true ones."""
    return np.flatnonzero(np.array(list(flags), dtype=bool))


def _tail(reached: Floats) -> Floats:
    """Return a normal's mass below points that lie below its middle."""
    mass = np.zeros_like(reached)
    near = reached > -REACH
    mass[near] = ndtr(reached[near])
    return mass


def _steps(step: Axis, values: Floats, mu: Floats, sigma: Floats, which: Places) -> Floats:
    """Return the log probability of steps in each kernel, ``(count, kernels)``.

    Without what lies outside; ``which`` says which of the different kernels each one is.
    """
    steps, place = np.unique(values, return_inverse=True)
    lower, upper = steps - 0.5 * step.step, steps + 0.5 * step.step
    if step.log:
        lower, upper = np.log(lower), np.log(upper)
    left = (mu - lower[:, np.newaxis]) / sigma
    right = (upper[:, np.newaxis] - mu) / sigma
    # As seen from whichever side it lies in the left tail, which has more digits.
    mass = ndtr(np.minimum(left, right)) - ndtr(-np.maximum(left, right))
    found: Floats = np.log(np.maximum(mass, LEAST_MASS)).take(which, axis=1)
    return found[place]


def _weights(count: int) -> Floats:
    """Return the weights of the kernels: of observations by age, and of the broad one."""
    old = max(0, count - NEWEST)
    weights = np.ones(count + 1)
    if old:
        weights[:old] = np.linspace(1.0 / count, 1.0, num=old)
    weights /= weights.sum()
    return weights


def _kernels(group: Group, seen: Floats) -> tuple[Floats, Floats, Places]:
    """Return middle and width of the kernels of all numbers, ``(kernels, numbers)``, and an order.

    A kernel reaches to the farther of its neighbours, within limits; the last one is the broad one.
    The order is that of the others' middles, ``(kernels - 1, numbers)``.
    """
    count, numbers = seen.shape
    mu = np.vstack([seen, group.middle])
    order = np.argsort(seen, axis=0)
    if not count or not numbers:
        return mu, np.vstack([np.zeros_like(seen), group.width]), order
    columns = np.arange(numbers)
    ordered = np.vstack([group.lowest, seen[order, columns], group.highest])
    gaps = np.diff(ordered, axis=0)
    reach = np.maximum(gaps[:-1], gaps[1:])
    if count > 1:  # the ends of the range are no neighbours
        reach[0], reach[-1] = gaps[1], gaps[-2]
    sigma = np.empty((count + 1, numbers))
    sigma[order, columns] = reach.clip(group.width / min(100.0, 2.0 + count), group.width)
    sigma[-1] = group.width
    return mu, sigma, order
