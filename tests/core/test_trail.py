"""Where all folds end, and what each said there."""

import json
from itertools import pairwise

import numpy as np
import pytest

from automl.core.state import State
from automl.core.trail import Trail, marked, shared_end


def trail(losses: dict[int, float], rows: int = 4) -> Trail:
    """Return a trail that said its step's number, of so many rows."""
    made = Trail()
    for step, loss in losses.items():
        made.add(step, loss, np.full((rows, 2), step, np.float64))
    return made


def test_all_end_where_together_they_lost_least() -> None:
    one, other = trail({1: 0.5, 2: 0.1, 3: 0.4}), trail({1: 0.5, 2: 0.9, 3: 0.4})
    assert shared_end([one, other]) == 3
    assert shared_end([one]) == 2


def test_each_row_counts_once() -> None:
    few, many = trail({1: 0.0, 2: 1.0}, rows=2), trail({1: 0.4, 2: 0.0}, rows=8)
    assert shared_end([few, many]) == 2


def test_who_ended_before_is_taken_as_it_ended() -> None:
    short, long = trail({1: 0.5, 2: 0.4}), trail({1: 0.6, 2: 0.5, 3: 0.2, 4: 0.3})
    assert shared_end([short, long]) == 3
    assert short.at(3).tolist() == [[2.0, 2.0]] * 4
    assert long.at(3).tolist() == [[3.0, 3.0]] * 4


def test_of_equal_steps_it_is_the_first() -> None:
    assert shared_end([trail({1: 0.4, 2: 0.4}), trail({1: 0.4, 2: 0.4})]) == 1


def test_what_has_no_loss_has_no_say() -> None:
    undefined = trail({1: np.nan, 2: np.nan})
    assert shared_end([undefined, trail({1: 0.5, 2: 0.4})]) == 2
    assert shared_end([undefined, undefined]) == 1
    sometimes = trail({1: 0.1, 2: np.nan, 3: 0.1})
    assert shared_end([sometimes, trail({1: 0.3, 2: 0.3, 3: 0.2})]) == 3, "fewer have lost no less"


def test_what_came_later_is_forgotten() -> None:
    long = trail({1: 0.6, 2: 0.5, 3: 0.2})
    long.cut(2)
    assert (long.steps, long.losses, len(long.said)) == ([1, 2], [0.6, 0.5], 2)
    long.cut(0)
    assert long.steps == []


@pytest.mark.parametrize("losses", [{}, {1: 0.5, 7: np.nan}])
def test_as_plain_data_and_back(losses: dict[int, float]) -> None:
    made = trail(losses)
    kept = made.state()
    back = Trail.load(State(json.loads(json.dumps(kept.header)), kept.arrays))
    assert back.steps == made.steps
    assert np.array_equal(back.losses, made.losses, equal_nan=True)
    assert np.array_equal(back.said, made.said)
    back.add(9, 0.1, np.zeros((4, 2)))
    assert shared_end([back]) == 9


def test_of_thousands_of_steps_few_are_remembered_and_none_far_from_the_next() -> None:
    steps = [step for step in range(1, 5000) if marked(step)]
    assert len(steps) < 200
    assert steps[:20] == list(range(1, 21))
    assert all(b - a <= max(1, a / 20) for a, b in pairwise(steps))
