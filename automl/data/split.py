"""Which rows judge candidates and which the search never sees.

Rows are dealt by a hash of their content, so that equal rows always land on the same side, and
the order of the rows in the file changes nothing.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from automl.core.catalog import ValidationStrategy
from automl.core.errors import NotSupported
from automl.core.frame import Cells, Floats, Frame, Ints, Strings
from automl.data.hashing import Hashes, hash_numbers, hash_strings, hash_text, mix

Rows: TypeAlias = npt.NDArray[np.intp]

AUTO_TEST_FROM = 5_000
"""Below so many rows every one of them is needed for training."""
AUTO_TEST_MOST = 2_500
HOLDOUT_FRACTION = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Row indices: ``test`` the search never sees, ``dev`` is the rest, both ascending.

    ``folds`` are (train, valid) pairs of indices into ``dev``, ascending too; a single pair is a
    holdout. The valid parts of several folds are disjoint and cover ``dev``.
    """

    test: Rows
    dev: Rows
    folds: tuple[tuple[Rows, Rows], ...]


def test_size(rows: int, test_fraction: float | None, has_test_set: bool) -> int:  # noqa: FBT001
    """Return how many of the rows are set aside; a fraction of None means auto."""
    if has_test_set:
        return 0
    if test_fraction is not None:
        return round(rows * test_fraction)
    return 0 if rows < AUTO_TEST_FROM else min(round(rows * 0.1), AUTO_TEST_MOST)


def content_hashes(frame: Frame, y: Floats | Ints) -> Hashes:
    """Return one hash a row over its raw cells and target: ``(rows,)``.

    The order of rows and columns and the codes of strings change nothing; names count.
    """
    rows = _cell_hashes(y)
    for name, cells in frame.columns.items():
        rows = rows + mix(_cell_hashes(cells) ^ np.uint64(hash_text(name)))
    return mix(rows)


def split_rows(
    hashes: Hashes,
    y: Floats | Ints,
    *,
    stratify: bool,
    strategy: ValidationStrategy,
    folds: int,
    test_fraction: float,
    seed: int,
    holdout_fraction: float = HOLDOUT_FRACTION,
) -> Split:
    """Return test part and folds of the rows behind ``hashes`` and ``y``, both ``(rows,)``.

    Args:
        hashes: a row's content, see `content_hashes`.
        y: class indices or numbers; only classes are stratified, none may be missing.
        stratify: whether every class is dealt on its own.
        strategy: holdout or kfold; auto means whatever ``folds`` says.
        folds: how many; 1 is a holdout.
        test_fraction: share of the rows that the search never sees.
        seed: another seed deals other rows.
        holdout_fraction: share of the development rows that judge, in a holdout.

    Raises:
        NotSupported: the strategy is time or group.
    """
    if strategy in {ValidationStrategy.TIME, ValidationStrategy.GROUP}:
        raise NotSupported(
            f"validation.strategy {strategy.value!r} does not work yet; use auto, holdout or kfold."
        )
    labels = y.astype(np.int64) if stratify else np.zeros(len(y), dtype=np.int64)
    groups = _Groups.of(hashes, labels, seed)
    keep = 2 if strategy is ValidationStrategy.HOLDOUT or folds <= 1 else folds
    in_test = groups.take_share(test_fraction, keep=keep)
    test, dev = np.flatnonzero(in_test), np.flatnonzero(~in_test)
    groups = _Groups.of(hashes[dev], labels[dev], seed)
    if strategy is ValidationStrategy.HOLDOUT or folds <= 1:
        numbers = np.where(groups.take_share(holdout_fraction, keep=1, least=1), 0, 1)
        parts = 1
    else:
        numbers, parts = groups.deal(folds), folds
    pairs = tuple(
        (np.flatnonzero(numbers != n), np.flatnonzero(numbers == n)) for n in range(parts)
    )
    return Split(test, dev, pairs)


def _cell_hashes(cells: Cells | Ints) -> Hashes:
    if isinstance(cells, Strings):
        table = hash_strings(pa.array([*cells.values, ""], pa.string()))
        return table[cells.codes]
    return hash_numbers(cells)


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """Equal rows of one class as groups, class by class and shuffled by hash within.

    ``of_row`` is each row's group; ``label``, ``count`` and ``rank`` (within the class, from 0)
    are per group, in dealing order.
    """

    of_row: Rows
    label: Ints
    count: Ints
    rank: Ints

    @classmethod
    def of(cls, hashes: Hashes, labels: Ints, seed: int) -> "_Groups":
        shuffled = mix(hashes ^ mix(np.array([seed % 2**64], dtype=np.uint64)))
        order = np.lexsort((shuffled, labels))
        first = np.ones(len(order), dtype=bool)
        first[1:] = (np.diff(labels[order]) != 0) | (np.diff(shuffled[order]) != 0)
        of_row = np.empty(len(order), dtype=np.intp)
        of_row[order] = np.cumsum(first) - 1
        label = labels[order][first]
        return cls(of_row, label, np.bincount(of_row, minlength=len(label)), _ranks(label))

    def take_share(self, fraction: float, *, keep: int, least: int = 0) -> npt.NDArray[np.bool_]:
        """Return which rows make up that share of every class.

        ``keep`` groups of each class are left; where there are more, ``least`` are taken.
        """
        taken = np.zeros(len(self.label), dtype=bool)
        rows: Floats = np.bincount(self.label, weights=self.count).astype(np.float64)
        wanted = _largest_remainder(rows * fraction)
        for label in np.flatnonzero(rows):
            first, last = np.searchsorted(self.label, [label, label + 1])
            groups = np.arange(first, max(first, last - keep))
            fitting = groups[self.count[groups] <= max(wanted[label], 1)]
            groups = fitting if len(fitting) else groups  # a group too large may not block the rest
            before = np.cumsum(self.count[groups]) - self.count[groups]
            # A group goes while at least half of it fits: equal rows must stay together.
            taken[groups] = before + self.count[groups] / 2 <= wanted[label]
            taken[groups[:least]] = True
        return taken[self.of_row]

    def deal(self, parts: int) -> Ints:
        """Return each row's part; every class of ``parts`` groups or more reaches each part."""
        order = np.lexsort((self.rank, -self.count, self.label))  # big groups first: even sizes
        numbers = np.empty(len(order), dtype=np.int64)
        # Dealing goes on where the class before ended, so that small classes do not all
        # favour the first parts.
        numbers[order] = np.arange(len(order)) % parts
        return numbers[self.of_row]


def _ranks(label: Ints) -> Ints:
    starts = np.flatnonzero(np.diff(label, prepend=label[:1] - 1))
    lengths = np.diff(np.append(starts, len(label)))
    return np.arange(len(label)) - np.repeat(starts, lengths)


def _largest_remainder(shares: Floats) -> Ints:
    """Return whole numbers near the shares that add up to their rounded sum."""
    whole = np.floor(shares).astype(np.int64)
    missing = round(float(shares.sum())) - int(whole.sum())
    order = np.argsort(-(shares - whole), kind="stable")
    whole[order[:missing]] += 1
    return whole
