"""Counting distinct things, and how numbers are spread, in bounded memory."""

from collections.abc import Iterator

import numpy as np

from automl.core.frame import Floats, Ints
from automl.core.schema import BINS, QUANTILES, Summary
from automl.data.hashing import Hashes


class DistinctSketch:
    """An estimate of how many different hashes were seen, from the smallest of them.

    Reference: Bar-Yossef et al., "Counting distinct elements in a data stream" (2002), the
    k-minimum-values estimator; k = 16,384 gives a standard error of 0.8 %.
    """

    _KEPT = 1 << 14

    def __init__(self) -> None:
        self._smallest = np.zeros(0, dtype=np.uint64)

    def add(self, hashes: Hashes) -> None:
        """Note these hashes, none of them twice; repeats of earlier ones change nothing."""
        if len(self._smallest) == self._KEPT:
            hashes = hashes[hashes < self._smallest[-1]]
        found = np.concatenate([self._smallest, hashes])
        if len(found) > 2 * self._KEPT:  # each stands there twice at most
            found = np.partition(found, 2 * self._KEPT)[: 2 * self._KEPT]
        self._smallest = np.unique(found)[: self._KEPT]

    def count(self) -> int:
        """Return the number of different hashes: exact below 16,384."""
        if len(self._smallest) < self._KEPT:
            return len(self._smallest)
        return round((self._KEPT - 1) / (float(self._smallest[-1]) / 2.0**64))


class RepeatSketch:
    """How many hashes had been seen before: exact for the first million, then from a sample."""

    _MOST = 1 << 20

    def __init__(self) -> None:
        self._kept: list[Hashes] = []
        self._size = 0
        self._shift = 0

    def add(self, hashes: Hashes) -> None:
        """Note one hash a row."""
        self._kept.append(self._sampled(hashes))
        self._size += len(self._kept[-1])
        while self._size > self._MOST:
            self._shift += 1
            self._kept = [self._sampled(np.concatenate(self._kept))]
            self._size = len(self._kept[0])

    def count(self) -> int:
        """Return the number of hashes that repeat an earlier one."""
        if not self._kept:
            return 0
        hashes = np.concatenate(self._kept)
        return (len(hashes) - len(np.unique(hashes))) << self._shift

    @property
    def exact(self) -> bool:
        """Whether every hash was kept."""
        return self._shift == 0

    def _sampled(self, hashes: Hashes) -> Hashes:
        # By value, so that equal hashes are kept or dropped together.
        return hashes[hashes >> np.uint64(64 - self._shift) == 0] if self._shift else hashes


class Digest:
    """How many numbers there were, and about where: exact up to 64,000 different ones.

    Beyond, neighbours are put together so that as many points remain as carry the weight evenly.
    """

    _POINTS = 1 << 14
    _MOST = 4 * _POINTS

    def __init__(self) -> None:
        self._values: list[Floats] = []
        self._weights: list[Floats] = []
        self._size = 0
        self._count = self._mean = self._squares = 0.0

    def add(self, values: Floats, counts: Ints | Floats) -> None:
        """Note finite numbers, and how often each occurs."""
        if not len(values):
            return
        weights = counts.astype(np.float64)
        self._add_moments(values, weights)
        self._values.append(values)
        self._weights.append(weights)
        self._size += len(values)
        if self._size > 2 * self._MOST:
            self._compress()

    def merge(self, other: "Digest") -> None:
        """Note all that the other did."""
        for values, weights in other.parts():
            self.add(values, weights)

    def parts(self) -> Iterator[tuple[Floats, Floats]]:
        """Yield numbers and how often each occurs, in no order."""
        yield from zip(self._values, self._weights, strict=True)

    def summary(self) -> Summary | None:
        """Return how the numbers are spread, None without any."""
        if not self._size:
            return None
        values, weights = self._merged()
        ends = np.cumsum(weights)
        places = np.searchsorted(ends, np.array(QUANTILES) * ends[-1])
        quantiles = values[np.minimum(places, len(values) - 1)]
        with np.errstate(over="ignore", invalid="ignore"):
            std = float(np.sqrt(self._squares / self._count))
        return Summary(
            mean=self._mean if np.isfinite(self._mean) else None,
            std=std if np.isfinite(std) else None,
            quantiles=tuple(quantiles.tolist()),
            histogram=_histogram(values, weights),
        )

    def _add_moments(self, values: Floats, weights: Floats) -> None:
        # Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm" (1979).
        with np.errstate(over="ignore", invalid="ignore"):
            count = float(weights.sum())
            mean = float((values * (weights / count)).sum())
            squares = float((weights * (values - mean) ** 2).sum())
            total, apart = self._count + count, mean - self._mean
            self._squares += squares + apart * apart * self._count * count / total
            self._mean += apart * count / total
            self._count = total

    def _merged(self) -> tuple[Floats, Floats]:
        """Return the different numbers in order, and their weights."""
        values, inverse = np.unique(np.concatenate(self._values), return_inverse=True)
        weights: Floats = np.bincount(inverse, np.concatenate(self._weights)).astype(np.float64)
        return values, weights

    def _compress(self) -> None:
        values, weights = self._merged()
        if len(values) > self._MOST:
            ends = np.cumsum(weights)
            wanted = (np.arange(self._POINTS) + 0.5) * (ends[-1] / self._POINTS)
            places = np.minimum(np.searchsorted(ends, wanted), len(values) - 1)
            values, weights = values[places], np.full(self._POINTS, ends[-1] / self._POINTS)
        self._values, self._weights, self._size = [values], [weights], len(values)


def _histogram(values: Floats, weights: Floats) -> tuple[int, ...]:
    low, high = float(values[0]), float(values[-1])
    scale = max(abs(low), abs(high)) or 1.0  # differences of 1e308 overflow
    low, high = low / scale, high / scale
    if low == high:
        return (round(float(weights.sum())),) + (0,) * (BINS - 1)
    bins = np.minimum(((values / scale - low) / (high - low) * BINS).astype(np.int64), BINS - 1)
    return tuple(round(count) for count in np.bincount(bins, weights, BINS).tolist())
