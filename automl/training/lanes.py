"""Networks of one shape trained as one tensor program: the folds of a candidate are its lanes.

A step of a small network is bound by the number of calls, not by arithmetic, so several networks
take little longer than one where each call serves them all. Their weights are rows of one matrix,
as are their gradients and the optimizer's memory; a lane's own `Progress` shows its row, so it is
validated, kept, checkpointed and ended by what serves a network alone. Each lane draws batches and
dropout masks from generators of its own, as it would alone: its result is the same but for the
order in which products are summed.

A lane that has ended leaves: the others go on in a smaller matrix. One that is left goes on alone.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn

from automl.core.balance import ClassWeight
from automl.core.hyperparameter import Params
from automl.core.learner import Control, Fitted, Fold, NetworkFamily, Stacking
from automl.core.state import State, nest, unnest
from automl.core.trial import CurvePoint
from automl.training import losses, stream
from automl.training import run as runs
from automl.training.device import generators, memory_errors, session
from automl.training.fit import epoch as epoch_alone
from automl.training.optimizers import Moments
from automl.training.pace import Clock, Pace, judging
from automl.training.progress import Progress
from automl.training.run import Run
from automl.training.vector import Vector, places
from automl.training.watch import Measured, Watch
from automl.training.work import multiplications

_PAYING = 10_000_000
"""Multiplications of a lane's step up to which lanes pay. Eight folds one by one took so many times
as long as together: 4 at 0.1 million, 2 at 1, 1.5 at 4.6, 1.1 at 8.6 (`benchmarks.lanes`)."""

_CELLS = 1 << 22
"""Numbers of a lane's training rows, which all lanes hold at once, twice."""


@dataclass(slots=True, eq=False)
class _Lane:
    """One network in training, as alone, and what it measured but nobody was told of yet."""

    index: int
    run: Run
    progress: Progress
    points: list[CurvePoint] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        return runs.ended(self.progress, self.run)

    def save(self) -> State:
        # None becomes NaN, which nothing that was measured is.
        rows = [[np.nan if each is None else each for each in astuple(p)] for p in self.points]
        untold = State({}, {"points": np.array(rows, dtype=np.float64)})
        return nest({"progress": self.progress.save(), "untold": untold})

    def restore(self, state: State) -> None:
        parts = unnest(state)
        self.progress.restore(parts["progress"])
        self.points = [_point(row) for row in parts["untold"].arrays["points"].tolist()]


def pay(family: NetworkFamily, params: Params, fold: Fold, stacking: Stacking) -> bool:
    """Return whether folds like this one train faster together than one after the other.

    That is said by candidate and data alone, never by a clock or a machine.

    Raises:
        TrialError: the candidate is invalid.
    """
    rows = fold.train.x
    if fold.device != "cpu" or fold.layout.shape or fold.layout.vocabulary:
        return False
    if rows.size > _CELLS:
        return False
    recipe = runs.read(params, fold)
    batch = len(rows) / runs.steps(recipe, len(rows))
    with session(fold.device, fold.threads):
        network = family.build(params, fold.layout, fold.outputs)
    if recipe.mixed_precision or not stacking.stackable(network):
        return False
    each = multiplications(family, params, fold.layout, fold.outputs)
    return batch * each <= _PAYING


def fit(
    family: NetworkFamily,
    params: Params,
    folds: Sequence[Fold],
    control: Control,
    resume: State | None = None,
    *,
    stacking: Stacking,
    clock: Clock = time.perf_counter,
) -> list[Fitted]:
    """Return the networks of ``params`` trained on each of ``folds``, as `fit.fit` on each alone.

    Folds that differ in steps or layout are trained one group after the other. ``control`` hears of
    epochs in the order of the folds, of one that trains beside others once those before it have
    ended; epochs count on through the folds, and ``fold`` is the place in ``folds``.

    Args:
        family: Builds the networks.
        params: The candidate's hyperparameters.
        folds: Rows, task and metric of each; what `pay` is asked of one of them.
        control: Hears of epochs, is offered checkpoints of all lanes, and may stop them.
        resume: A checkpoint of the same candidate on the same folds, to go on from.
        stacking: Makes one program of networks.
        clock: Seconds from any origin.

    Raises:
        TrialError: the candidate is invalid, diverged on a fold or does not fit into memory.
        TrialStopped: ``control`` said so.
    """
    what = f"Training {len(folds)} folds at once"
    with session(folds[0].device, folds[0].threads), memory_errors(what):
        lanes = [_start(family, params, index, fold, control) for index, fold in enumerate(folds)]
        _restore(lanes, resume)
        for group in _groups(lanes):
            for _ in _epochs(group, lanes, control, stacking, clock):
                _tell(lanes, control)
                control.save(lambda: nest({str(lane.index): lane.save() for lane in lanes}))
        return [runs.fitted(family, params, each.progress, each.run.fold) for each in lanes]


