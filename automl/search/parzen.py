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
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from scipy.special import ndtr, ndtri

Floats: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.int64]

NEWEST = 25
"""So many of the newest observations have full weight; before them it falls to 1 / n."""

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


def axis(of: BaseDistribution) -> Axis:
    """Return the axis of a distribution."""
    if isinstance(of, CategoricalDistribution):
        return Axis(choices=len(of.choices))
    if not isinstance(of, (FloatDistribution, IntDistribution)):
        raise TypeError(f"no axis for {of!r}")
    half = 0.5 * (of.step or 0.0)
    low, high = of.low - half, of.high + half
    ends = (math.log(low), math.log(high)) if of.log else (low, high)
    return Axis(0, of.log, float(of.step or 0.0), float(of.low), float(of.high), *ends)


class Group:
    """Axes that are observed and drawn together.

    Values are ``(rows, axes)`` in the axes' order: places of choices, and numbers as they are.
    """

    def __init__(self, axes: Sequence[Axis]) -> None:
        self.axes = axes
        self.choices = [at for at, one in enumerate(axes) if one.choices]
        self.numbers = [at for at, one in enumerate(axes) if not one.choices]
        ranges = [axes[at] for at in self.numbers]
        self.logs = np.array([one.log for one in ranges], dtype=bool)
        self.lowest = np.array([one.lowest for one in ranges])
        self.highest = np.array([one.highest for one in ranges])
        self.width = self.highest - self.lowest
        self.middle = 0.5 * (self.lowest + self.highest)
        self.stepping = [at for at, one in enumerate(ranges) if one.step]
        self.smooth = [at for at, one in enumerate(ranges) if not one.step]
        sizes = [axes[at].choices for at in self.choices]
        self.sizes = np.array(sizes, dtype=np.float64)
        self.offsets = np.cumsum([0, *sizes])[:-1].astype(np.int64)
        self.places = sum(sizes)
        # Of choices side by side, as many for each axis as the largest has: which there are, and
        # which are the last of theirs or behind it.
        beside = np.arange(max(sizes, default=0))
        self.exists = beside < self.sizes[:, np.newaxis]
        self.last = beside >= self.sizes[:, np.newaxis] - 1

    def scaled(self, values: Floats) -> Floats:
        """Return the numbers among the values on the scale of their densities."""
        numbers = values[:, self.numbers].copy()
        numbers[:, self.logs] = np.log(numbers[:, self.logs])
        return numbers

    def valid(self, scaled: Floats) -> Floats:
        """Return drawn numbers as values: back from their scale, on their steps, in range."""
        values = scaled.copy()
        values[:, self.logs] = np.exp(values[:, self.logs])
        for column, at in enumerate(self.numbers):
            one = self.axes[at]
            if one.step:
                steps = np.round((values[:, column] - one.low) / one.step)
                values[:, column] = one.low + steps * one.step
            values[:, column] = values[:, column].clip(one.low, one.high)
        return values


