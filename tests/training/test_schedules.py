import math

import pytest
import torch

from automl.training.schedules import Schedule, fading, multiplier

STEPS = 200
RISING = (Schedule.ONE_CYCLE, Schedule.COSLOG4)
"""Those with rises of their own."""


def curve(schedule: Schedule, warmup: float = 0.0, steps: int = STEPS) -> list[float]:
    return [multiplier(schedule, step, steps, warmup) for step in range(steps)]


def torch_curve(make: type, **options: object) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(optimizer, **options)
    rates = []
    for _ in range(STEPS):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(
    ("schedule", "make", "options"),
    [
        (Schedule.CONSTANT, torch.optim.lr_scheduler.ConstantLR, {"factor": 1.0}),
        (Schedule.STEP, torch.optim.lr_scheduler.MultiStepLR, {"milestones": [100, 150]}),
        (
            Schedule.EXPONENTIAL,
            torch.optim.lr_scheduler.ExponentialLR,
            {"gamma": 0.01 ** (1 / STEPS)},
        ),
        (
            Schedule.LINEAR,
            torch.optim.lr_scheduler.LinearLR,
            {"start_factor": 1.0, "end_factor": 0.0, "total_iters": STEPS},
        ),
        (Schedule.COSINE, torch.optim.lr_scheduler.CosineAnnealingLR, {"T_max": STEPS}),
    ],
)
def test_schedules_are_those_of_torch(
    schedule: Schedule, make: type, options: dict[str, object]
) -> None:
    assert curve(schedule) == pytest.approx(torch_curve(make, **options), abs=1e-9)


def test_one_cycle_is_torchs_but_for_where_its_grid_ends() -> None:
    # torch reaches the last value at the last step, we one step later, as the other schedules do.
    options = {"max_lr": 1.0, "total_steps": STEPS + 1, "cycle_momentum": False}
    theirs = torch_curve(torch.optim.lr_scheduler.OneCycleLR, **options)
    assert curve(Schedule.ONE_CYCLE) == pytest.approx(theirs, abs=0.02)
    assert curve(Schedule.ONE_CYCLE)[0] == pytest.approx(1 / 25)
    assert curve(Schedule.ONE_CYCLE)[60] == pytest.approx(1.0)
    assert curve(Schedule.ONE_CYCLE)[-1] < 1e-3


@pytest.mark.parametrize("schedule", [s for s in Schedule if s not in RISING])
def test_warmup_rises_evenly_to_the_peak(schedule: Schedule) -> None:
    rates = curve(schedule, warmup=0.1)
    assert rates[:20] == pytest.approx([(step + 1) / 21 for step in range(20)])
    assert rates[20] == 1.0
    # What follows is the whole schedule over the steps that are left.
    assert rates[20:] == pytest.approx(curve(schedule, steps=180))


@pytest.mark.parametrize("schedule", Schedule)
@pytest.mark.parametrize("steps", [1, 2, 3, 7])
@pytest.mark.parametrize("warmup", [0.0, 0.3, 0.99])
def test_however_few_the_steps_the_rate_is_positive_and_at_most_the_peak(
    schedule: Schedule, steps: int, warmup: float
) -> None:
    rates = curve(schedule, warmup, steps)
    assert all(0.0 < rate <= 1.0 and math.isfinite(rate) for rate in rates)


def test_coslog4_comes_back_to_nothing_four_times_each_later_than_the_last() -> None:
    rates = curve(Schedule.COSLOG4, steps=1_500)
    lows = [i for i in range(1, 1_499) if rates[i - 1] > rates[i] <= rates[i + 1]]
    assert lows == pytest.approx([100, 300, 700], abs=1)
    assert max(rates[700:]) == pytest.approx(1.0, abs=1e-3)
    assert rates[0] < 1e-3 > rates[-1]


def test_what_fades_is_whole_for_half_of_the_steps() -> None:
    parts = [fading(step, STEPS) for step in range(STEPS)]
    assert parts[: STEPS // 2 + 1] == [1.0] * (STEPS // 2 + 1)
    assert parts[STEPS * 3 // 4] == pytest.approx(0.5)
    assert parts[-1] < 1e-3
    assert parts == sorted(parts, reverse=True)
