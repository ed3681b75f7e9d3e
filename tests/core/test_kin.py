"""Rows that belong together are dealt together, in parts as even and alike as these allow."""

import numpy as np
import pytest

from automl.core.kin import Bond, Kin


def of(numbers: object, bond: Bond = "group") -> Kin:
    return Kin(np.asarray(numbers, np.int32), bond)


def test_rows_of_which_no_two_share_anything_have_no_kin() -> None:
    assert Kin.where_shared(np.array([2, 0, 1]), "copy") is None
    assert Kin.where_shared(np.array([], np.intp), "copy") is None
    shared = Kin.where_shared(np.array([2, 0, 2]), "copy")
    assert shared is not None
    assert shared.numbers.dtype == np.int32
    assert shared.take(np.array([0, 2])).numbers.tolist() == [2, 2]


@pytest.mark.parametrize("bond", ["copy", "group", "moment"])
@pytest.mark.parametrize("parts", [2, 5])
def test_no_part_divides_kin_and_parts_are_even(bond: Bond, parts: int) -> None:
    random = np.random.default_rng(0)
    numbers = random.integers(0, 60, 900)
    part = of(numbers, bond).deal(parts, random.normal(size=900))
    assert all(len(np.unique(part[numbers == number])) == 1 for number in range(60))
    assert np.bincount(part) / 900 == pytest.approx(np.full(parts, 1 / parts), abs=0.05)


def test_each_part_has_its_share_of_a_class_that_few_groups_have() -> None:
    numbers = np.repeat(np.arange(50), 8)
    rare = np.isin(numbers, [3, 4, 20, 21, 40]).astype(np.int64)
    part = of(numbers).deal(5, rare)
    assert np.bincount(part, weights=rare).tolist() == [8.0] * 5


def test_large_groups_are_not_all_in_one_part() -> None:
    numbers = np.repeat(np.arange(10), [200, 210, 220, 230, 240, 1, 2, 1, 3, 1])
    part = of(numbers).deal(5, np.zeros(len(numbers)))
    assert np.bincount(part).min() > 190


def test_moments_are_dealt_in_stretches_of_time() -> None:
    moments = np.random.default_rng(0).permutation(np.repeat(np.arange(40), 5))
    part = of(moments, "moment").deal(4, np.zeros(200))
    assert [np.unique(moments[part == n]).tolist() for n in range(4)] == [
        list(range(start, start + 10)) for start in (0, 10, 20, 30)
    ]


def test_the_newest_judge_and_else_about_as_many_as_asked_for() -> None:
    moments = np.random.default_rng(1).permutation(100)
    assert sorted(moments[of(moments, "moment").judges(4, moments)]) == list(range(75, 100))
    many_at_last = np.repeat([0, 1, 2], [10, 10, 80])
    late = of(many_at_last, "moment").judges(4, many_at_last)
    assert set(many_at_last[late]) == {2}
    sizes = np.repeat(np.arange(5), [900, 800, 300, 200, 1])
    assert of(sizes).judges(4, np.zeros(len(sizes))).sum() in range(300, 900)


@pytest.mark.parametrize("bond", ["group", "moment"])
def test_nobody_is_left_to_learn_from_where_all_are_kin(bond: Bond) -> None:
    one = of(np.zeros(7), bond)
    assert one.judges(4, np.arange(7)).all()
    assert len(np.unique(one.deal(5, np.arange(7)))) == 1
