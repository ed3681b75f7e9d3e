"""What the steps of an epoch move each lane's weights by, written down before it begins.

Lanes of one candidate are moved alike, by plain numbers; those of several each by their own. A
table of all steps goes to the device at once, so that none of them waits for a copy.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from automl.training import run as runs
from automl.training.lane import Lane, by_training
from automl.training.optimizers import Number, Step, decay, unbiased

_Table = npt.NDArray[np.float64]
"""``(steps, lanes)``"""


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """The steps that follow, of all lanes: ``rates`` and ``held`` are ``(steps, lanes)``."""

    steps: Sequence[Step]
    rates: _Table
    """Learning rates."""
    held: _Table
    """Which part of dropout each step is given."""


def plan(lanes: Sequence[Lane], count: int) -> Moves:
    """Return the next ``count`` steps, of lanes of one candidate that stand at the same step."""
    trainings = by_training(lanes)
    found = [own[0] for own in trainings.values()]
    rates, held = (np.array([_column(lane, count, kind) for lane in found]).T for kind in _KINDS)
    if len(found) == 1:
        recipe, begun = found[0].run.recipe, found[0].progress.step
        parts = zip(rates[:, 0].tolist(), held[:, 0].tolist(), strict=True)
        moves = [
            runs.move(recipe, begun + at, rate=rate, held=part)
            for at, (rate, part) in enumerate(parts)
        ]
        each = [0] * len(lanes)
    else:
        places = {training: place for place, training in enumerate(trainings)}
        each = [places[lane.training] for lane in lanes]
        moves = _steps(found, rates, held, each)
    return Moves(moves, rates[:, each], held[:, each])


def _rate(lane: Lane, step: int) -> float:
    return lane.run.rate(step, lane.progress.steps)


def _held(lane: Lane, step: int) -> float:
    return lane.run.held(step, lane.progress.steps)


_KINDS = (_rate, _held)


def _column(lane: Lane, count: int, kind: Callable[[Lane, int], float]) -> list[float]:
    progress = lane.progress
    if kind is _held and not lane.run.recipe.fade:
        return [1.0] * count
    # Of steps behind the plan's end, which are never taken, any number will do.
    return [kind(lane, min(progress.step + at, progress.steps - 1)) for at in range(count)]


def _steps(lanes: Sequence[Lane], rates: _Table, held: _Table, each: list[int]) -> list[Step]:
    """Return the steps of lanes that differ: one lane of each candidate, in ``each``'s places."""
    recipes = [lane.run.recipe for lane in lanes]
    begun = np.array([lane.progress.step for lane in lanes])
    number = begun + np.arange(1.0, len(rates) + 1.0)[:, None]
    device, optimizer = lanes[0].run.y.device, recipes[0].optimizer

    def of(name: str) -> _Table:
        return np.broadcast_to([float(getattr(recipe, name)) for recipe in recipes], rates.shape)

    def numbers(table: _Table) -> Sequence[Number]:
        if (table == table[:, :1]).all():
            return [float(number) for number in table[:, 0]]
        whole = torch.tensor(table[:, each], dtype=torch.float32, device=device)
        return whole.unsqueeze(2).unbind()

    clips = of("clip")
    if clips.any():
        clips = np.where(clips == 0.0, np.inf, clips)
    moved, epsilons = unbiased(optimizer, rates, number=number, beta2=of("beta2"))
    l2, shrink = decay(optimizer, rates, held * of("l2"))
    columns = {
        "rate": moved,
        "epsilon": epsilons,
        "momentum": of("momentum"),
        "beta2": of("beta2"),
        "fresh": 1.0 - of("beta2"),
        "l1": held * of("l1"),
        "l2": l2,
        "shrink": shrink,
        "clip": clips,
    }
    listed = zip(*map(numbers, columns.values()), strict=True)
    nesterov = recipes[0].nesterov
    return [Step(**dict(zip(columns, step, strict=True)), nesterov=nesterov) for step in listed]
