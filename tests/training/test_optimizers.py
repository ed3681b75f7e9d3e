from collections.abc import Callable

import pytest
import torch

from automl.training.optimizers import Optimizer, Step, moments, penalize, update

Make = Callable[[list[torch.Tensor]], torch.optim.Optimizer]

RATE = 0.05
CASES: list[tuple[Optimizer, float, bool, Make]] = [
    (Optimizer.SGD, 0.0, False, lambda p: torch.optim.SGD(p, RATE, weight_decay=0.1)),
    (Optimizer.SGD, 0.9, False, lambda p: torch.optim.SGD(p, RATE, 0.9, weight_decay=0.1)),
    (
        Optimizer.SGD,
        0.9,
        True,
        lambda p: torch.optim.SGD(p, RATE, 0.9, weight_decay=0.1, nesterov=True),
    ),
    (Optimizer.RMSPROP, 0.0, False, lambda p: torch.optim.RMSprop(p, RATE, weight_decay=0.1)),
    (
        Optimizer.RMSPROP,
        0.9,
        False,
        lambda p: torch.optim.RMSprop(p, RATE, weight_decay=0.1, momentum=0.9),
    ),
    (Optimizer.ADAM, 0.0, False, lambda p: torch.optim.Adam(p, RATE, weight_decay=0.1)),
    (Optimizer.ADAMW, 0.0, False, lambda p: torch.optim.AdamW(p, RATE, weight_decay=0.1)),
]


def gradient(weights: torch.Tensor, number: int) -> torch.Tensor:
    return torch.sin(weights * 3 + number).detach()


@pytest.mark.parametrize(("optimizer", "momentum", "nesterov", "make"), CASES)
def test_updates_are_those_of_torch(
    optimizer: Optimizer, momentum: float, nesterov: bool, make: Make
) -> None:
    start = torch.randn(33, generator=torch.Generator().manual_seed(1))
    theirs = start.clone().requires_grad_()
    reference = make([theirs])
    ours, memory = start.clone(), moments(optimizer, start)
    for number in range(1, 31):
        theirs.grad = gradient(theirs, number)
        reference.step()
        slope = gradient(ours, number)
        penalize(optimizer, ours, slope, l1=0.0, l2=0.1, learning_rate=RATE)
        step = Step(number=number, learning_rate=RATE, momentum=momentum, nesterov=nesterov)
        update(optimizer, ours, slope, memory, step)
    torch.testing.assert_close(ours, theirs.detach(), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(ours, start, atol=0.1)


def test_the_penalty_on_sizes_pulls_by_the_sign() -> None:
    weights, slope = torch.tensor([2.0, -0.5, 0.0]), torch.zeros(3)
    penalize(Optimizer.ADAM, weights, slope, l1=0.1, l2=0.0, learning_rate=1.0)
    torch.testing.assert_close(slope, torch.tensor([0.1, -0.1, 0.0]))


def test_numbers_with_speeds_of_their_own_move_as_in_groups_of_torchs() -> None:
    start = torch.randn(32, generator=torch.Generator().manual_seed(2))
    rates = torch.tensor([0.1, 6.0]).repeat_interleave(16)
    theirs = [start[part].clone().requires_grad_() for part in (slice(16), slice(16, None))]
    groups = [
        {"params": [one], "lr": RATE * rate} for one, rate in zip(theirs, (0.1, 6.0), strict=True)
    ]
    reference = torch.optim.Adam(groups, betas=(0.9, 0.95))
    ours, memory = start.clone(), moments(Optimizer.ADAMW, start)
    for number in range(1, 21):
        for one in theirs:
            one.grad = gradient(one, number)
        reference.step()
        options = {"momentum": 0.0, "nesterov": False, "beta2": 0.95}
        step = Step(number=number, learning_rate=RATE, rates=rates, **options)  # type: ignore[arg-type]
        update(Optimizer.ADAMW, ours, gradient(ours, number), memory, step)
    torch.testing.assert_close(ours, torch.cat(theirs).detach(), rtol=1e-4, atol=1e-5)
