"""Which rows judge candidates and which the search never sees.

Rows are dealt by a hash of their content, so that equal rows land on the same side, and the order
of the rows in the file changes nothing. Rows are dealt one by one where they are no copies, since
their cells stand with other targets too, and where they could not be divided at all otherwise: a
class of nothing but equal rows, or fewer different rows than folds. Where a column says what
belongs together or what came first, that decides instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from automl.core.catalog import ValidationStrategy
from automl.core.frame import Arrays, Cells, Floats, Frame, Ints, Strings
from automl.core.kin import Kin
from automl.data.hashing import Hashes, hash_arrays, hash_numbers, hash_strings, mix

Rows: TypeAlias = npt.NDArray[np.intp]

AUTO_TEST_FROM = 5_000
"""Below so many rows every one of them is needed for training."""
AUTO_TEST_MOST = 2_500
HOLDOUT_FRACTION = 0.15
DEALT_GROUPS = 20_000
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Row indices: ``test`` the search never sees, ``dev`` is the rest, both ascending.

    ``folds`` are (train, valid) pairs of indices into ``dev``, ascending too; a single pair is a
    holdout. The valid parts of several folds are disjoint and cover ``dev``, but for folds in time:
    what comes first is never judged. ``kin`` says which rows of ``dev`` no split inside of it may
    divide either, None where any may be.
    """

    test: Rows
    dev: Rows
    folds: tuple[tuple[Rows, Rows], ...]
    kin: Kin | None = None


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
    return mix(_cell_hashes(y) + _row_hashes(frame))


def contested(frame: Frame, y: Floats | Ints) -> npt.NDArray[np.bool_]:
    """Return which rows are equal to others in all cells but the target: ``(rows,)``.

    A copy repeats its target too. What does not is one of the few rows that there can be, as where
    all columns are of few values. Were it kept with those of its own target alone, what judges it
    would have learned from nothing but rows that say the opposite. None are where most rows that
    are equal to others agree with all of them: these are copies, and a few of them were changed.
    """
    cells = _row_hashes(frame)
    _, row, count = np.unique(cells, return_inverse=True, return_counts=True)
    _, first = np.unique(mix(_cell_hashes(y) + cells), return_index=True)
    targets = np.bincount(row[first], minlength=len(count))
    found: npt.NDArray[np.bool_] = (targets > 1)[row]
    repeated = int(count[count > 1].sum())
    return found if 2 * int(found.sum()) > repeated else np.zeros_like(found)


