import math

import pytest

from benchmarks.ranks import FAILED, duel, mean_ranks, ranks, set_ranks, won


def test_the_least_error_is_first_and_equals_share() -> None:
    assert ranks({"a": 0.3, "b": 0.1, "c": 0.2}) == {"a": 3, "b": 1, "c": 2}
    assert ranks({"a": 0.1, "b": FAILED, "c": FAILED}) == {"a": 1, "b": 2.5, "c": 2.5}


def test_a_set_is_ranked_on_the_splits_that_all_ran() -> None:
    assert set_ranks({"a": {0: 1.0, 1: 9.0}, "b": {0: 2.0}}) == {"a": 1, "b": 2}
    assert set_ranks({"a": {0: 1.0, 1: 9.0}, "b": {0: 2.0, 1: 2.0}}) == {"a": 2, "b": 1}
    assert set_ranks({"a": {1: 1.0}, "b": {0: 2.0}}) == {}


def test_ranks_are_averaged_over_sets_that_all_ran() -> None:
    table = {
        "one": {"a": {0: 1.0}, "b": {0: 2.0}},
        "two": {"a": {0: 2.0}, "b": {0: 1.0}},
        "three": {"a": {0: 1.0}, "b": {0: 2.0}},
        "four": {"a": {0: 1.0}},
    }
    places, sets = mean_ranks(table)
    assert places == pytest.approx({"a": 4 / 3, "b": 5 / 3})
    assert sets == 3


def test_differences_below_half_a_per_cent_are_half_a_win() -> None:
    assert won(1.0, 1.004) == won(1.004, 1.0) == 0.5
    assert (won(1.0, 1.006), won(1.006, 1.0)) == (1, 0)
    assert won(0.0, 0.0) == won(FAILED, FAILED) == 0.5
    assert (won(1.0, FAILED), won(FAILED, 1.0)) == (1, 0)


def test_a_duel_counts_sets_and_runs() -> None:
    found = duel(
        [
            ({0: 1.0, 1: 1.0}, {0: 2.0, 1: 0.9}),
            ({0: 1.0}, {0: FAILED, 1: 0.1}),
            ({1: 1.0}, {0: 1.0}),
        ]
    )
    assert (found["sets"], found["runs"]) == (2, 3)
    assert found["wins_by_set"] == 1
    assert found["wins_by_run"] == pytest.approx(2 / 3)
    assert found["error_ratio"] == pytest.approx(math.sqrt(0.5 / 0.9))
    assert duel([]) == {}