class Parzen:
    """The estimator of a group's observations, oldest first."""

    def __init__(self, group: Group, seen: Floats) -> None:
        self._group = group
        self._seen = seen
        self._weights = _weights(len(seen))
        self._order, self._mu, self._sigma = _kernels(group, group.scaled(seen))

    def draw(self, chances: Floats) -> Floats:
        """Return as many values as there are columns of chances, ``(count, axes)``.

        Args:
            chances: numbers from 0 to 1, ``(1 + axes, count)``. The first row chooses kernels, the
                next ones are quantiles of the choices, the last ones of the numbers.
        """
        group = self._group
        kernel = self._chosen(chances[0])
        values = np.empty((chances.shape[1], len(group.axes)))
        of_choices, of_numbers = np.split(chances[1:].T, [len(group.choices)], axis=1)
        if group.choices:
            values[:, group.choices] = self._choices(kernel, of_choices)
        if group.numbers:
            mu, sigma = self._mu[kernel], self._sigma[kernel]
            below = ndtr((group.lowest - mu) / sigma)
            mass = ndtr((group.highest - mu) / sigma) - below
            drawn = ndtri(below + of_numbers * mass) * sigma + mu
            drawn = drawn.clip(group.lowest, group.highest)
            values[:, group.numbers] = group.valid(drawn)
        return values

    def log_density(self, values: Floats) -> Floats:
        """Return the logarithm of the density at each of the values, ``(count,)``."""
        group = self._group
        numbers = group.scaled(values)
        factors, offsets = self._linear
        logs = self._features(values, numbers) @ factors.T
        logs += offsets
        for column in group.stepping:
            step = group.axes[group.numbers[column]]
            logs += self._steps(column, step, values[:, group.numbers[column]])
        most = logs.max(axis=1)
        # In place: fresh memory for so many numbers costs about as much as what is done with them.
        logs -= most[:, np.newaxis]
        np.exp(logs, out=logs)
        total: Floats = np.log(logs.sum(axis=1)) + most
        return total

    def _chosen(self, quantiles: Floats) -> Places:
        """Return the kernels that quantiles of the weights lead to."""
        cumulated = self._weights.cumsum()
        cumulated /= cumulated[-1]
        return cumulated.searchsorted(quantiles, side="right")

    def _choices(self, kernel: Places, quantiles: Floats) -> Floats:
        """Return the choices' places that quantiles lead to, ``(count, axes of choices)``.

        Args:
            kernel: whose chances count in each row, ``(count,)``.
            quantiles: from 0 to 1, as many as places are returned.
        """
        group, kernels = self._group, len(self._weights)
        # Axes of fewer choices have some that are never drawn behind them.
        chances = np.tile(group.exists / kernels, (len(kernel), 1, 1))
        own = np.flatnonzero(kernel < len(self._seen))
        places = self._seen[kernel[own]][:, group.choices].astype(np.int64)
        chances[own[:, np.newaxis], np.arange(len(group.choices)), places] += 1.0
        chances /= chances.sum(axis=2, keepdims=True)
        cumulated = np.cumsum(chances, axis=2)
        cumulated[:, group.last] = 1.0
        drawn: Floats = (cumulated < quantiles[:, :, np.newaxis]).sum(axis=2).astype(np.float64)
        return drawn

    def _features(self, values: Floats, numbers: Floats) -> Floats:
        """Return what the part of the log density that is linear in something is linear in.

        The square of a number and itself, and for every choice of every axis whether it is it.
        """
        group = self._group
        smooth = numbers[:, group.smooth] - group.middle[group.smooth]
        count = smooth.shape[1]
        found = np.zeros((len(values), 2 * count + group.places))
        found[:, :count] = smooth * smooth
        found[:, count : 2 * count] = smooth
        places = values[:, group.choices].astype(np.int64) + (2 * count + group.offsets)
        found[np.arange(len(values))[:, np.newaxis], places] = 1.0
        return found

    @cached_property
    def _linear(self) -> tuple[Floats, Floats]:
        """Return each kernel's factors of the `_features`, and what is added to them.

        That way a product of matrices gives the log density of all values in all kernels.
        """
        group = self._group
        inner = 1.0 / self._sigma[:, group.smooth] ** 2
        # Counted from the middle of the range: near zero squares lose no digits.
        mu = self._mu[:, group.smooth] - group.middle[group.smooth]
        count, kernels = mu.shape[1], len(self._weights)
        factors = np.zeros((kernels, 2 * count + group.places))
        factors[:, :count] = -0.5 * inner
        factors[:, count : 2 * count] = mu * inner
        # A choice counts (1 + 1 / kernels) where it is the kernel's, else 1 / kernels.
        places = self._seen[:, group.choices].astype(np.int64) + (2 * count + group.offsets)
        factors[np.arange(kernels - 1)[:, np.newaxis], places] = math.log1p(kernels)
        offsets = np.log(self._weights)
        offsets[:-1] -= np.log(kernels + group.sizes).sum()
        offsets[-1] -= np.log(group.sizes).sum()
        if group.numbers:
            # All of a kernel's mass is between the ends, and its middle is there too.
            below = ndtr((group.lowest - self._mu) / self._sigma)
            above = ndtr((self._mu - group.highest) / self._sigma)
            offsets -= np.log1p(-below - above).sum(axis=1)
        offsets -= (0.5 * mu * mu * inner - 0.5 * np.log(inner)).sum(axis=1)
        offsets -= 0.5 * math.log(2.0 * math.pi) * len(group.smooth)
        return factors, offsets

    def _steps(self, column: int, step: Axis, values: Floats) -> Floats:
        """Return the log probability of the steps in each kernel, without what lies outside."""
        half = 0.5 * step.step
        lower, upper = values - half, values + half
        if step.log:
            lower, upper = np.log(lower), np.log(upper)
        first, alike = self._alike(column)
        mu, sigma = self._mu[first, column], self._sigma[first, column]
        left = (lower[:, np.newaxis] - mu) / sigma
        right = (upper[:, np.newaxis] - mu) / sigma
        turned = left > 0  # the normal's left tail has more digits
        for ends in (left, right):
            np.negative(ends, out=ends, where=turned)
            ndtr(ends, out=ends)
        mass = np.abs(np.subtract(right, left, out=right), out=right)
        np.log(np.maximum(mass, LEAST_MASS, out=mass), out=mass)
        found: Floats = mass.take(alike, axis=1)
        return found

    def _alike(self, column: int) -> tuple[Places, Places]:
        """Return the first of the kernels that are alike on an axis, and which of them each is.

        Observations of few steps are mostly alike; in their order such are next to each other.
        """
        order = self._order[:, column]
        mu, sigma = self._mu[order, column], self._sigma[order, column]
        fresh = np.ones(len(order), dtype=bool)
        fresh[1:] = (mu[1:] != mu[:-1]) | (sigma[1:] != sigma[:-1])
        alike = np.empty_like(order)
        alike[order] = np.cumsum(fresh) - 1
        return order[fresh], alike


def _weights(count: int) -> Floats:
    """Return the weights of the kernels: of observations by age, and of the broad one."""
    weights = np.ones(count + 1)
    if (old := count - NEWEST) > 0:
        weights[:old] = np.linspace(1.0 / count, 1.0, num=old)
    weights /= weights.sum()
    return weights


def _kernels(group: Group, seen: Floats) -> tuple[Places, Floats, Floats]:
    """Return order, middle and width of the kernels of all numbers, each ``(kernels, numbers)``.

    A kernel reaches to the farther of its neighbours, within limits; the last one is the broad one,
    in the order too.
    """
    count, numbers = seen.shape
    mu = np.concatenate([seen, group.middle[np.newaxis]])
    sigma = np.tile(group.width, (count + 1, 1))
    order = np.full((count + 1, numbers), count)
    if not count or not numbers:
        return order, mu, sigma
    columns = np.arange(numbers)
    order[:-1] = np.argsort(seen, axis=0)
    ordered = np.concatenate(
        [group.lowest[np.newaxis], seen[order[:-1], columns], group.highest[np.newaxis]]
    )
    gaps = np.diff(ordered, axis=0)
    reach = np.maximum(gaps[:-1], gaps[1:])
    if count > 1:  # the ends of the range are no neighbours
        reach[0], reach[-1] = gaps[1], gaps[-2]
    least = group.width / min(100.0, 2.0 + count)
    sigma[order[:-1], columns] = reach.clip(least, group.width)
    return order, mu, sigma
