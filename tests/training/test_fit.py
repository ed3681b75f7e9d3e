from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn
from typing_extensions import override

from automl.core.catalog import TrialFailure
from automl.core.errors import TrialError, TrialStopped
from automl.core.frame import Floats
from automl.core.hyperparameter import Params, Value
from automl.core.learner import Examples, Fold, Layout
from automl.core.state import State
from automl.training import archive
from automl.training.fit import fit
from automl.training.optimizers import Optimizer
from automl.training.schedules import Schedule
from tests.training.folds import (
    RECIPE,
    SmallNetwork,
    Watcher,
    classification,
    equal,
    regression,
)

FAMILY = SmallNetwork()


def train(
    fold: Fold, changes: Params | None = None, resume: State | None = None
) -> tuple[State, Watcher]:
    watcher = Watcher()
    fitted = fit(FAMILY, {**RECIPE, **(changes or {})}, fold, watcher, resume)
    return fitted.state(), watcher


def options(optimizer: str) -> dict[str, Value]:
    if optimizer == "sgd":
        return {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "learning_rate": 0.05}
    if optimizer == "rmsprop":
        return {"optimizer": "rmsprop", "momentum": 0.5, "learning_rate": 0.005}
    return {"optimizer": optimizer}


@pytest.mark.parametrize("schedule", Schedule)
@pytest.mark.parametrize("optimizer", Optimizer)
def test_every_optimizer_learns_on_every_schedule(optimizer: str, schedule: str) -> None:
    changes = {**options(optimizer), "schedule": schedule, "warmup": 0.1, "epochs": 12}
    for fold in (classification(), regression()):
        points = train(fold, changes)[1].points
        losses = [point.valid_loss or 0.0 for point in points]
        trained = [point.train_loss or 0.0 for point in points]
        assert min(losses) < 0.8 * losses[0]
        assert trained[-1] < 0.8 * trained[0]


@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
def test_every_loss_brings_values_near(loss: str) -> None:
    points = train(regression(800), {"loss": loss, "epochs": 20})[1].points
    values = [point.value or 9.0 for point in points]
    assert min(values) < 0.5 < values[0]


@pytest.mark.parametrize("optimizer", Optimizer)
def test_resuming_gives_the_weights_of_an_undisturbed_training(optimizer: str) -> None:
    changes: dict[str, Value] = {
        **options(optimizer),
        "schedule": "cosine",
        "warmup": 0.1,
        "dropout": 0.3,
        "normalization": "batch",
        "clip": 1.0,
        "l1": 1e-4,
        "l2": 1e-3,
    }
    whole, watcher = train(classification(), changes)
    for done in (1, 3, 5):
        stored = archive.unpack(archive.pack(watcher.states[done - 1]))
        torch.manual_seed(done)  # a new process has another random state
        resumed, after = train(classification(), changes, stored)
        assert equal(resumed, whole)
        assert equal_points(after, watcher, done)


def equal_points(after: Watcher, watcher: Watcher, done: int) -> bool:
    def measured(watched: Watcher) -> list[object]:
        return [replace(point, seconds=0.0) for point in watched.points]

    return measured(after) == measured(watcher)[done:]


def test_a_checkpoint_does_not_change_while_training_goes_on() -> None:
    watcher = Watcher()
    packed: list[bytes] = []
    kept: list[State] = []

    def save(state: Callable[[], State]) -> None:
        kept.append(state())
        packed.append(archive.pack(kept[-1]))

    watcher.save = save  # type: ignore[method-assign]
    fit(FAMILY, RECIPE, classification(), watcher)
    assert [archive.pack(state) for state in kept] == packed
    assert len(set(packed)) == len(packed)


def test_training_is_a_function_of_the_seed_alone() -> None:
    changes: dict[str, Value] = {"dropout": 0.3, "normalization": "batch"}
    torch.manual_seed(1)
    one = train(classification(), changes)[0]
    torch.manual_seed(2)
    assert equal(train(classification(), changes)[0], one)
    assert not equal(train(replace(classification(), seed=9), changes)[0], one)


def test_where_numpy_put_the_rows_does_not_matter() -> None:
    fold = classification()
    x = np.empty(fold.train.x.size + 1, dtype=np.float32)[1:].reshape(fold.train.x.shape)
    x[:] = fold.train.x
    moved = replace(fold, train=Examples(x, fold.train.y))
    assert equal(train(moved)[0], train(fold)[0])


def test_training_leaves_torchs_random_state_alone() -> None:
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    train(classification(), {"dropout": 0.3})
    assert torch.equal(torch.random.get_rng_state(), before)