def split_rows(
    hashes: Hashes,
    y: Floats | Ints,
    *,
    alone: npt.NDArray[np.bool_] | None = None,
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
        alone: which rows are dealt one by one, whatever they are equal to; None for none.
        stratify: whether every class is dealt on its own.
        strategy: holdout or kfold (auto means whatever ``folds`` says); for the others see
            `split_groups` and `split_time`.
        folds: how many; 1 is a holdout.
        test_fraction: share of the rows that the search never sees.
        seed: another seed deals other rows.
        holdout_fraction: share of the development rows that judge, in a holdout.
    """
    labels = y.astype(np.int64) if stratify else np.zeros(len(y), dtype=np.int64)
    hashes = _divisible(hashes, labels, folds, alone)
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
    return Split(test, dev, pairs, Kin.where_shared(groups.of_row, "copy"))


def split_groups(
    groups: Strings, labels: Ints, *, folds: int, test_fraction: float, seed: int
) -> Split:
    """Return test part and folds with every group whole on one side; at most a fold a group.

    Parts are as even as whole groups allow, in every class.

    Args:
        groups: each row's group; none missing.
        labels: each row's class, zeros for regression.
        folds: how many; fewer where there are fewer groups.
        test_fraction: share of the rows that the search never sees.
        seed: another seed deals groups of equal size otherwise.
    """
    sizes = np.zeros((len(groups.values), int(labels.max(initial=0)) + 1))
    np.add.at(sizes, (groups.codes, labels), 1.0)
    shuffled = mix(
        hash_strings(pa.array(groups.values, pa.string()))
        ^ mix(np.array([seed % 2**64], dtype=np.uint64))
    )
    in_test = _deal_groups(sizes, shuffled, [test_fraction, 1 - test_fraction]) == 0
    if (sizes[~in_test].sum(axis=1) > 0).sum() < 2:
        in_test[:] = False
    row_in_test = in_test[groups.codes]
    test, dev = np.flatnonzero(row_in_test), np.flatnonzero(~row_in_test)
    sizes[in_test] = 0.0
    parts = min(folds, int((sizes.sum(axis=1) > 0).sum()))
    numbers = _deal_groups(sizes, shuffled, [1 / parts] * parts)[groups.codes[dev]]
    pairs = tuple(
        (np.flatnonzero(numbers != n), np.flatnonzero(numbers == n)) for n in range(parts)
    )
    kin = Kin.where_shared(groups.codes[dev], "group")
    return Split(test, dev, tuple(pair for pair in pairs if len(pair[1])), kin)


def split_time(moments: Floats, *, folds: int, test_fraction: float) -> Split:
    """Return the newest rows as test part, and folds that learn from the past of what they judge.

    Rows of one moment stay together, so there may be fewer folds than asked for, even none.

    Args:
        moments: when each row happened; none missing.
        folds: how many, each of as many rows, the first trained on as many as it judges; 1 judges
            the newest `HOLDOUT_FRACTION`.
        test_fraction: share of the rows that the search never sees.
    """
    order = np.argsort(moments, kind="stable")
    cuts = 1 + np.flatnonzero(np.diff(moments[order]) != 0)
    until = len(order)
    if test_fraction > 0 and len(cuts) > 1:  # one cut is left for the folds
        until = _nearest(cuts[1:], len(order) * (1 - test_fraction))
    shares = [1 - HOLDOUT_FRACTION] if folds <= 1 else (np.arange(folds) + 1) / (folds + 1)
    inside = cuts[cuts < until]
    edges = sorted({_nearest(inside, until * share) for share in shares} if len(inside) else [])
    dev = np.sort(order[:until])
    place = np.empty(len(order), dtype=np.intp)
    place[dev] = np.arange(len(dev))
    pairs = tuple(
        (np.sort(place[order[:start]]), np.sort(place[order[start:end]]))
        for start, end in pairwise([*edges, until])
    )
    nth = np.zeros(len(order), dtype=np.int32)  # moment, of each row
    nth[order[cuts]] = 1
    nth[order] = np.cumsum(nth[order])
    return Split(np.sort(order[until:]), dev, pairs, Kin(nth[dev], "moment"))


def _nearest(cuts: Rows, wanted: float) -> int:
    return int(cuts[np.argmin(np.abs(cuts - wanted))])


def _deal_groups(sizes: Floats, shuffled: Hashes, shares: Sequence[float]) -> Ints:
    """Return each group's part: the largest groups first, each to where it is missed most.

    Behind `DEALT_GROUPS` they are small and many enough to be dealt blindly.

    Args:
        sizes: ``(groups, classes)`` rows.
        shuffled: the order of groups of equal size.
        shares: of the rows, for each part; they sum to one.
    """
    wanted = np.maximum(np.array(shares), 1e-12)[:, None]
    weights = sizes / np.maximum(sizes.sum(axis=0), 1.0)
    held = np.zeros((len(shares), sizes.shape[1]))
    order = np.lexsort((shuffled, -sizes.sum(axis=1)))
    parts = np.empty(len(sizes), dtype=np.int64)
    spread = np.modf(np.arange(len(sizes)) * _GOLDEN)[0]  # as even as can be, in any stretch
    parts[order] = np.searchsorted(np.cumsum(shares)[:-1], spread, side="right")
    for group in order[:DEALT_GROUPS]:
        crowd = ((2 * held + weights[group]) * weights[group] / wanted).sum(axis=1)
        parts[group] = int(np.argmin(crowd))
        held[parts[group]] += weights[group]
    return parts


def _divisible(
    hashes: Hashes, labels: Ints, folds: int, alone: npt.NDArray[np.bool_] | None
) -> Hashes:
    """Return the hashes, different for equal rows ``alone`` or too few to be on two sides."""
    pairs = np.stack([labels.astype(np.uint64), hashes])
    _, content, sizes = np.unique(pairs, axis=1, return_inverse=True, return_counts=True)
    content = content.ravel()
    label_of = np.zeros(len(sizes), dtype=np.int64)
    label_of[content] = labels
    apart = (np.bincount(label_of) == 1)[labels] | (len(sizes) < folds)
    if alone is not None:
        apart |= alone
    if not apart.any():
        return hashes
    order = np.argsort(content, kind="stable")
    copy = np.empty(len(hashes), dtype=np.uint64)
    copy[order] = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.where(apart & (copy > 0), mix(hashes ^ mix(copy)), hashes)


def _row_hashes(frame: Frame) -> Hashes:
    rows = np.zeros(frame.rows, dtype=np.uint64)
    names = hash_strings(pa.array(list(frame.columns), pa.string()))
    for (name, column), its in zip(frame.columns.items(), names, strict=True):
        alone = Frame({name: column}, frame.rows)  # of thousands only this one is looked at
        cells = np.concatenate([_cell_hashes(part.columns[name]) for part in alone.parts()])
        rows = rows + mix(cells ^ its)
    return rows


def _cell_hashes(cells: Cells | Ints) -> Hashes:
    if isinstance(cells, Strings):
        table = hash_strings(pa.array([*cells.values, ""], pa.string()))
        return table[cells.codes]
    if isinstance(cells, Arrays):
        return hash_arrays(cells.values)
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
        wanted = largest_remainder(rows * fraction)
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


def largest_remainder(shares: Floats) -> Ints:
    """Return whole numbers near the shares that add up to their rounded sum."""
    whole = np.floor(shares).astype(np.int64)
    missing = round(float(shares.sum())) - int(whole.sum())
    order = np.argsort(-(shares - whole), kind="stable")
    whole[order[:missing]] += 1
    return whole
