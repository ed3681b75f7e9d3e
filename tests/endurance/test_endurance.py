"""The measurements that are run by hand can be run; growth is told from noise."""

import os
from importlib import import_module

import pytest

from tests.endurance.__main__ import PROMISES
from tests.endurance.weight import drift, peak, pss


@pytest.mark.parametrize("name", PROMISES)
def test_every_promise_has_its_module(name: str) -> None:
    module = import_module(f"tests.endurance.{name}")
    assert callable(module.run)
    assert module.COUNT > 0


def test_growth_is_between_the_first_tenth_and_the_last() -> None:
    assert drift([100.0] * 10 + [90.0] * 80 + [110.0] * 10) == 0.1
    assert drift([0.0, 0.0]) == 0.0
    assert drift([0.0, 3.0]) == 1.0


def test_a_process_has_a_weight() -> None:
    assert 0 < pss(os.getpid()) <= peak(os.getpid())
