"""Equal rows stay together, classes are spread, and the order of rows changes nothing."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.catalog import ValidationStrategy
from automl.core.frame import Frame, Strings
from automl.data.hashing import Hashes, hash_numbers
from automl.data.split import (
    Split,
    content_hashes,
    contested,
    split_groups,
    split_rows,
    split_time,
)
from automl.data.split import test_size as size_of_test  # pytest would collect its own name

KFOLD, HOLDOUT = ValidationStrategy.KFOLD, ValidationStrategy.HOLDOUT
Ints = npt.NDArray[np.int64]


def split(
    hashes: Hashes,
    y: npt.NDArray[Any],
    *,
    stratify: bool = True,
    strategy: ValidationStrategy = KFOLD,
    folds: int = 5,
    test_fraction: float = 0.0,
    seed: int = 0,
) -> Split:
    return split_rows(
        hashes,
        y,
        stratify=stratify,
        strategy=strategy,
        folds=folds,
        test_fraction=test_fraction,
        seed=seed,
    )


def hashes_of(contents: Ints) -> Hashes:
    return hash_numbers(contents.astype(np.int64))


def side_of_row(parts: Split, rows: int) -> Ints:
    """Return −1 for test, else the fold that judges the row."""
    sides = np.full(rows, -2, dtype=np.int64)
    sides[parts.test] = -1
    for number, (_, valid) in enumerate(parts.folds):
        sides[parts.dev[valid]] = number
    return sides


@pytest.mark.parametrize(
    ("rows", "fraction", "given_test", "size"),
    [
        (4_999, None, False, 0),
        (5_000, None, False, 500),
        (100_000, None, False, 2_500),
        (100_000, None, True, 0),
        (1_000, 0.25, False, 250),
        (1_000, 0.25, True, 0),
        (100_000, 0.0, False, 0),
    ],
)
def test_sizes(rows: int, fraction: float | None, given_test: bool, size: int) -> None:
    assert size_of_test(rows, fraction, given_test) == size


def test_the_parts_are_disjoint_and_whole() -> None:
    y = np.arange(10_000) % 3
    parts = split(hashes_of(np.arange(10_000)), y, test_fraction=0.1)
    assert sorted([*parts.test, *parts.dev]) == list(range(10_000))
    assert len(parts.test) == 1_000
    judged = np.concatenate([valid for _, valid in parts.folds])
    assert sorted(judged) == list(range(9_000))
    for train, valid in parts.folds:
        assert sorted([*train, *valid]) == list(range(9_000))
        assert len(valid) == 1_800
        assert np.ptp(np.bincount(y[parts.dev[valid]])) <= 2
    assert np.ptp(np.bincount(y[parts.test])) <= 1


@settings(max_examples=150)
@given(
    contents=st.lists(st.integers(0, 30), min_size=12, max_size=120),
    classes=st.integers(1, 4),
    folds=st.integers(2, 5),
    fraction=st.sampled_from([0.0, 0.1, 0.3]),
    strategy=st.sampled_from([KFOLD, HOLDOUT]),
    seed=st.integers(0, 2**63),
)
def test_what_every_split_keeps(
    contents: list[int],
    classes: int,
    folds: int,
    fraction: float,
    strategy: ValidationStrategy,
    seed: int,
) -> None:
    cells = np.array(contents)
    y = cells % classes
    hashes = hashes_of(cells)

    def made(order: Ints) -> Split:
        return split(
            hashes[order],
            y[order],
            folds=folds,
            test_fraction=fraction,
            strategy=strategy,
            seed=seed,
        )

    parts = made(np.arange(len(cells)))
    sides = side_of_row(parts, len(cells))
    # Equal rows are on one side where there are enough different ones.
    for content in set(contents):
        others = set(cells[y == content % classes].tolist())
        if len(others) > 1 and len(set(contents)) >= folds:
            assert len(set(sides[cells == content].tolist())) == 1
    # The order of the rows changes nothing, but which of equal rows is where.
    order = np.random.default_rng(0).permutation(len(cells))
    again = side_of_row(made(order), len(cells))
    for content in set(contents):
        assert sorted(again[cells[order] == content]) == sorted(sides[cells == content])
    if strategy is KFOLD and fraction == 0.0 and len(cells) >= folds:
        assert all(len(train) and len(valid) for train, valid in parts.folds)
    for label in range(classes):
        distinct = len(set(cells[y == label].tolist()))
        judged = {*sides[y == label].tolist()} - {-1, -2}
        if strategy is KFOLD and distinct >= folds:
            assert len(judged) == folds
        # A class with two distinct rows or more is trained on in every fold.
        if distinct >= 2:
            for train, _ in parts.folds:
                assert (y[parts.dev[train]] == label).any()


def test_another_seed_deals_other_rows() -> None:
    hashes, y = hashes_of(np.arange(1_000)), np.zeros(1_000, dtype=np.int64)
    first, second = (split(hashes, y, test_fraction=0.2, seed=seed).test for seed in (1, 2))
    assert len(np.intersect1d(first, second)) < 80


def test_regression_is_dealt_evenly() -> None:
    y = np.random.default_rng(0).normal(size=1_003)
    parts = split(hash_numbers(y), y, stratify=False, folds=8, test_fraction=0.1)
    assert len(parts.test) == 100
    assert {len(valid) for _, valid in parts.folds} <= {112, 113}


def test_a_holdout_judges_on_every_class_that_has_two_rows() -> None:
    y = np.array([0] * 1_000 + [1] * 2 + [2])
    parts = split(hashes_of(np.arange(1_003)), y, strategy=HOLDOUT, folds=1)
    train, valid = parts.folds[0]
    assert len(parts.folds) == 1
    assert np.bincount(y[valid], minlength=3).tolist()[1:] == [1, 0]
    assert np.bincount(y[train], minlength=3).tolist()[1:] == [1, 1]
    assert 140 <= len(valid) <= 200


def test_rare_classes_do_not_all_land_in_the_first_fold() -> None:
    y = np.arange(500)  # as rare as can be
    parts = split(hashes_of(np.arange(500)), y)
    assert {len(valid) for _, valid in parts.folds} == {100}


def test_a_large_group_of_equal_rows_goes_one_way() -> None:
    cells = np.array([0] * 500 + list(range(1, 501)))
    parts = split(hashes_of(cells), np.zeros(1_000, dtype=np.int64), test_fraction=0.1)
    assert len(set(side_of_row(parts, 1_000)[:500].tolist())) == 1
    assert len(parts.test) == 100


def groups_of(codes: Ints) -> Strings:
    values = tuple(f"g{code:05}" for code in range(int(codes.max()) + 1))
    return Strings(codes.astype(np.int32), values)


@pytest.mark.parametrize("count", [3, 40, 30_000])
def test_groups_stay_whole_and_parts_are_even(count: int) -> None:
    random = np.random.default_rng(1)
    codes = random.permutation(np.concatenate([np.arange(count), random.integers(0, count, 9_000)]))
    labels = (random.random(len(codes)) < 0.2).astype(np.int64)
    parts = split_groups(groups_of(codes), labels, folds=5, test_fraction=0.2, seed=3)
    sides = side_of_row(parts, len(codes))
    assert all(len(set(sides[codes == code].tolist())) == 1 for code in range(min(count, 40)))
    assert len(parts.folds) == (2 if count == 3 else 5)  # one of three is the test part
    assert (sides > -2).all()
    if count > 3:
        assert abs(len(parts.test) / len(codes) - 0.2) < 0.03
        for _, valid in parts.folds:
            assert abs(len(valid) / len(parts.dev) - 0.2) < 0.03
            assert abs(labels[parts.dev][valid].mean() - 0.2) < 0.05


def test_groups_are_dealt_alike_in_any_order_and_otherwise_by_another_seed() -> None:
    codes = np.repeat(np.arange(30), 4)
    zeros = np.zeros(120, dtype=np.int64)
    one = split_groups(groups_of(codes), zeros, folds=4, test_fraction=0.1, seed=0)
    two = split_groups(groups_of(codes[::-1]), zeros, folds=4, test_fraction=0.1, seed=0)
    other = split_groups(groups_of(codes), zeros, folds=4, test_fraction=0.1, seed=1)
    assert side_of_row(one, 120).tolist() == side_of_row(two, 120)[::-1].tolist()
    assert side_of_row(one, 120).tolist() != side_of_row(other, 120).tolist()


def test_time_is_judged_by_what_came_before_and_the_newest_are_the_test() -> None:
    when = np.random.default_rng(0).permutation(np.repeat(np.arange(60.0), 3))
    parts = split_time(when, folds=4, test_fraction=0.2)
    assert sorted(when[parts.test].tolist()) == np.repeat(np.arange(48.0, 60.0), 3).tolist()
    assert len(parts.folds) == 4
    dev, end = when[parts.dev], -1.0
    for train, valid in parts.folds:
        assert dev[train].max() < dev[valid].min()
        assert set(dev[train]) == set(np.arange(dev[valid].min()))
        assert end < dev[valid].min()
        end = dev[valid].max()
        assert 24 <= len(valid) <= 33
    assert end == 47.0


def test_rows_of_one_moment_stay_together() -> None:
    when = np.array([0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0])
    parts = split_time(when, folds=5, test_fraction=0.25)
    assert when[parts.test].tolist() == [2.0]
    assert [when[parts.dev][train].tolist() for train, _ in parts.folds] == [[0.0]]
    one = split_time(when, folds=1, test_fraction=0.0)
    assert [when[one.dev][valid].tolist() for _, valid in one.folds] == [[2.0]]
    assert not split_time(np.zeros(9), folds=5, test_fraction=0.2).folds


def frame(numbers: list[float], codes: list[int], values: tuple[str, ...]) -> Frame:
    return Frame(
        {"n": np.array(numbers), "s": Strings(np.array(codes, dtype=np.int32), values)},
        len(numbers),
    )


def test_content_is_what_counts() -> None:
    y = np.array([0, 1, 0])
    one = content_hashes(frame([1.0, np.nan, 0.0], [0, -1, 1], ("a", "b")), y)
    # Other codes for the same strings, another order of rows, another sign of zero.
    two = content_hashes(frame([-0.0, 1.0, np.nan], [2, 0, -1], ("a", "aa", "b")), y[[2, 0, 1]])
    assert one[[2, 0, 1]].tolist() == two.tolist()
    assert len(set(one.tolist())) == 3


def test_columns_are_told_apart_but_may_change_places() -> None:
    y = np.zeros(1)
    a, b = np.array([1.0]), np.array([2.0])
    first = content_hashes(Frame({"a": a, "b": b}, 1), y)
    assert first == content_hashes(Frame({"b": b, "a": a}, 1), y)
    assert first != content_hashes(Frame({"a": b, "b": a}, 1), y)
    assert first != content_hashes(Frame({"a": a, "b": b}, 1), y + 1)


def test_a_row_is_contested_where_its_cells_stand_with_another_target() -> None:
    numbers, codes = [1.0, 1.0, 1.0, 2.0, 2.0, 1.0], [0, 0, 0, 0, 0, 1]
    cells = frame(numbers, codes, ("a", "b"))
    wanted = [True, True, True, False, False, False]
    assert contested(cells, np.array([0, 0, 1, 0, 0, 1])).tolist() == wanted
    assert contested(cells, np.array([0.5, 0.5, 0.7, 0.1, 0.1, 0.5])).tolist() == wanted


def test_none_is_contested_among_copies_of_which_few_were_changed() -> None:
    contents = np.repeat(np.arange(10.0), 4)
    y = contents % 2
    y[0] = 1.0
    cells = Frame({"n": contents}, len(contents))
    assert not contested(cells, y).any()
    assert not contested(Frame({"n": np.arange(40.0)}, 40), y).any()


def test_rows_alone_are_dealt_one_by_one_and_copies_stay_together() -> None:
    contents = np.repeat(np.arange(40), 10)
    alone = contents < 20
    y = contents % 2
    parts = split_rows(
        hashes_of(contents),
        y,
        alone=alone,
        stratify=True,
        strategy=KFOLD,
        folds=5,
        test_fraction=0.2,
        seed=0,
    )
    sides = side_of_row(parts, len(y))
    reached = np.array([len(set(sides[contents == content])) for content in range(40)])
    assert (reached[20:] == 1).all()
    assert reached[:20].min() > 2


def test_kin_are_the_copies_that_the_split_keeps_together() -> None:
    contents = np.repeat(np.arange(60), 3) + 1_000  # hashed as no number of a copy is
    y = contents % 2
    assert split(hashes_of(np.arange(180)), y).kin is None
    parts = split_rows(
        hashes_of(contents),
        y,
        alone=contents < 1_020,
        stratify=True,
        strategy=KFOLD,
        folds=5,
        test_fraction=0.2,
        seed=0,
    )
    assert parts.kin is not None
    assert parts.kin.bond == "copy"
    same = parts.kin.numbers[:, None] == parts.kin.numbers
    dev = contents[parts.dev]
    wanted = (dev[:, None] == dev) & (dev >= 1_020)[:, None]
    np.fill_diagonal(wanted, val=True)
    np.testing.assert_array_equal(same, wanted)


def test_kin_are_the_rows_of_a_group() -> None:
    codes = np.random.default_rng(0).integers(0, 30, 300)
    zeros = np.zeros(300, dtype=np.int64)
    parts = split_groups(groups_of(codes), zeros, folds=5, test_fraction=0.2, seed=0)
    assert parts.kin is not None
    assert parts.kin.bond == "group"
    assert parts.kin.numbers.tolist() == codes[parts.dev].tolist()
    alone = split_groups(groups_of(np.arange(40)), zeros[:40], folds=5, test_fraction=0.2, seed=0)
    assert alone.kin is None


@pytest.mark.parametrize("rows", [1, 3])
def test_kin_are_the_rows_of_a_moment_in_the_order_of_time(rows: int) -> None:
    when = np.random.default_rng(0).permutation(np.repeat(np.arange(60.0), rows))
    parts = split_time(when, folds=4, test_fraction=0.2)
    assert parts.kin is not None
    assert parts.kin.bond == "moment"
    assert parts.kin.numbers.tolist() == when[parts.dev].tolist()
