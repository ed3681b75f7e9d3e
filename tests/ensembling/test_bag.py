"""Which folds a file holds: all where they are cheap or count, few of the dear that do not."""

import pytest

from automl.ensembling.bag import keep


def test_what_is_cheap_or_counts_keeps_all() -> None:
    whole = tuple(range(8))
    assert keep([0.05, 0.9, 1.0], [0.0, 4e-4, 1e-5], [8, 8, 8]) == [whole] * 3
    assert keep([1.0], [1e-3], [1]) == [(0,)]


def test_the_folds_kept_make_error_and_time_least_together() -> None:
    for weight, tax in ((0.05, 6e-4), (0.16, 1.9e-3), (0.33, 1.8e-3), (0.6, 1.8e-3)):
        (kept,) = keep([weight], [tax], [8])

        def whole(number: float, weight: float = weight, tax: float = tax) -> float:
            return 0.025 * weight**2 / number + tax * number / 8

        least = min(whole(number) for number in range(1, 9))
        assert whole(len(kept)) <= 1.35 * least
        assert whole(max(0.5, len(kept) - 1.0)) >= least


def test_folds_are_spread_and_the_next_member_keeps_others() -> None:
    first, second = keep([0.1, 0.1], [1e-3, 1e-3], [8, 8])
    assert first == (0, 4)
    assert second == (1, 5)


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_at_least_one_and_never_one_twice(count: int) -> None:
    for weight in (1e-6, 0.1, 0.3, 0.7):
        for kept in keep([weight] * 9, [1e-3] * 9, [count] * 9):
            assert 1 <= len(set(kept)) == len(kept) <= count
            assert set(kept) <= set(range(count))