def _start(
    family: NetworkFamily, params: Params, index: int, fold: Fold, control: Control
) -> _Lane:
    run = runs.prepare(runs.read(params, fold), None, fold, control)
    return _Lane(index, run, runs.start(family, params, run))


def _restore(lanes: Sequence[_Lane], resume: State | None) -> None:
    parts = unnest(resume) if resume else {}
    if parts.keys() == {str(lane.index) for lane in lanes}:  # else one network's, of old
        for lane in lanes:
            lane.restore(parts[str(lane.index)])


def _point(row: Sequence[float]) -> CurvePoint:
    loss, valid, value, rate, norm = (None if np.isnan(each) else each for each in row[1:6])
    epoch, seconds, fraction = int(row[0]), row[6], row[7]
    return CurvePoint(epoch, loss, valid, value, rate, norm, seconds, fraction)


def _groups(lanes: Iterable[_Lane]) -> list[list[_Lane]]:
    """Return the lanes that step together."""
    groups: dict[object, list[_Lane]] = {}
    for lane in lanes:
        run = lane.run
        groups.setdefault((run.recipe, run.steps, run.fold.layout), []).append(lane)
    return list(groups.values())


def _epochs(
    group: Sequence[_Lane],
    lanes: Sequence[_Lane],
    control: Control,
    stacking: Stacking,
    clock: Clock,
) -> Iterable[None]:
    """Train the lanes of a group until all have ended, an epoch at a time."""
    waiting = sum(not lane.ended for lane in lanes)
    share = sum(not lane.ended for lane in group) / max(1, waiting)

    def left() -> float | None:
        seconds = control.seconds_left()
        return None if seconds is None else seconds * share

    run = group[0].run
    judged = judging(len(run.y_valid), run.recipe.batch_size)
    pace = Pace(clock, left, group[0].progress.steps, judged)
    stacked: _Stacked | None = None
    while going := [lane for lane in group if not lane.ended]:
        if len(going) == 1:
            lane = going[0]
            lane.progress.draw_from(None)
            lane.points.append(epoch_alone(lane.progress, lane.run, pace))
        else:
            if stacked is None or stacked.lanes != going:
                stacked = _Stacked(going, stacking)
            _epoch(stacked, pace)
        yield


def _tell(lanes: Sequence[_Lane], control: Control) -> None:
    """Report what was measured: a fold's epochs once those before it have ended."""
    before = 0
    for lane in lanes:
        while lane.points:
            point = lane.points.pop(0)
            control.report(replace(point, epoch=before + point.epoch, fold=lane.index))
        if not lane.ended:
            return
        before += lane.progress.epoch


class _Stacked:
    """Lanes at the same step, whose weights are rows of one matrix."""

    def __init__(self, lanes: list[_Lane], stacking: Stacking) -> None:
        self.lanes = lanes
        progresses = [lane.progress for lane in lanes]
        first = progresses[0]
        values = torch.stack([each.vector.values for each in progresses])
        gradient = torch.zeros_like(values)
        self.vector = Vector(values, gradient, first.vector.matrices, first.vector.rates)
        self.memory: Moments = {
            name: torch.stack([each.memory[name] for each in progresses]) for name in first.memory
        }
        self.leaves: list[Tensor] = []
        """All that the program differentiates, and where in the matrix its gradients go."""
        self.gradients: list[Tensor] = []
        leaf = self._leaf(first.network)
        self.program = stacking.stack([each.network for each in progresses], leaf)
        for row, each in enumerate(progresses):
            vector = replace(self.vector, values=values[row], gradient=gradient[row])
            each.move(vector, {name: whole[row] for name, whole in self.memory.items()})

    def _leaf(self, network: nn.Module) -> Callable[[nn.Parameter], Tensor]:
        found = {id(parameter): part for parameter, part in places(network)}

        def leaf(parameter: nn.Parameter) -> Tensor:
            values, gradient = (
                each[:, found[id(parameter)]].view(-1, *parameter.shape)
                for each in (self.vector.values, self.vector.gradient)
            )
            self.leaves.append(values.requires_grad_())
            self.gradients.append(gradient)
            return values

        return leaf

    def level(self) -> None:
        """Give every lane the plan of the first, which a clock may have shortened."""
        for lane in self.lanes:
            lane.progress.steps = self.lanes[0].progress.steps


