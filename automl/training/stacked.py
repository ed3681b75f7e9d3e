"""Lanes as one tensor program: their weights are rows of one matrix.

So are their gradients and the optimizer's memory. A lane's own `Progress` shows its row, so it is
kept, checkpointed and ended by what serves a network alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from automl.core.balance import ClassWeight
from automl.core.errors import TrialError
from automl.core.learner import Program, Stacking
from automl.training import losses, moves
from automl.training import run as runs
from automl.training.lane import Lane, by_training
from automl.training.lanerows import LaneRows
from automl.training.optimizers import Moments
from automl.training.vector import Vector, places
from automl.training.watch import Watches

_Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """Lanes next to each other, as one program."""

    lanes: slice
    program: Program
    loss: _Loss
    leaves: list[Tensor]
    """All that the program differentiates, and where in the matrix its gradients go."""
    gradients: list[Tensor]

    def descend(self, x: Tensor, y: Tensor) -> Tensor:
        """Write the gradients of a batch into the matrix; return the losses: ``(lanes,)``."""
        outputs = self.program(x)
        if outputs.ndim == 4:  # several answers to a row: the mean of their losses
            y = y.repeat(1, outputs.shape[1])
            outputs = outputs.flatten(1, 2)
        lost = self.loss(outputs, y)
        found = torch.autograd.grad(lost.sum(), self.leaves)  # told ones for it, torch loads sympy
        for place, gradient in zip(self.gradients, found, strict=True):
            place.copy_(gradient)
        return lost.detach()


class Stacked:
    """Lanes of one shape that step together.

    Those of several candidates come in the order of their numbers of training rows.
    """

    def __init__(self, lanes: list[Lane], stacking: Stacking) -> None:
        self.lanes = lanes
        self.trainings = by_training(lanes)
        self.steps = lanes[0].run.steps
        self._stacking = stacking
        progresses = [lane.progress for lane in lanes]
        first = progresses[0]
        values = torch.stack([each.vector.values for each in progresses])
        gradient = torch.zeros_like(values)
        self._vector = Vector(values, gradient, first.vector.matrices, first.vector.rates)
        self._memory: Moments = {
            name: torch.stack([each.memory[name] for each in progresses]) for name in first.memory
        }
        self._fading = any(lane.run.recipe.fade for lane in lanes)
        self._rows = LaneRows(lanes)
        self._whole = self._side(slice(0, len(lanes)))
        self._sides: list[_Side] = []
        for row, each in enumerate(progresses):
            vector = replace(self._vector, values=values[row], gradient=gradient[row])
            each.move(vector, {name: whole[row] for name, whole in self._memory.items()})

    @property
    def several(self) -> bool:
        """Whether these are lanes of several candidates."""
        return len(self.trainings) > 1

    @property
    def stepping(self) -> bool:
        """Whether another step of this epoch is planned for all of them."""
        return all(own[0].stepping for own in self.trainings.values())

    def begin(self, at: int) -> None:
        """Make ready for the steps of this epoch from ``at`` on."""
        self._rows.order(self.lanes)
        self._watches = Watches([lane.watch for lane in self.lanes], self._vector.values.device)
        self.plan(at)

    def plan(self, at: int) -> None:
        """Write down the steps of this epoch from ``at`` on, anew when plans have changed."""
        self._moves = moves.plan(self.lanes, self.steps - at)
        self._planned = at

    def step(self, number: int) -> None:
        """Move the weights of every lane once, at the epoch's step of that number.

        What diverges ends its training.
        """
        at = number - self._planned
        if self._fading:
            for lane, part in zip(self.lanes, self._moves.held[at].tolist(), strict=True):
                lane.progress.fade(part)
        lost = self._descend(self._rows.batch(number))
        vector, optimizer = self._vector, self.lanes[0].run.recipe.optimizer
        with torch.no_grad():
            norms = torch.linalg.vector_norm(vector.gradient, dim=1, keepdim=True)
            runs.descend(optimizer, vector, self._memory, self._moves.steps[at], norms)
        self._fail(self._watches.see(lost, norms.squeeze(1), self._moves.rates[at]))
        for lane in self.lanes:
            lane.progress.step += 1

    def end(self) -> None:
        """Leave what was measured since ``begin`` with the lanes."""
        self._fail(self._watches.end())

    def outputs(self) -> list[Tensor]:
        """Return what each lane makes of its validation rows, on the CPU: ``(rows, outputs)``."""
        for lane in self.lanes:
            lane.progress.network.eval()
        with torch.inference_mode():
            made = [self._whole.program(x).float() for x in self._rows.judged()]
        whole = torch.cat(made, dim=1).cpu()
        return [each[: len(lane.run.y_valid)] for lane, each in zip(self.lanes, whole, strict=True)]

    def mark(self) -> Callable[[], None]:
        """Return what puts all lanes back to where they are now, wherever their rows lie then."""
        values = self._vector.values.clone()
        memory = {name: whole.clone() for name, whole in self._memory.items()}
        marks = [lane.progress.mark() for lane in self.lanes]

        def back() -> None:
            for row, (lane, mark) in enumerate(zip(self.lanes, marks, strict=True)):
                lane.progress.back(
                    mark, values[row], {k: whole[row] for k, whole in memory.items()}
                )

        return back

    def _fail(self, diverged: Mapping[int, TrialError]) -> None:
        for place, error in diverged.items():
            training = self.lanes[place].training
            training.error = training.error or error

    def _side(self, lanes: slice) -> _Side:
        """Return the lanes' program; what it learns are views of their rows of the matrix."""
        networks = [lane.progress.network for lane in self.lanes[lanes]]
        found = {id(parameter): part for parameter, part in places(networks[0])}
        leaves: list[Tensor] = []
        gradients: list[Tensor] = []

        def leaf(parameter: nn.Parameter) -> Tensor:
            values, gradient = (
                each[lanes, found[id(parameter)]].view(-1, *parameter.shape)
                for each in (self._vector.values, self._vector.gradient)
            )
            leaves.append(values.requires_grad_())
            gradients.append(gradient)
            return values

        program = self._stacking.stack(networks, leaf)
        return _Side(lanes, program, _loss(self.lanes[lanes]), leaves, gradients)

    def _descend(self, batch: list[Tensor]) -> Tensor:
        if len({index.shape[1] for index in batch}) == 1:
            return self._whole.descend(*self._rows.at(torch.cat(batch)))
        if not self.several:
            return self._apart([row for index in batch for row in index])
        self._sides = self._sides or [self._side(part) for part in self._rows.parts]
        parts = zip(self._sides, batch, strict=True)
        return torch.cat([side.descend(*self._rows.at(index)) for side, index in parts])

    def _apart(self, batch: Sequence[Tensor]) -> Tensor:
        """Do the same through each lane's own network: batches are of different lengths."""
        self._vector.gradient.zero_()
        lost = []
        for lane, index in zip(self.lanes, batch, strict=True):
            x, y = self._rows.at(index)
            loss = lane.run.loss(*losses.each(lane.progress.network(x), y))
            torch.autograd.backward(loss)
            lost.append(loss.detach())
        return torch.stack(lost)


def _loss(lanes: Sequence[Lane]) -> _Loss:
    """Return the function outputs ``(lanes, rows, outputs)``, targets → losses ``(lanes,)``."""
    recipes = [lane.run.recipe for lane in lanes]
    first, weights = recipes[0], [lane.run.weights for lane in lanes]
    if all(recipe == first for recipe in recipes):
        if first.class_weight is ClassWeight.NONE:
            return losses.of_lanes(first.loss, label_smoothing=first.label_smoothing)
        return lambda outputs, y: torch.stack(
            [lane.run.loss(*each) for lane, *each in zip(lanes, outputs, y, strict=True)]
        )
    smoothing: float | Tensor = first.label_smoothing
    device = lanes[0].run.y.device
    if any(recipe.label_smoothing != smoothing for recipe in recipes):
        smoothing = torch.tensor([r.label_smoothing for r in recipes], device=device).unsqueeze(1)
    known = next((each for each in weights if each is not None), None)
    whole = None
    if known is not None:
        even = torch.ones_like(known)
        whole = torch.stack([even if each is None else each for each in weights])
    return losses.of_lanes(first.loss, label_smoothing=smoothing, weights=whole)
