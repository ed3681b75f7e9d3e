from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
import torch

from automl.training.optimizers import (
    Number,
    Optimizer,
    Step,
    clip,
    decay,
    moments,
    penalize,
    unbiased,
    update,
)

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


def at(
    optimizer: Optimizer,
    number: float,
    *,
    rate: float = RATE,
    beta2: float = 0.999,
    l2: float = 0.0,
    **other: Any,
) -> Step:
    moved, epsilon = unbiased(optimizer, rate, number=number, beta2=beta2)
    pulled, shrink = decay(optimizer, rate, l2)
    return Step(
        rate=moved,
        epsilon=epsilon,
        beta2=beta2,
        fresh=1.0 - beta2,
        l2=pulled,
        shrink=shrink,
        **other,
    )


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
        step = at(optimizer, number, momentum=momentum, nesterov=nesterov, l2=0.1)
        penalize(ours, slope, step)
        update(optimizer, ours, slope, memory, step)
    torch.testing.assert_close(ours, theirs.detach(), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(ours, start, atol=0.1)


def test_the_penalty_on_sizes_pulls_by_the_sign() -> None:
    weights, slope = torch.tensor([2.0, -0.5, 0.0]), torch.zeros(3)
    penalize(weights, slope, Step(rate=1.0, l1=0.1))
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
        step = at(Optimizer.ADAMW, number, beta2=0.95)
        update(Optimizer.ADAMW, ours, gradient(ours, number), memory, step, rates=rates)
    torch.testing.assert_close(ours, torch.cat(theirs).detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("optimizer", list(Optimizer))
def test_each_row_of_a_matrix_is_moved_by_numbers_of_its_own(optimizer: Optimizer) -> None:
    start = torch.randn(3, 32, generator=torch.Generator().manual_seed(3))
    steps = [
        at(optimizer, number, rate=rate, beta2=beta2, momentum=momentum, l1=l1, l2=l2, clip=limit)
        for number, rate, beta2, momentum, l1, l2, limit in (
            (1.0, 0.1, 0.9, 0.0, 0.0, 0.1, 0.5),
            (7.0, 0.01, 0.999, 0.9, 0.1, 0.0, 0.0),
            (2.0, 0.0, 0.95, 0.5, 0.01, 0.2, 50.0),
        )
    ]
    rows = [(start[row].clone(), moments(optimizer, start[row])) for row in range(3)]
    whole, memory = start.clone(), moments(optimizer, start)
    for number in range(3):
        for (weights, own), step in zip(rows, steps, strict=True):
            moved(optimizer, weights, gradient(weights, number), own, step)
        moved(optimizer, whole, gradient(whole, number), memory, joined(steps))
    torch.testing.assert_close(whole, torch.stack([weights for weights, _ in rows]))
    for name, array in memory.items():
        torch.testing.assert_close(array, torch.stack([own[name] for _, own in rows]))


def moved(
    optimizer: Optimizer,
    weights: torch.Tensor,
    slope: torch.Tensor,
    memory: dict[str, torch.Tensor],
    step: Step,
) -> None:
    clip(slope, torch.linalg.vector_norm(slope, dim=-1, keepdim=True), step)
    penalize(weights, slope, step)
    update(optimizer, weights, slope, memory, step)


def joined(steps: list[Step]) -> Step:
    def column(name: str) -> Number:
        values = [getattr(step, name) for step in steps]
        found = torch.tensor(values).unsqueeze(1)
        return torch.where(found == 0.0, torch.inf, found) if name == "clip" else found

    names = [field.name for field in fields(Step) if field.name != "nesterov"]
    return replace(steps[0], **{name: column(name) for name in names})  # type: ignore[arg-type]
