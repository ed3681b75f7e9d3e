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
        self.stepping = [at for at, one in enumerate(ranges) if one.step]
        self.smooth = [at for at, one in enumerate(ranges) if not one.step]
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
        self._mu, self._sigma = _kernels(group, group.scaled(seen))

    def draw(self, random: np.random.RandomState, count: int) -> Floats:
        """Return so many values, ``(count, axes)``."""
        group = self._group
        kernel = random.choice(len(self._weights), p=self._weights, size=count)
        values = np.empty((count, len(group.axes)))
        for at in group.choices:
            cumulated = np.cumsum(self._chances(at, kernel), axis=1)
            cumulated[:, -1] = 1.0
            values[:, at] = (cumulated < random.rand(count)[:, np.newaxis]).sum(axis=1)
        if group.numbers:
            mu, sigma = self._mu[kernel], self._sigma[kernel]
            below = ndtr((group.lowest - mu) / sigma)
            mass = ndtr((group.highest - mu) / sigma) - below
            quantiles = random.uniform(size=(len(group.numbers), count)).T
            drawn = ndtri(below + quantiles * mass) * sigma + mu
            drawn = drawn.clip(group.lowest, group.highest)
            values[:, group.numbers] = group.valid(drawn)
        return values

    def log_density(self, values: Floats) -> Floats:
        """Return the logarithm of the density at each of the values, ``(count,)``."""
        group = self._group
        numbers = group.scaled(values)
        factors, offsets = self._linear
        logs = self._features(values, numbers) @ factors.T + offsets
        for column in group.stepping:
            step = group.axes[group.numbers[column]]
            logs += self._steps(column, step, values[:, group.numbers[column]])
        most = logs.max(axis=1)
        total: Floats = np.log(np.exp(logs - most[:, np.newaxis]).sum(axis=1)) + most
        return total

    def _chances(self, at: int, kernel: npt.NDArray[np.int64]) -> Floats:
        """Return the choices' probabilities in each of the kernels, ``(kernels, choices)``."""
        size, kernels = self._group.axes[at].choices, len(self._weights)
        chances = np.full((len(kernel), size), 1.0 / kernels)
        own = np.flatnonzero(kernel < len(self._seen))
        chances[own, self._seen[kernel[own], at].astype(np.int64)] += 1.0
        chances /= chances.sum(axis=1, keepdims=True)
        return chances

    def _features(self, values: Floats, numbers: Floats) -> Floats:
        """Return what the part of the log density that is linear in something is linear in.

        The square of a number and itself, and for every choice of every axis whether it is it.
        """
        group = self._group
        smooth = numbers[:, group.smooth] - self._middle
        chosen = np.zeros((len(values), group.places))
        places = values[:, group.choices].astype(np.int64) + group.offsets
        chosen[np.arange(len(values))[:, np.newaxis], places] = 1.0
        return np.hstack([smooth * smooth, smooth, chosen])

    @property
    def _middle(self) -> Floats:
        """Where the smooth axes' numbers are counted from: near zero squares lose no digits."""
        group = self._group
        middle: Floats = 0.5 * (group.lowest + group.highest)[group.smooth]
        return middle

    @cached_property
    def _linear(self) -> tuple[Floats, Floats]:
        """Return each kernel's factors of the `_features`, and what is added to them.

        That way a product of matrices gives the log density of all values in all kernels.
        """
        group = self._group
        inner = 1.0 / self._sigma[:, group.smooth] ** 2
        mu = self._mu[:, group.smooth] - self._middle
        chosen, missed = self._chosen()
        factors = np.hstack([-0.5 * inner, mu * inner, chosen])
        offsets = np.log(self._weights) + missed
        if group.numbers:
            # All of a kernel's mass is between the ends, and its middle is there too.
            below = ndtr((group.lowest - self._mu) / self._sigma)
            above = ndtr((self._mu - group.highest) / self._sigma)
            offsets -= np.log1p(-below - above).sum(axis=1)
        offsets -= (0.5 * mu * mu * inner - 0.5 * np.log(inner)).sum(axis=1)
        offsets -= 0.5 * math.log(2.0 * math.pi) * len(group.smooth)
        return factors, offsets

    def _chosen(self) -> tuple[Floats, Floats]:
        """Return what a choice adds to the log density where it is the kernel's, and the rest."""
        group, kernels = self._group, len(self._weights)
        chosen = np.zeros((kernels, group.places))
        places = self._seen[:, group.choices].astype(np.int64) + group.offsets
        gain = math.log1p(kernels)  # (1 + 1 / kernels) to 1 / kernels
        chosen[np.arange(kernels - 1)[:, np.newaxis], places] = gain
        missed = np.full(kernels, -np.log(kernels + group.sizes).sum())
        missed[-1] = -np.log(group.sizes).sum()
        return chosen, missed

    def _steps(self, column: int, step: Axis, values: Floats) -> Floats:
        """Return the log probability of the steps in each kernel, without what lies outside."""
        steps, place = np.unique(values, return_inverse=True)
        edges = np.concatenate([steps - 0.5 * step.step, steps + 0.5 * step.step])
        lower, upper = np.split(np.log(edges) if step.log else edges, 2)
        alike, kernel = np.unique(
            self._mu[:, column] + 1j * self._sigma[:, column], return_inverse=True
        )
        left = (lower[:, np.newaxis] - alike.real) / alike.imag
        right = (upper[:, np.newaxis] - alike.real) / alike.imag
        turned = left > 0  # the normal's left tail has more digits
        left, right = np.where(turned, -right, left), np.where(turned, -left, right)
        mass = np.log(np.maximum(ndtr(right) - ndtr(left), LEAST_MASS))
        found: Floats = mass[np.ix_(place, kernel)]
        return found


def _weights(count: int) -> Floats:
    """Return the weights of the kernels: of observations by age, and of the broad one."""
    old = max(0, count - NEWEST)
    weights = np.concatenate([np.linspace(1.0 / max(1, count), 1.0, num=old), np.ones(count - old)])
    weights = np.append(weights, 1.0)
    weights /= weights.sum()
    return weights


def _kernels(group: Group, seen: Floats) -> tuple[Floats, Floats]:
    """Return middle and width of the kernels of all numbers, ``(kernels, numbers)``.

    A kernel reaches to the farther of its neighbours, within limits; the last one is the broad one.
    """
    width = group.highest - group.lowest
    count = len(seen)
    mu = np.vstack([seen, 0.5 * (group.lowest + group.highest)])
    if not count or not group.numbers:
        return mu, np.vstack([np.zeros_like(seen), width])
    order = np.argsort(seen, axis=0)
    columns = np.arange(seen.shape[1])
    ordered = np.vstack([group.lowest, seen[order, columns], group.highest])
    gaps = np.diff(ordered, axis=0)
    reach = np.maximum(gaps[:-1], gaps[1:])
    if count > 1:  # the ends of the range are no neighbours
        reach[0], reach[-1] = gaps[1], gaps[-2]
    sigma = np.empty_like(seen)
    sigma[order, columns] = reach
    least = width / min(100.0, 2.0 + count)
    return mu, np.vstack([sigma.clip(least, width), width])
