"""MiniRocket: what part of a series lies above biases after 84 fixed kernels, widened in steps.

A kernel has nine taps, three of 2 and six of −1: all ways to place the three make 84. Each is
applied with several dilations to the sum of a few channels, and each feature is the share of steps
at which the result exceeds a bias, a quantile of what the kernel makes of a training row. A series
that ends early is counted up to its last step.

Reference: Dempster, Schmidt & Webb (2021), "MiniRocket: a very fast (almost) deterministic
transform for time series classification".
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.state import State
from automl.families.rocket import levels as rounding
from automl.families.rocket.levels import Array, Ints, Levels

TAPS = 9
TRIPLES = np.array(list(combinations(range(TAPS), 3)))
"""Which taps of a kernel are 2: ``(84, 3)``."""

KERNELS = len(TRIPLES)
HALF = KERNELS // 2
"""With each dilation half of the kernels see zeros beyond the ends; the others keep within."""

OUT = np.float32(-1e30)
"""Added where a series has no step: below every bias."""

_DILATIONS = 32  # at most
_CHANNELS = 9  # at most added for one kernel: see LARGEST
_GOLDEN = (np.sqrt(5.0) + 1.0) / 2.0
_BLOCK = 1 << 14  # steps looked at together: what they become stays in the cache
_BYTE = 255  # ones that a byte can add up


@dataclass(frozen=True, slots=True, eq=False)
class Dilated:
    """The kernels with one dilation, those that see beyond the ends first.

    ``order`` has their places in `TRIPLES`, ``chosen`` which channels each adds (84, channels),
    ``biases`` what each compares with (84, biases).
    """

    dilation: int
    order: Ints
    chosen: npt.NDArray[np.bool_]
    biases: Array

    @property
    def reach(self) -> int:
        """Steps from a kernel's middle to its ends."""
        return TAPS // 2 * self.dilation