def _epoch(stacked: _Stacked, pace: Pace) -> None:
    """Train for an epoch and validate each lane, as `fit.epoch` does one."""
    started = pace.clock()
    trained = _train(stacked, pace)
    found = [runs.validate(lane.progress, lane.run) for lane in stacked.lanes]
    pace.plan(stacked.lanes[0].progress)
    stacked.level()
    seconds = (pace.clock() - started) / len(stacked.lanes)
    for lane, measured, (value, loss) in zip(stacked.lanes, trained, found, strict=True):
        lane.points.append(runs.point(lane.progress, measured, value, loss, seconds))


def _train(stacked: _Stacked, pace: Pace) -> list[Measured]:
    """Move the weights of every lane through its rows once, or to the end of the plan."""
    lanes = stacked.lanes
    first, run = lanes[0].progress, lanes[0].run
    batches = list(zip(*map(_batches, lanes), strict=True))
    watches = [Watch(lane.progress) for lane in lanes]
    for batch in batches:
        if first.step >= first.steps:
            break
        run.control.check()
        rate = run.rate(first)
        lost, norms = _step(stacked, batch, rate)
        for watch, loss, norm in zip(watches, lost.tolist(), norms.tolist(), strict=True):
            watch.see(loss, norm, rate)
        for lane in lanes:
            lane.progress.step += 1
        pace.step(first)
        stacked.level()
    return [watch.measured() for watch in watches]


def _batches(lane: _Lane) -> list[tuple[Tensor, Tensor]]:
    """Return a lane's rows and targets of each step of the epoch that begins."""
    run, progress = lane.run, lane.progress
    progress.epoch += 1
    progress.network.train()
    drawing, ordering = generators(run.fold.seed, progress.epoch)
    progress.draw_from(drawing)
    order = stream.order(run.x, ordering)
    parts = (whole[order].tensor_split(run.steps) for whole in (run.x, run.y))
    return list(zip(*parts, strict=True))


def _step(
    stacked: _Stacked, batch: Sequence[tuple[Tensor, Tensor]], rate: float
) -> tuple[Tensor, Tensor]:
    """Move the weights of every lane once; return losses and gradients' norms: ``(lanes,)``."""
    lanes, vector = stacked.lanes, stacked.vector
    first = lanes[0]
    for lane in lanes:
        lane.progress.fade(lane.run.held(lane.progress))
    even = len({len(y) for _, y in batch}) == 1
    lost = _together(stacked, batch) if even else _apart(stacked, batch)
    with torch.no_grad():
        norms = torch.linalg.vector_norm(vector.gradient, dim=1, keepdim=True)
        runs.descend(first.run, first.progress, vector, stacked.memory, rate=rate, norm=norms)
    return lost, norms.squeeze(1)


def _together(stacked: _Stacked, batch: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    x, y = (torch.stack(each) for each in zip(*batch, strict=True))
    lost = _losses(stacked.lanes, stacked.program(x), y)
    found = torch.autograd.grad(lost, stacked.leaves, torch.ones_like(lost))
    for place, gradient in zip(stacked.gradients, found, strict=True):
        place.copy_(gradient)
    return lost.detach()


def _apart(stacked: _Stacked, batch: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """Do the same through each lane's own network: the lanes have batches of different lengths."""
    stacked.vector.gradient.zero_()
    lost = []
    for lane, (x, y) in zip(stacked.lanes, batch, strict=True):
        loss = lane.run.loss(*losses.each(lane.progress.network(x), y))
        torch.autograd.backward(loss)
        lost.append(loss.detach())
    return torch.stack(lost)


def _losses(lanes: Sequence[_Lane], outputs: Tensor, targets: Tensor) -> Tensor:
    recipe = lanes[0].run.recipe
    if outputs.ndim == 4:  # several answers to a row: the mean of their losses
        targets = targets.repeat(1, outputs.shape[1])
        outputs = outputs.flatten(1, 2)
    if recipe.class_weight is ClassWeight.NONE:
        mean = losses.of_lanes(recipe.loss, label_smoothing=recipe.label_smoothing)
        return mean(outputs, targets)
    each = zip(lanes, outputs, targets, strict=True)  # classes weigh as the lane's rows say
    return torch.stack([lane.run.loss(made, y) for lane, made, y in each])
