import pytest

from automl.families.pace import Pace
from tests.families.watcher import Watcher


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_without_a_limit_it_is_never_over() -> None:
    clock = Clock()
    pace = Pace(Watcher(), clock)
    clock.now += 1e9
    assert not pace.over()


@pytest.mark.parametrize(("left", "filled"), [(100.0, 90.0), (10.0, 8.0), (3.0, 1.5)])
def test_training_ends_before_the_time_is_up(left: float, filled: float) -> None:
    clock = Clock()
    pace = Pace(Watcher(left=left), clock)
    clock.now += filled - 0.1
    assert not pace.over()
    clock.now += 0.2
    assert pace.over()


def test_laps_follow_each_other() -> None:
    clock = Clock()
    pace = Pace(Watcher(), clock)
    clock.now += 3.0
    assert pace.lap() == 3.0
    assert pace.lap() == 0.0
