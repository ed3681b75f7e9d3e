"""MiniRocket with a ridge, for series, as one would write it from the paper.

Of its own, and not with the product's code: 84 kernels of nine weights, dilated, the share of steps
at which each lies above a bias that comes from the quantiles of what it makes of some series.

Reference:
    Dempster, Schmidt and Webb (2021), "MiniRocket: a very fast (almost) deterministic transform for
    time series classification".
"""

import csv
import gzip
from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import RidgeClassifierCV, RidgeCV
from sklearn.metrics import accuracy_score, root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

Floats = npt.NDArray[np.float64]

FEATURES = 9_996
MOST_DILATIONS = 32
LENGTH = 9
TRIPLES = list(combinations(range(LENGTH), 3))
ALPHAS = np.logspace(-3, 3, 10)


def score(train: Path, test: Path, *, regression: bool) -> str:
    """Return the test score of the kernels' shares with a ridge: accuracy, or RMSE of numbers."""
    (x, y), (x_test, y_test) = (read(path) for path in (train, test))
    steps = max(x.shape[2], x_test.shape[2])
    kernels = Kernels(filled(x, steps))
    first, second = kernels.shares(filled(x, steps)), kernels.shares(filled(x_test, steps))
    ridge = RidgeCV(ALPHAS) if regression else RidgeClassifierCV(ALPHAS)
    model = make_pipeline(StandardScaler(), ridge)
    if regression:
        said = model.fit(first, np.array(y, float)).predict(second)
        return f"RMSE {root_mean_squared_error(np.array(y_test, float), said):.4f}"
    return f"accuracy {accuracy_score(y_test, model.fit(first, y).predict(second)):.4f}"


class Kernels:
    """Biases of every kernel at every dilation, learned of series ``(rows, channels, steps)``."""

    def __init__(self, x: Floats) -> None:
        """Draw the biases."""
        self._dilations = _dilations(x.shape[2])
        random = np.random.default_rng(0)
        each = max(1, FEATURES // len(TRIPLES) // len(self._dilations))
        golden = (np.sqrt(5) + 1) / 2
        drawn = (np.arange(1, len(TRIPLES) * each * len(self._dilations) + 1) * golden) % 1
        quantiles = iter(drawn.reshape(-1, each))
        channels = x.shape[1]
        most = min(channels, LENGTH)
        self._parts: list[tuple[int, tuple[int, ...], npt.NDArray[Any], bool]] = []
        self._biases: list[Floats] = []
        for place, dilation in enumerate(self._dilations):
            for number, triple in enumerate(TRIPLES):
                size = int(2 ** random.uniform(0, np.log2(most + 1)))
                some = np.sort(random.choice(channels, size, replace=False))
                padded = (place + number) % 2 == 0
                row = x[random.integers(len(x))][None]
                made = _answers(_shifted(row, dilation), triple, some, dilation, padded=padded)
                self._parts.append((dilation, triple, some, padded))
                self._biases.append(np.quantile(made[0], next(quantiles)))

    def shares(self, x: Floats) -> Floats:
        """Return the share of steps above each bias: ``(rows, features)``."""
        found, known, shifted = [], 0, np.empty(0)
        for (dilation, triple, some, padded), biases in zip(self._parts, self._biases, strict=True):
            if dilation != known:
                known, shifted = dilation, _shifted(x, dilation)
            made = _answers(shifted, triple, some, dilation, padded=padded)
            found.append(np.stack([(made > bias).mean(1) for bias in biases], axis=1))
        return np.hstack(found)


def _dilations(steps: int) -> list[int]:
    most = np.log2((steps - 1) / (LENGTH - 1)) if steps > LENGTH else 0.0
    count = min(MOST_DILATIONS, FEATURES // len(TRIPLES))
    return sorted({int(2**power) for power in np.linspace(0, max(0.0, most), count)})


def _shifted(x: Floats, dilation: int) -> Floats:
    """Return what each of a kernel's places sees at each step: ``(9, rows, channels, steps)``."""
    steps, half = x.shape[2], LENGTH // 2 * dilation
    wide = np.pad(x, ((0, 0), (0, 0), (half, half)))
    return np.stack([wide[:, :, n * dilation : n * dilation + steps] for n in range(LENGTH)])


def _answers(
    shifted: Floats, triple: tuple[int, ...], some: npt.NDArray[Any], dilation: int, *, padded: bool
) -> Floats:
    """Return the kernel, 2 at the triple's places and −1 elsewhere, summed over channels."""
    seen = shifted[:, :, some]
    made: Floats = (3.0 * seen[list(triple)].sum(0) - seen.sum(0)).sum(1)
    half = LENGTH // 2 * dilation
    return made if padded or made.shape[1] <= 2 * half else made[:, half:-half]


def filled(series: Floats, steps: int) -> Floats:
    """Return the series with zeros for what is missing, and behind their ends."""
    whole = np.zeros((*series.shape[:2], steps))
    whole[:, :, : series.shape[2]] = np.nan_to_num(series)
    return whole


def read(path: Path) -> tuple[Floats, list[str]]:
    """Return a file's series ``(rows, channels, steps)``, NaN behind their ends, and labels."""
    rows = list(_long(path) if path.name.endswith(".csv.gz") else _ts(path))
    steps = max(len(channel) for series, _ in rows for channel in series)
    x = np.full((len(rows), len(rows[0][0]), steps), np.nan)
    for row, (series, _) in enumerate(rows):
        for number, channel in enumerate(series):
            x[row, number, : len(channel)] = channel
    return x, [label for _, label in rows]


def _ts(path: Path) -> Iterator[tuple[list[list[float]], str]]:
    lines = path.read_text(errors="replace").splitlines()
    start = next(n for n, line in enumerate(lines) if line.lower().startswith("@data"))
    for line in filter(None, map(str.strip, lines[start + 1 :])):
        *channels, label = line.split(":")
        yield [_numbers(channel.split(",")) for channel in channels], label


def _long(path: Path) -> Iterator[tuple[list[list[float]], str]]:
    found: dict[str, tuple[list[list[str]], str]] = {}
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            name, label = row.pop("series_id"), row.pop("label")
            row.pop("step")
            found.setdefault(name, ([], label))[0].append(list(row.values()))
    for steps, label in found.values():
        yield [_numbers(channel) for channel in zip(*steps, strict=True)], label


def _numbers(cells: Iterable[str]) -> list[float]:
    return [float("nan") if cell in {"?", "", "NaN"} else float(cell) for cell in cells]