@dataclass(frozen=True, slots=True, eq=False)
class Kernels:
    """Fitted kernels for series of so many steps."""

    steps: int
    levels: Levels
    dilated: tuple[Dilated, ...]

    @property
    def width(self) -> int:
        """How many features there are."""
        return sum(part.biases.size for part in self.dilated)

    def transform(self, x: npt.NDArray[Any], check: Callable[[], None]) -> Array:
        """Return the features, ``(rows, width)``; ``check`` is called now and then."""
        out = np.empty((len(x), self.width), np.float32)
        rows = max(1, _BLOCK // self.steps)
        for start in range(0, len(x), rows):
            levels, lengths = self.levels.of(x[start : start + rows])
            column = 0
            for part in self.dilated:
                check()
                found = _shares(part, levels, lengths)
                out[start : start + rows, column : column + len(found)] = found.T
                column += len(found)
        return out

    def state(self) -> State:
        """Return everything needed to rebuild this."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "centre": self.levels.centre,
            "scale": self.levels.scale,
        }
        for place, part in enumerate(self.dilated):
            arrays[f"order{place}"] = part.order
            arrays[f"chosen{place}"] = part.chosen.astype(np.uint8)
            arrays[f"biases{place}"] = part.biases
        dilations = [part.dilation for part in self.dilated]
        return State({"steps": self.steps, "dilations": dilations}, arrays)


def fit(x: npt.NDArray[Any], *, features: int, seed: int) -> Kernels:
    """Return kernels for series like the rows of ``x``.

    Args:
        x: the training rows, ``(rows, channels, steps)``.
        features: about how many; a multiple of 84 is made of it.
        seed: draws channels, and rows to take biases from.
    """
    random = np.random.default_rng(seed)
    _, channels, steps = x.shape
    levels = rounding.fit(x)
    before, dilated = 0, []
    for place, (dilation, count) in enumerate(_dilations(steps, max(1, features // KERNELS))):
        halves = np.arange(0, KERNELS, 2), np.arange(1, KERNELS, 2)
        order = np.concatenate(halves[::-1] if place % 2 else halves)
        empty = np.zeros((KERNELS, count), np.float32)
        part = Dilated(dilation, order, _channels(random, channels), empty)
        drawn = levels.of(x[random.integers(len(x), size=KERNELS)])
        shares = (np.arange(before + 1, before + 1 + empty.size) * _GOLDEN) % 1.0
        dilated.append(_with_biases(part, *drawn, shares.reshape(empty.shape)))
        before += empty.size
    return Kernels(steps, levels, tuple(dilated))


def load(state: State) -> Kernels:
    """Return what ``Kernels.state`` once wrote down."""
    arrays = state.arrays
    dilated = tuple(
        Dilated(
            dilation,
            arrays[f"order{place}"],
            arrays[f"chosen{place}"].astype(bool),
            arrays[f"biases{place}"],
        )
        for place, dilation in enumerate(state.header["dilations"])
    )
    return Kernels(state.header["steps"], Levels(arrays["centre"], arrays["scale"]), dilated)


def _dilations(steps: int, each: int) -> Iterator[tuple[int, int]]:
    """Yield dilations, spread by their logarithms, with how many of a kernel's biases each has."""
    most = min(each, _DILATIONS)
    largest = max(0.0, np.log2(max(1, steps - 1) / (TAPS - 1)))
    spread = np.logspace(0, largest, most, base=2.0).astype(int)
    dilations, counts = np.unique(spread, return_counts=True)
    biases = (counts * (each / most)).astype(int)
    for place in range(each - int(biases.sum())):
        biases[place % len(biases)] += 1
    yield from zip(dilations.tolist(), biases.tolist(), strict=True)


def _channels(random: np.random.Generator, channels: int) -> npt.NDArray[np.bool_]:
    """Return which channels each kernel adds: few more often than many."""
    most = min(channels, _CHANNELS)
    counts = (2.0 ** random.uniform(0.0, np.log2(most + 1), KERNELS)).astype(int)
    ranks = random.random((KERNELS, channels)).argsort(axis=1).argsort(axis=1)
    return np.asarray(ranks < counts[:, None])


def _with_biases(part: Dilated, levels: Array, lengths: Ints, shares: npt.NDArray[Any]) -> Dilated:
    """Return the kernels with the quantiles at ``shares`` of what each makes of its own row."""
    for kernel, made in enumerate(_convolved(part, levels, alone=True)):
        ordered = np.sort(made[: max(1, lengths[kernel]), 0])
        # Halves: no step is as large as a bias.
        part.biases[kernel] = ordered[(shares[kernel] * len(ordered)).astype(int)] + 0.5
    return part


def _convolved(part: Dilated, levels: Array, *, alone: bool = False) -> Iterator[Array]:
    """Yield what each kernel makes of the levels: ``(steps, rows)``, zeros beyond the ends.

    With ``alone`` each kernel is for the row at its own place only: ``(steps, 1)``.
    """
    steps = levels.shape[1]
    padded = np.pad(levels, ((0, 0), (part.reach, part.reach), (0, 0)))

    def tap(of: Array, place: int) -> Array:
        return of[..., place * part.dilation : place * part.dilation + steps, :]

    every = sum((tap(padded, place) for place in range(1, TAPS)), tap(padded, 0))
    for kernel, (first, second, third) in enumerate(TRIPLES[part.order]):
        rows = slice(kernel, kernel + 1) if alone else slice(None)
        (some,) = np.nonzero(part.chosen[kernel])
        added, minus = _added(padded, some, rows), _added(every, some, rows)
        made = tap(added, first) + tap(added, second)
        made += tap(added, third)
        made *= np.float32(3.0)
        made -= minus
        yield made


def _added(levels: Array, channels: Ints, rows: slice) -> Array:
    if len(channels) == 1:
        return levels[channels[0], :, rows]
    result: Array = levels[channels, :, rows].sum(axis=0)
    return result


def _shares(part: Dilated, levels: Array, lengths: Ints) -> Array:
    """Return the features of one dilation: ``(features, rows)``."""
    steps = np.arange(levels.shape[1])
    within = np.where(lengths > 2 * part.reach, part.reach, 0)  # not in series too short for it
    spans = [_Span.of(steps, start, lengths - start) for start in (0 * within, within)]
    out = np.empty((*part.biases.shape, levels.shape[2]), np.float32)
    for kernel, made in enumerate(_convolved(part, levels)):
        span = spans[kernel >= HALF]
        out[kernel] = _count(span.within(made) > part.biases[kernel][:, None, None]) / span.counts
    return out.reshape(part.biases.size, -1)


@dataclass(frozen=True, slots=True, eq=False)
class _Span:
    """Which steps of each row count: one ``part`` of all, or all but where ``out`` is added."""

    counts: Array
    part: slice
    out: Array | None

    @staticmethod
    def of(steps: Ints, start: Ints, end: Ints) -> "_Span":
        counts = np.maximum(end - start, 1).astype(np.float32)
        if (start == start[0]).all() and (end == end[0]).all():
            return _Span(counts, slice(start[0], end[0]), None)
        inside = (steps[:, None] >= start) & (steps[:, None] < end)
        return _Span(counts, slice(None), np.where(inside, np.float32(0.0), OUT))

    def within(self, made: Array) -> Array:
        """Return the steps that count; others are left out or below every bias."""
        return made[self.part] if self.out is None else made + self.out


def _count(above: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """Return how many are true along the middle axis: bytes add up many at a time."""
    ones = above.view(np.uint8)
    total = np.zeros((ones.shape[0], ones.shape[2]), np.int32)
    for start in range(0, ones.shape[1], _BYTE):
        total += np.add.reduce(ones[:, start : start + _BYTE], axis=1, dtype=np.uint8)
    return total