def test_every_epoch_is_reported_with_all_it_measured() -> None:
    _, watcher = train(classification(), {"schedule": "linear"})
    assert [point.epoch for point in watcher.points] == [1, 2, 3, 4, 5]
    for point in watcher.points:
        numbers = (point.train_loss, point.valid_loss, point.value, point.gradient_norm)
        assert all(number is not None and np.isfinite(number) for number in numbers)
        assert point.seconds > 0.0
    rates = [point.learning_rate or 0.0 for point in watcher.points]
    assert all(later < sooner for sooner, later in pairwise(rates))


def test_the_best_epochs_weights_are_kept() -> None:
    fold = classification(classes=4)
    _, watcher = train(fold, {"learning_rate": 0.3, "epochs": 15})
    fitted = fit(FAMILY, {**RECIPE, "learning_rate": 0.3, "epochs": 15}, fold, Watcher())
    best = max(watcher.points, key=lambda p: (p.value or 0.0, -(p.valid_loss or 0.0)))
    assert fitted.epochs == best.epoch < 15
    assert fold.score(fitted.predict(fold.valid.x)) == best.value
    stopped = Watcher(stop_after=best.epoch)
    with pytest.raises(TrialStopped):
        fit(FAMILY, {**RECIPE, "learning_rate": 0.3, "epochs": 15}, fold, stopped)
    loss = np.mean(-np.log(fitted.predict(fold.valid.x)[range(len(fold.valid.y)), fold.valid.y]))
    assert loss == pytest.approx(best.valid_loss, rel=1e-5)


def test_scores_where_less_is_better_are_kept_low() -> None:
    fold = regression()
    fitted = fit(FAMILY, {**RECIPE, "learning_rate": 0.2, "epochs": 15}, fold, watcher := Watcher())
    assert fold.score(fitted.predict(fold.valid.x)) == min(p.value or 9.0 for p in watcher.points)


def test_patience_ends_a_training_that_no_longer_gains() -> None:
    scores = iter([0.5, 0.7, 0.6, 0.6, 0.6])
    fold = replace(classification(), score=lambda _: next(scores))
    fitted = fit(FAMILY, {**RECIPE, "epochs": 50, "patience": 3}, fold, watcher := Watcher())
    assert fitted.epochs == 2
    assert len(watcher.points) == 5


def test_of_equal_scores_the_lowest_loss_is_best() -> None:
    fold = replace(classification(classes=4), score=lambda _: 0.5)
    params = {**RECIPE, "learning_rate": 0.3, "epochs": 15}
    fitted = fit(FAMILY, params, fold, watcher := Watcher())
    losses = [point.valid_loss or 0.0 for point in watcher.points]
    assert fitted.epochs == 1 + losses.index(min(losses))


def test_a_score_that_is_no_number_is_neither_best_nor_an_obstacle() -> None:
    scores = iter([np.nan, 0.4, np.nan, 0.5, np.nan])
    fold = replace(classification(), score=lambda _: next(scores))
    fitted = fit(FAMILY, RECIPE, fold, watcher := Watcher())
    assert fitted.epochs == 4
    assert [point.value for point in watcher.points] == [None, 0.4, None, 0.5, None]
    for state in watcher.states:
        archive.unpack(archive.pack(state))


def test_patience_is_counted_on_after_a_resume() -> None:
    scores: list[float] = [0.9, 0.1, 0.1, 0.1, 0.1, 0.1]

    def falling() -> Callable[[Floats], float]:
        rest = iter(scores)
        return lambda _: next(rest)

    params = {**RECIPE, "epochs": 50, "patience": 3}
    fit(FAMILY, params, replace(classification(), score=falling()), whole := Watcher())
    assert len(whole.points) == 4
    fold = replace(classification(), score=lambda _: 0.1)
    fit(FAMILY, params, fold, rest := Watcher(), whole.states[1])
    assert [point.epoch for point in rest.points] == [3, 4]


def test_a_training_that_ended_is_not_trained_again() -> None:
    whole, watcher = train(classification())
    again, after = train(classification(), None, watcher.states[-1])
    assert equal(again, whole)
    assert after.points == []


@pytest.mark.parametrize("changes", [{"optimizer": "sgd", "learning_rate": 1e8}, {"x": np.nan}])
def test_divergence_is_found_and_explained(changes: dict[str, Value]) -> None:
    fold = regression()
    if "x" in changes:
        fold.train.x[5] = np.nan
    with pytest.raises(TrialError, match=r"epoch 1, at step \d+.*learning rate") as caught:
        train(fold, {**changes, "epochs": 30})
    assert caught.value.failure is TrialFailure.NON_FINITE_LOSS


def test_an_exploding_gradient_never_reaches_the_kept_weights() -> None:
    """Finite losses, absurd gradients: caught before the epoch is judged."""
    fold = regression()
    fold.train.x[3] = 1e12
    with pytest.raises(TrialError, match="gradient's norm"):
        train(fold, {"learning_rate": 1e-4})


def test_validation_rows_that_overflow_are_a_divergence() -> None:
    fold = regression()
    fold.valid.x[0] = np.inf
    with pytest.raises(TrialError) as caught:
        train(fold)
    assert caught.value.failure is TrialFailure.NON_FINITE_LOSS


