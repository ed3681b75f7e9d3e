"""Columns looked at beside the target, before any training: what would make a model too good.

A column that alone (nearly) gives the target away was mostly filled in after it, and will not be
known when predictions are wanted.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from automl.core.frame import Floats, Frame, Ints, Scalars, Strings
from automl.core.schema import DataWarning

MOST_ROWS = 20_000
"""Looked at: enough for strengths within 0.01."""
LEAK = 0.985
"""From here on it is no luck: the strongest honest column of thirty real tables had 0.95."""
_FEWEST_ROWS = 30
_UNEVEN = 10
_NAMED = 8


def inspect(
    frame: Frame, y: Floats | Ints, classes: Sequence[str] | Sequence[int]
) -> tuple[DataWarning, ...]:
    """Return what is suspicious about the target: ``LEAKAGE``, ``IMBALANCE``.

    Args:
        frame: the features, of any number of rows.
        y: ``(rows,)`` class indices with −1 for missing, or numbers with NaN.
        classes: labels in order, none for regression.
    """
    warnings = []
    leaks = [
        f"{name} ({strength:.3f})"
        for name, strength in strengths(frame, y, classes).items()
        if strength >= LEAK
    ]
    if leaks:
        listed = ", ".join(leaks[:_NAMED])
        message = (
            f"Each of these columns alone almost gives the target away: {listed}. Leave out what "
            "is not known when predictions are made."
        )
        warnings.append(DataWarning("LEAKAGE", message))
    return (*warnings, *_imbalance(y, classes))


def strengths(
    frame: Frame, y: Floats | Ints, classes: Sequence[str] | Sequence[int]
) -> Mapping[str, float]:
    """Return how much each column alone tells of the target, 0 to 1, the strongest first.

    Numbers with numbers: the absolute rank correlation. Numbers with two classes: |2 AUC − 1|.
    Groups with classes: Cramér's V; groups with numbers: the correlation ratio, both corrected for
    the number of groups. Numbers with any target also: how alike neighbours' targets are, which
    sees what is not monotone; the greater counts.

    Reference: W. Bergsma, "A bias-correction for Cramér's V and Tschuprow's T" (2013);
    S. Chatterjee, "A new coefficient of correlation" (2021).
    """
    present = np.flatnonzero(y >= 0 if len(classes) else ~np.isnan(y))
    if len(present) > MOST_ROWS:
        present = np.sort(np.random.default_rng(0).choice(present, MOST_ROWS, replace=False))
    if len(present) < _FEWEST_ROWS:
        return {}
    target = y[present]
    found = {
        name: _strength(_taken(frame.scalars(name), present), target, len(classes))
        for name in frame.columns
    }
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _imbalance(y: Floats | Ints, classes: Sequence[str] | Sequence[int]) -> list[DataWarning]:
    if not len(classes):
        return []
    counts = np.bincount(y[y >= 0].astype(np.int64), minlength=len(classes))
    most, least = int(counts.argmax()), int(counts.argmin())
    if counts[most] < _UNEVEN * max(1, counts[least]):
        return []
    share = 100 * counts[most] / counts.sum()
    shown = f"{share:.0f}" if share < 99 else f"{min(share, 99.9):.1f}"  # but never all
    rare = repr(str(classes[least])[:80])
    better = f", or with {rare} as the positive class at average precision"
    message = (
        f"Class {str(classes[most])[:80]!r} has {shown} % of the rows and "
        f"{counts[most] / max(1, counts[least]):.0f} times those of {rare}: accuracy says little "
        f"here; look at balanced accuracy{better if len(classes) == 2 else ''}."
    )
    return [DataWarning("IMBALANCE", message)]


def _taken(cells: Scalars, rows: Ints) -> Scalars:
    return cells.take(rows) if isinstance(cells, Strings) else cells[rows]


def _strength(cells: Scalars, y: Floats | Ints, classes: int) -> float:
    if isinstance(cells, Strings):
        return _of_groups(cells.codes.astype(np.int64) + 1, y, classes)
    known = ~np.isnan(cells)
    if known.sum() < _FEWEST_ROWS:
        return 0.0
    numbers, target = cells[known], y[known]
    if numbers.min() == numbers.max():
        return 0.0
    alike = _of_neighbours(numbers, target, classes)
    if classes == 2:
        return max(alike, abs(_gini(numbers, target == 1)))
    if classes:
        return alike
    return max(alike, abs(_correlation(_ranks(numbers), _ranks(target))))


def _of_groups(groups: Ints, y: Floats | Ints, classes: int) -> float:
    codes = np.unique(groups, return_inverse=True)[1]
    if codes.max() == 0:
        return 0.0
    return _cramers_v(codes, y.astype(np.int64)) if classes else _ratio(codes, _ranks(y))


def _of_neighbours(numbers: Floats, y: Floats | Ints, classes: int) -> float:
    """Return how much alike the targets of neighbouring numbers are: 0 by chance, 1 always."""
    shuffled = np.random.default_rng(0).permutation(len(numbers))  # equal numbers stay in disorder
    order = shuffled[np.argsort(numbers[shuffled], kind="stable")]
    if not classes:
        n = len(y)
        steps = np.abs(np.diff(_ranks(y)[order])).sum()
        return max(0.0, 1 - 3 * float(steps) / (n * n - 1))
    labels = y[order].astype(np.int64)
    shares = np.bincount(labels) / len(labels)
    chance = float((shares**2).sum())
    alike = float((labels[1:] == labels[:-1]).mean())
    return max(0.0, (alike - chance) / (1 - chance)) if chance < 1 else 0.0


def _ranks(numbers: Floats | Ints) -> Floats:
    """Return ranks from 0, the mean of them among equals: ``(rows,)``."""
    codes, counts = np.unique(numbers, return_inverse=True, return_counts=True)[1:]
    ranks: Floats = (np.cumsum(counts) - (counts + 1) / 2)[codes]
    return ranks


def _correlation(a: Floats, b: Floats) -> float:
    a, b = a - a.mean(), b - b.mean()
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / spread if spread > 0 else 0.0


def _gini(numbers: Floats, hit: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    positives, negatives = int(hit.sum()), int((~hit).sum())
    if not positives or not negatives:
        return 0.0
    above = float(_ranks(numbers)[hit].sum()) - positives * (positives - 1) / 2
    return 2 * above / (positives * negatives) - 1


def _cramers_v(groups: Ints, y: Ints) -> float:
    labels = np.unique(y, return_inverse=True)[1]
    k, c, n = int(groups.max()) + 1, int(labels.max()) + 1, len(y)
    if k < 2 or c < 2:
        return 0.0
    table = np.bincount(groups * c + labels, minlength=k * c).reshape(k, c).astype(np.float64)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi = float(((table - expected) ** 2 / expected).sum()) / n
    corrected = max(0.0, phi - (k - 1) * (c - 1) / (n - 1))
    smaller = min(k - (k - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    return min(1.0, float(np.sqrt(corrected / smaller))) if smaller > 0 else 0.0


def _ratio(groups: Ints, ranks: Floats) -> float:
    k, n = int(groups.max()) + 1, len(ranks)
    total = float(((ranks - ranks.mean()) ** 2).sum())
    if n <= k or total == 0:
        return 0.0
    means = np.bincount(groups, ranks) / np.bincount(groups)
    within = float(((ranks - means[groups]) ** 2).sum())
    return float(np.sqrt(max(0.0, 1 - within / total * (n - 1) / (n - k))))
