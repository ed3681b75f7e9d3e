"""The training loop: it makes a fitted fold of any network family's candidate.

A network's whole training is one value, `Progress`, which ``epoch`` moves; everything else here is
fixed while it runs. So a checkpoint is that value, and resuming it gives the weights that an
undisturbed training gives, bit for bit.
"""

import time
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from automl.core.hyperparameter import Params
from automl.core.learner import Control, Fitted, Fold, NetworkFamily
from automl.core.state import State
from automl.core.trial import CurvePoint
from automl.training import losses, network, stream
from automl.training import run as runs
from automl.training.augment import Augmentation, Mixed, augment
from automl.training.device import autocast, memory_errors, seed, session
from automl.training.pace import Clock, Pace, judging
from automl.training.precision import products
from automl.training.progress import Progress
from automl.training.resolution import Resolution
from automl.training.run import Run
from automl.training.watch import Measured, Watch


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """Rows of a step, perhaps not as they are, and their targets."""

    rows: Mixed
    y: Tensor


def fit(
    family: NetworkFamily,
    params: Params,
    fold: Fold,
    control: Control,
    resume: State | None = None,
    *,
    clock: Clock = time.perf_counter,
) -> Fitted:
    """Return the network of ``params`` trained on ``fold``, with its best epoch's weights.

    The best epoch is that of the best ``fold.score``, of equal ones that of the lowest loss. A
    schedule that would not end in the time that ``control`` has left is planned shorter.

    Args:
        family: Builds the network.
        params: The candidate's hyperparameters, those of `Recipe` among them.
        fold: Rows, task and metric.
        control: Hears of each epoch, is offered checkpoints, and may stop the training.
        resume: A checkpoint of the same candidate on the same fold, to go on from.
        clock: Seconds from any origin.

    Raises:
        TrialError: the candidate is invalid, diverged or does not fit into memory.
        TrialStopped: ``control`` said so.
    """
    recipe = runs.read(params, fold)
    what = f"Training with a batch_size of {recipe.batch_size}"
    with session(fold.device, fold.threads), memory_errors(what):
        run = runs.prepare(recipe, Augmentation.read(params), fold, control)
        run = replace(run, resolution=Resolution.read(params, fold.layout))
        progress = runs.start(family, params, run)
        judged = judging(len(run.y_valid), recipe.batch_size, mixed=run.mixed)
        pace = Pace(clock, control.seconds_left, progress.steps, judged, run.resolution.work)
        if resume is not None:
            progress.restore(resume)
        while not runs.ended(progress, run):
            control.report(epoch(progress, run, pace))
            control.save(progress.save)
        return runs.fitted(family, params, progress, fold)


def load(family: NetworkFamily, state: State) -> Fitted:
    """Return what the ``state`` of a fitted network of ``family`` once wrote down."""
    return network.load(family, state)


def epoch(progress: Progress, run: Run, pace: Pace) -> CurvePoint:
    """Train for an epoch, validate, keep the weights if they are the best so far."""
    started = pace.clock()
    with products(run.fold.device, "tf32"):
        trained = _train(progress, run, pace)
    value, loss = runs.validate(progress, run)
    pace.plan(progress)
    return runs.point(progress, trained, value, loss, pace.clock() - started)


def _train(progress: Progress, run: Run, pace: Pace) -> Measured:
    """Move the weights through all rows once, or to the end of the plan if that is nearer."""
    progress.epoch += 1
    progress.network.train()
    generator = seed(run.fold.device, run.fold.seed, progress.epoch)
    order = stream.order(run.x, generator)
    watch = Watch(progress)
    for rows in order.tensor_split(run.steps):
        if progress.step >= progress.steps:
            break
        run.control.check()
        rate = run.rate(progress.step, progress.steps)
        loss, norm = _step(progress, run, _batch(run, progress, rows, generator), rate)
        watch.see(loss, norm, rate)
        progress.step += 1
        pace.step(progress)
    return watch.measured()


def _batch(run: Run, progress: Progress, rows: Tensor, generator: torch.Generator) -> _Batch:
    x, y = run.resolution.seen(run.x[rows], progress.step, progress.steps), run.y[rows]
    if run.augmentation is None or run.sizes is None:
        return _Batch(Mixed(x), y)
    return _Batch(augment(x, run.augmentation, run.sizes, generator), y)


def _loss(run: Run, outputs: Tensor, batch: _Batch) -> Tensor:
    """Return the loss of a batch, of mixed rows that of both parts."""
    loss = run.loss(*losses.each(outputs, batch.y))
    share, other = batch.rows.share, batch.rows.other
    if other is None:
        return loss
    return share * loss + (1.0 - share) * run.loss(*losses.each(outputs, batch.y[other]))


def _step(progress: Progress, run: Run, batch: _Batch, rate: float) -> tuple[Tensor, Tensor]:
    """Move the weights once; return the batch's loss and the norm of its gradient."""
    vector, recipe = progress.vector, run.recipe
    held = run.held(progress.step, progress.steps)
    progress.fade(held)
    vector.gradient.zero_()
    with autocast(run.fold.device, mixed=run.mixed):
        outputs = progress.network(batch.rows.x)
    loss = _loss(run, outputs.float(), batch)
    torch.autograd.backward(loss)  # into vector.gradient, which the parameters' gradients show
    with torch.no_grad():
        norm = torch.linalg.vector_norm(vector.gradient)
        step = runs.move(recipe, progress.step, rate=rate, held=held)
        runs.descend(recipe.optimizer, vector, progress.memory, step, norm)
    return loss.detach(), norm
