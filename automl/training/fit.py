"""The only training loop: it makes a fitted fold of any network family's candidate.

A network's whole training is one value, `Progress`, which ``_epoch`` moves; everything else here is
fixed while it runs. So a checkpoint is that value, and resuming it gives the weights that an
undisturbed training gives, bit for bit.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from automl.core.balance import ClassWeight, class_weights
from automl.core.catalog import TaskType
from automl.core.hyperparameter import Params
from automl.core.learner import Control, Examples, Fitted, Fold, NetworkFamily, Observer
from automl.core.state import State
from automl.core.trial import CurvePoint
from automl.training import losses, network, stream
from automl.training.augment import Augmentation, Mixed, Sizes, augment, sizes
from automl.training.device import autocast, memory_errors, seed, session
from automl.training.optimizers import Step, moments, penalize, update
from automl.training.pace import Clock, Pace, judging
from automl.training.progress import Progress
from automl.training.recipe import Recipe
from automl.training.schedules import fading, multiplier
from automl.training.stream import Rows
from automl.training.vector import flatten
from automl.training.watch import Measured, Watch, diverged


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """What stays fixed while a network is trained; its rows lie on the device, or in their file."""

    recipe: Recipe
    fold: Fold
    control: Control
    x: Rows
    y: Tensor
    x_valid: Rows
    y_valid: Tensor
    loss: Callable[[Tensor, Tensor], Tensor]
    """What steps make small."""
    judge: Callable[[Tensor, Tensor], Tensor]
    """The loss of the validation rows: no label smoothed, no class weighted."""
    augmentation: Augmentation | None
    sizes: Sizes | None
    """Of the numbers of training rows, where these are augmented."""
    mixed: bool
    """Whether products are taken in half precision, where the device is faster then."""

    @property
    def steps(self) -> int:
        """Steps an epoch, of nearly equal batches, none of a single row where that can be."""
        rows = len(self.x)
        return max(1, min(round(rows / self.recipe.batch_size), rows // 2))


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
    places = math.prod(fold.layout.shape[1:])
    recipe = Recipe.read(params, fold.task, len(fold.train.x), places=places)
    what = f"Training with a batch_size of {recipe.batch_size}"
    with session(fold.device, fold.threads), memory_errors(what):
        run = _prepare(recipe, Augmentation.read(params), fold, control)
        progress = _start(family, params, run)
        pace = Pace(clock, control, progress.steps, judging(len(run.y_valid), recipe.batch_size))
        if resume is not None:
            progress.restore(resume)
        while progress.step < progress.steps and progress.stale < recipe.patience:
            control.report(_epoch(progress, run, pace))
            control.save(progress.save)
        progress.revert()
        return network.NetworkFitted(
            family=family,
            params=params,
            task=fold.task,
            layout=fold.layout,
            outputs=fold.outputs,
            epochs=progress.best.epoch if progress.best else 0,
            network=progress.network.eval(),
        )


def load(family: NetworkFamily, state: State) -> Fitted:
    """Return what the ``state`` of a fitted network of ``family`` once wrote down."""
    return network.load(family, state)


def _prepare(
    recipe: Recipe, augmentation: Augmentation | None, fold: Fold, control: Control
) -> _Run:
    x, y = _tensors(fold.train, fold.device)
    x_valid, y_valid = _tensors(fold.valid, fold.device)
    return _Run(
        recipe=recipe,
        fold=fold,
        control=control,
        x=x,
        y=y,
        x_valid=x_valid,
        y_valid=y_valid,
        loss=losses.training(
            recipe.loss,
            label_smoothing=recipe.label_smoothing,
            weights=_class_weights(recipe, fold),
        ),
        judge=losses.measure(recipe.loss),
        augmentation=augmentation,
        sizes=sizes(stream.looked(x)) if augmentation else None,
        # Of arrays only where a clock has its say anyway: replay order promises equal bytes.
        mixed=recipe.mixed_precision
        or (bool(fold.layout.shape) and control.seconds_left() is not None),
    )


def _class_weights(recipe: Recipe, fold: Fold) -> Tensor | None:
    if recipe.class_weight is ClassWeight.NONE or fold.task is not TaskType.CLASSIFICATION:
        return None
    weights = class_weights(recipe.class_weight, fold.train.y, fold.outputs)
    return torch.tensor(weights, dtype=torch.float32, device=fold.device)


def _tensors(examples: Examples, device: str) -> tuple[Rows, Tensor]:
    whole = examples.y.dtype.kind in "iu"
    y = torch.tensor(examples.y, dtype=torch.int64 if whole else torch.float32, device=device)
    return stream.rows(examples.x, device), y


def _start(family: NetworkFamily, params: Params, run: _Run) -> Progress:
    seed(run.fold.device, run.fold.seed)
    module = family.build(params, run.fold.layout, run.fold.outputs).to(run.fold.device)
    if isinstance(module, Observer):
        with torch.no_grad():
            module.eval().observe(stream.looked(run.x), run.y)
    vector = flatten(module)
    return Progress(
        network=module,
        vector=vector,
        memory=moments(run.recipe.optimizer, vector.values),
        steps=run.recipe.epochs * run.steps,
    )


def _epoch(progress: Progress, run: _Run, pace: Pace) -> CurvePoint:
    """Train for an epoch, validate, keep the weights if they are the best so far."""
    started = pace.clock()
    trained = _train(progress, run, pace)
    value, loss = _validate(progress, run)
    if _better(progress, run.fold, value, loss):
        progress.keep(value, loss)
    pace.plan(progress)
    return CurvePoint(
        epoch=progress.epoch,
        train_loss=trained.loss,
        valid_loss=loss,
        value=value if math.isfinite(value) else None,
        learning_rate=trained.learning_rate,
        gradient_norm=trained.gradient_norm,
        seconds=pace.clock() - started,
        fraction=progress.step / progress.steps,
    )


def _train(progress: Progress, run: _Run, pace: Pace) -> Measured:
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
        rate = run.recipe.learning_rate * multiplier(
            run.recipe.schedule, progress.step, progress.steps, run.recipe.warmup
        )
        loss, norm = _step(progress, run, _batch(run, rows, generator), rate)
        watch.see(loss, norm, rate)
        progress.step += 1
        pace.step(progress)
    return watch.measured()


def _batch(run: _Run, rows: Tensor, generator: torch.Generator) -> _Batch:
    x, y = run.x[rows], run.y[rows]
    if run.augmentation is None or run.sizes is None:
        return _Batch(Mixed(x), y)
    return _Batch(augment(x, run.augmentation, run.sizes, generator), y)


def _loss(run: _Run, outputs: Tensor, batch: _Batch) -> Tensor:
    """Return the loss of a batch, of mixed rows that of both parts."""
    loss = run.loss(*losses.each(outputs, batch.y))
    share, other = batch.rows.share, batch.rows.other
    if other is None:
        return loss
    return share * loss + (1.0 - share) * run.loss(*losses.each(outputs, batch.y[other]))


def _step(progress: Progress, run: _Run, batch: _Batch, rate: float) -> tuple[Tensor, Tensor]:
    """Move the weights once; return the batch's loss and the norm of its gradient."""
    recipe, vector = run.recipe, progress.vector
    held = fading(progress.step, progress.steps) if recipe.fade else 1.0
    progress.fade(held)
    vector.gradient.zero_()
    with autocast(run.fold.device, mixed=run.mixed):
        outputs = progress.network(batch.rows.x)
    loss = _loss(run, outputs.float(), batch)
    torch.autograd.backward(loss)  # into vector.gradient, which the parameters' gradients show
    with torch.no_grad():
        gradient = vector.gradient
        norm = torch.linalg.vector_norm(gradient)
        if recipe.clip:
            gradient.mul_((recipe.clip / (norm + 1e-12)).clamp(max=1.0))
        penalize(
            recipe.optimizer,
            vector.values[: vector.matrices],
            gradient[: vector.matrices],
            l1=held * recipe.l1,
            l2=held * recipe.l2,
            learning_rate=rate,
        )
        step = Step(
            number=progress.step + 1,
            learning_rate=rate,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov,
            beta2=recipe.beta2,
            rates=vector.rates,
        )
        update(recipe.optimizer, vector.values, gradient, progress.memory, step)
    return loss.detach(), norm


def _validate(progress: Progress, run: _Run) -> tuple[float, float]:
    """Return metric and loss on the validation rows."""
    with autocast(run.fold.device, mixed=run.mixed):
        outputs = network.outputs(progress.network, run.x_valid)
    loss = float(run.judge(outputs, run.y_valid))
    if not math.isfinite(loss):
        what = f"the loss on the validation rows was {loss:.3g}"
        raise diverged(progress, what, run.recipe.learning_rate)
    predictions = losses.predictions(run.fold.task, outputs).cpu().numpy()
    return float(run.fold.score(predictions)), loss


def _better(progress: Progress, fold: Fold, value: float, loss: float) -> bool:
    best = progress.best
    if best is None:
        return True
    if math.isnan(value) or math.isnan(best.value):
        # A score that is no number is behind every other, and says nothing against its like.
        return math.isnan(best.value) and (not math.isnan(value) or loss < best.loss)
    if value == best.value:
        return loss < best.loss
    return value > best.value if fold.maximize else value < best.value
