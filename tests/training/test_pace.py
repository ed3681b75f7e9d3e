from torch import nn

from automl.training.pace import Judging, Pace, Work, even, judging
from automl.training.progress import Progress
from automl.training.vector import flatten
from tests.training.folds import Watcher


class Training:
    """Steps of a given length on a clock of their own, in epochs of ten."""

    def __init__(
        self,
        planned: int,
        deadline: float | None,
        *,
        judging: Judging | None = None,
        validation: float = 0.0,
        work: Work = even,
    ) -> None:
        self.now = 0.0
        self.validation = validation
        network = nn.Linear(2, 1)
        self.progress = Progress(network, flatten(network), {}, steps=planned, epoch=1)
        watcher = Watcher(left=lambda: None if deadline is None else deadline - self.now)
        self.pace = Pace(
            lambda: self.now, watcher.seconds_left, planned, judging or Judging(), work
        )

    def run(self, steps: int, seconds: float) -> int:
        """Return the steps planned after that many more."""
        for _ in range(steps):
            self.now += seconds
            self.progress.step += 1
            self.pace.step(self.progress)
            if self.progress.step % 10 == 0:
                self.now += self.validation
                self.pace.plan(self.progress)
                self.progress.epoch += 1
        return self.progress.steps


def test_a_plan_fills_nine_tenths_of_the_time_and_nearer_its_end_more() -> None:
    training = Training(1000, deadline=100.0)
    assert training.run(9, seconds=1.0) == 90
    while training.progress.step < training.progress.steps:
        training.run(1, seconds=1.0)
    assert 92.0 < training.now <= 94.0


def test_a_plan_never_grows_beyond_what_was_asked_for() -> None:
    assert Training(30, deadline=100.0).run(9, seconds=1.0) == 30


def test_a_machine_that_gets_slower_shortens_the_plan_again() -> None:
    training = Training(80, deadline=100.0)
    assert training.run(20, seconds=1.0) == 80
    assert training.run(20, seconds=1.5) < 78
    while training.progress.step < training.progress.steps:
        training.run(1, seconds=1.5)
    assert 90.0 < training.now < 100.0


def test_a_plan_is_taken_back_up_within_the_first_epoch() -> None:
    training = Training(100, deadline=100.0)
    slow = training.run(9, seconds=5.0)
    assert slow < 30  # so that the first epoch ends beyond the plan's early part
    assert training.run(1, seconds=0.1) > slow
    after = training.progress.steps
    assert training.run(after - 10, seconds=0.01) == after


def test_a_plan_grows_again_while_little_of_it_is_done() -> None:
    training = Training(1000, deadline=1000.0)
    busy = training.run(20, seconds=5.0)
    assert training.run(30, seconds=1.0) > busy + 100
    late = training.run(350, seconds=1.0)
    assert late < 1000
    done = [training.progress.step / training.run(10, seconds=0.1) for _ in range(10)]
    assert done == sorted(done)  # it waits, but it does not go back
    assert late < training.progress.steps <= 1000


def test_time_that_a_busy_machine_seemed_to_lack_is_used_in_the_end() -> None:
    training = Training(1000, deadline=1000.0)
    while training.progress.step < training.progress.steps:
        training.run(1, seconds=2.0 if training.now < 500.0 else 1.0)
    assert 980.0 < training.now < 1000.0


def test_without_a_limit_the_plan_stays() -> None:
    assert Training(1000, deadline=None).run(500, seconds=1e9) == 1000


def test_when_no_time_is_left_the_plan_ends_where_it_stands() -> None:
    training = Training(1000, deadline=5.0)
    assert training.run(4, seconds=1.0) == training.progress.step


def test_within_an_epoch_longer_than_the_time_the_plan_follows_the_machine() -> None:
    training = Training(1000, deadline=100.0)
    assert training.run(9, seconds=0.5) == 180
    while training.progress.step < training.progress.steps:
        training.run(1, seconds=5.0)
    assert 80.0 < training.now < 100.0


def test_a_plan_leaves_the_time_of_validations_that_nobody_has_measured_yet() -> None:
    training = Training(1000, deadline=100.0, judging=judging(rows=480, batch_size=32))
    assert training.run(9, seconds=1.0) == 70  # two of ten steps each


def test_a_measured_validation_is_left_time_for_once_more() -> None:
    training = Training(1000, deadline=100.0, judging=Judging(steps=10.0), validation=5.0)
    while training.progress.step < training.progress.steps:
        training.run(1, seconds=1.0)
    assert 75.0 < training.now < 90.0  # the last epoch's and the fold's still fit


def test_where_judging_takes_most_of_the_time_a_fold_still_ends() -> None:
    training = Training(1000, deadline=100.0, judging=judging(rows=2_000, batch_size=32))
    while training.progress.step < training.progress.steps:
        training.run(1, seconds=1.0)
    assert training.now + 2 * 40.0 < 100.0


def test_in_half_precision_the_weights_that_are_kept_take_twice_as_long_to_judge() -> None:
    judged = judging(rows=2_000, batch_size=32, mixed=True)
    training = Training(1000, deadline=200.0, judging=judged, validation=40.0)
    while training.progress.step < training.progress.steps:
        training.run(1, seconds=1.0)
    assert training.now + 40.0 + 2 * 40.0 < 200.0


def _half_price(step: int, steps: int) -> float:
    return steps - step - 0.5 * max(0, steps // 2 - step)


def test_a_plan_knows_that_its_later_steps_cost_more() -> None:
    training = Training(1000, deadline=100.0, work=_half_price)
    assert training.run(9, seconds=0.5) == 120  # 60 of half a second, then 60 of a whole one
    while training.progress.step < training.progress.steps:
        cheap = training.progress.step < training.progress.steps // 2
        assert 119 <= training.run(1, seconds=0.5 if cheap else 1.0) < 126
    assert 90.0 < training.now <= 94.0


def test_validations_are_counted_beside_steps_that_get_dearer() -> None:
    training = Training(1000, deadline=200.0, validation=5.0, work=_half_price)
    while training.progress.step < training.progress.steps:
        cheap = training.progress.step < training.progress.steps // 2
        training.run(1, seconds=0.5 if cheap else 1.0)
    assert 165.0 < training.now < 190.0
