"""The number of lanes follows what their steps took, and only where that was shown."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.training.strides import Kind, Strides, cheapest, power, stepping

KIND = Kind("mlp", "cpu", 17)
FOLDS, MOST = 8, 4
EPOCHS = 3


def strides() -> Strides:
    return Strides(lambda _: lambda: 0.0)


def train(known: Strides, seconds: Mapping[int, float], *, epochs: int = EPOCHS) -> None:
    """Let a group of that kind take so many epochs with each number of lanes."""
    record = known.begin(KIND)
    for lanes, each in seconds.items():
        for _ in range(epochs):
            record.add(lanes, each)


def count(known: Strides, kind: Kind = KIND) -> int:
    return known.candidates(kind, MOST, FOLDS)


def test_it_begins_with_the_most() -> None:
    assert count(strides()) == MOST


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({32: 1.0, 16: 0.8}, 3),  # 24 lanes are of the same power of two, and nearer to the most
        ({32: 1.0, 31: 0.8}, 3),
        ({32: 1.0, 8: 0.8}, 1),
        ({32: 1.0, 16: 0.8, 8: 0.7}, 1),
        ({32: 1.0, 16: 0.7, 8: 0.8}, 3),
        ({32: 1.0, 16: 0.92}, MOST),
        ({32: 1.0, 16: 1.5}, MOST),
        ({32: 1.0, 4: 0.1}, MOST),  # fewer than a candidate has
        ({32: 1.0, 64: 0.1}, MOST),  # more than there may be
        ({16: 0.1}, MOST),  # nothing to hold it against
    ],
)
def test_it_follows_what_two_groups_showed(seconds: dict[int, float], expected: int) -> None:
    known = strides()
    train(known, seconds)
    assert count(known) == MOST
    train(known, {lanes: 3 * each for lanes, each in seconds.items()})  # another shape
    assert count(known) == expected


def test_what_one_group_denies_is_not_believed() -> None:
    known = strides()
    for share in (0.5, 0.95, 0.5):
        train(known, {32: 1.0, 16: share})
    assert count(known) == MOST


def test_two_epochs_and_one_that_was_disturbed_show_nothing() -> None:
    known = strides()
    for _ in range(3):
        train(known, {32: 1.0, 16: 0.5}, epochs=EPOCHS - 1)
    assert count(known) == MOST
    for _ in range(2):
        record = known.begin(KIND)
        for seconds in (1.0, 9.0, 1.0):
            record.add(32, seconds)
            record.add(16, 1.0)
    assert count(known) == MOST


@pytest.mark.parametrize("lanes", [16, 8])
def test_what_was_shown_once_is_forgotten(lanes: int) -> None:
    known = strides()
    for _ in range(2):
        train(known, {32: 1.0, lanes: 0.5})
    fewer = count(known)
    assert fewer < MOST
    counts = []
    for _ in range(8):
        counts.append(count(known))
        if counts[-1] > 1:
            train(known, {counts[-1] * FOLDS: 0.5})
    assert counts[0] == fewer
    assert counts[-1] == MOST


@pytest.mark.parametrize(
    "other", [Kind("tabm", "cpu", 17), Kind("mlp", "cuda", 17), Kind("mlp", "cpu", 18)]
)
def test_other_kinds_learn_nothing_of_it(other: Kind) -> None:
    known = strides()
    for _ in range(2):
        train(known, {32: 1.0, 16: 0.5})
    assert count(known) < MOST
    assert count(known, other) == MOST


SHARES = st.lists(st.dictionaries(st.integers(0, 7), st.floats(0.01, 10.0), max_size=8), max_size=6)


@given(shares=SHARES, most=st.integers(1, 40), folds=st.integers(1, 10))
def test_it_never_leaves_the_most_without_evidence(
    shares: list[dict[int, float]], most: int, folds: int
) -> None:
    found = cheapest(shares, most, folds)
    assert 1 <= found <= most
    if found < most:
        size = power(found * folds)
        shown = [each[size] for each in shares if size in each]
        assert size < power(most * folds)
        assert len(shown) >= 2
        assert max(shown) < 0.9


def test_a_processors_steps_are_timed_by_what_this_process_took(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("process_time", 1.0), ("perf_counter", 2.0)):
        monkeypatch.setattr(f"automl.training.strides.time.{name}", lambda value=value: value)
    assert (stepping("cpu")(), stepping("cuda")()) == (1.0, 2.0)
