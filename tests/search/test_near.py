"""A step away from a candidate is valid, near, and never the candidate itself."""

import numpy as np
import pytest

from automl import families
from automl.core.catalog import FamilyName
from automl.core.hyperparameter import Hyperparameter, defaults
from automl.search.near import near


@pytest.mark.parametrize("name", FamilyName)
def test_steps_are_valid_differ_and_keep_most(name: FamilyName) -> None:
    space = families.spec(name).space
    center = defaults(space)
    for seed in range(50):
        params = near(space, center, np.random.default_rng(seed))
        families.validate(name, params)
        kept = [key for key in center if params.get(key) == center[key]]
        assert params != center
        assert len(kept) >= len(center) // 2


def test_the_same_seed_takes_the_same_step() -> None:
    space = families.spec(FamilyName.MLP).space
    one, other = (near(space, defaults(space), np.random.default_rng(7)) for _ in range(2))
    assert one == other


def test_what_is_fixed_stays_and_what_opens_takes_its_default() -> None:
    space = families.narrow(families.spec(FamilyName.MLP).space, {"layers": 2, "width": 64})
    center = {**defaults(space), "optimizer": "adamw"}
    drawn = [near(space, center, np.random.default_rng(seed)) for seed in range(80)]
    assert {(d["layers"], d["width"]) for d in drawn} == {(2, 64)}
    opened = [d for d in drawn if d["optimizer"] == "sgd"]
    assert opened
    assert all("momentum" in d and "nesterov" in d for d in opened)


@pytest.mark.parametrize(("low", "high", "step"), [(1, 5, None), (2, 9, 3), (1, 2, None)])
def test_whole_numbers_stay_on_their_grid_and_move(low: int, high: int, step: int | None) -> None:
    item = Hyperparameter(name="n", type="int", default=low, low=low, high=high, step=step)
    values = {near((item,), {"n": low}, np.random.default_rng(seed))["n"] for seed in range(60)}
    assert low not in values
    assert values <= set(range(low, high + 1, step or 1))
    assert all(isinstance(value, int) for value in values)


def test_nothing_open_means_no_step() -> None:
    item = Hyperparameter(name="n", type="categorical", default="a", choices=("a",))
    assert near((item,), {"n": "a"}, np.random.default_rng(0)) == {"n": "a"}