@pytest.mark.parametrize("batch", [1, 4, 7])
def test_a_stop_comes_within_a_batch(batch: int) -> None:
    watcher = Watcher(stop_at=batch)
    with pytest.raises(TrialStopped):
        fit(FAMILY, RECIPE, classification(), watcher)
    assert watcher.checks == batch
    assert len(watcher.points) == (batch - 1) // 4  # 120 rows in batches of 32: 4 steps an epoch


def test_a_plan_is_shortened_to_the_time_left() -> None:
    clock = StepClock(seconds=1.0)
    watcher = clock.watch(deadline=100.0)
    params = {**RECIPE, "schedule": "cosine", "epochs": 500}
    fit(clock, params, classification(), watcher, clock=clock.read)
    assert 80.0 < clock.now < 100.0
    rates = [point.learning_rate or 0.0 for point in watcher.points]
    assert rates[-1] < 0.02 * max(rates)  # the schedule has ended, it was not cut


def test_a_slow_start_does_not_shorten_a_plan_that_fits() -> None:
    clock = StepClock(seconds=1.0, first=50.0)
    watcher = clock.watch(deadline=300.0)
    fit(clock, {**RECIPE, "epochs": 40}, classification(480), watcher, clock=clock.read)
    assert 260.0 < clock.now < 300.0  # the mean of the first eight steps would allow 29


def test_a_plan_that_fits_is_left_alone() -> None:
    clock = StepClock(seconds=1.0)
    watcher = clock.watch(deadline=1000.0)
    fit(clock, RECIPE, classification(), watcher, clock=clock.read)
    assert [point.epoch for point in watcher.points] == [1, 2, 3, 4, 5]
    assert equal(watcher.states[-1], train(classification())[1].states[-1])


def test_an_epoch_that_does_not_fit_ends_within_the_time() -> None:
    clock = StepClock(seconds=1.0)
    watcher = clock.watch(deadline=50.0)
    fold = classification(2_000)  # 47 steps an epoch
    fitted = fit(clock, {**RECIPE, "epochs": 9}, fold, watcher, clock=clock.read)
    assert clock.now < 50.0
    assert fitted.epochs == len(watcher.points) == 1


def test_without_a_deadline_no_clock_is_asked_for_the_plan() -> None:
    """Replay order: however slow the machine, the plan is the same."""
    slow, fast = StepClock(seconds=1e6), StepClock(seconds=0.0)
    states = []
    for clock in (slow, fast):
        fit(clock, RECIPE, classification(), watcher := Watcher(), clock=clock.read)
        states.append(watcher.states[-1])
    assert equal(*states)


class StepClock(SmallNetwork):
    """A family whose networks take ``seconds`` of its own clock for each training step."""

    def __init__(self, seconds: float, first: float = 0.0) -> None:
        self.seconds = seconds
        self.first = first
        self.now = 0.0

    def read(self) -> float:
        return self.now

    def watch(self, deadline: float) -> Watcher:
        return Watcher(left=lambda: deadline - self.now)

    @override
    def build(self, params: Params, layout: Layout, outputs: int) -> nn.Module:
        network = super().build(params, layout, outputs)

        def tick(module: nn.Module, _: object) -> None:
            self.now += (self.seconds + self.first) if module.training else 0.0
            self.first = 0.0

        network.register_forward_pre_hook(tick)
        return network


class Hungry(SmallNetwork):
    """A family whose networks ask for more memory than there is."""

    def __init__(self, error: Callable[[], object]) -> None:
        self.error = error

    @override
    def build(self, params: Params, layout: Layout, outputs: int) -> nn.Module:
        self.error()
        return super().build(params, layout, outputs)


def python_memory() -> None:
    raise MemoryError


def device_memory() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory")


@pytest.mark.parametrize(
    "error", [python_memory, device_memory, lambda: torch.empty(1 << 60, dtype=torch.uint8)]
)
def test_running_out_of_memory_is_the_trials_failure(error: Callable[[], object]) -> None:
    with pytest.raises(TrialError, match="batch_size") as caught:
        fit(Hungry(error), RECIPE, classification(), Watcher())
    assert caught.value.failure is TrialFailure.OUT_OF_MEMORY


def test_other_errors_are_not_taken_for_it() -> None:
    def broken() -> None:
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        fit(Hungry(broken), RECIPE, classification(), Watcher())


@pytest.mark.parametrize("rows", [4, 5, 7, 45, 46])
def test_no_batch_is_a_single_row(rows: int) -> None:
    """Batch normalization cannot train on one row."""
    fold = classification(rows * 4 // 3 + 1, classes=2)
    for size in (1, 2, 3, 16, 1000):
        train(fold, {"normalization": "batch", "batch_size": size, "epochs": 1})
