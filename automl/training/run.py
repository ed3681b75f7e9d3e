"""One network's training: what stays fixed while it runs, how it starts, how an epoch is judged.

The loops, of one network (`automl.training.fit`) and of several at once (`automl.training.lanes`),
share what is here.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from automl.core.balance import ClassWeight, class_weights
from automl.core.catalog import TaskType
from automl.core.hyperparameter import Params
from automl.core.learner import Control, Examples, Fold, NetworkFamily, Observer
from automl.core.trial import CurvePoint
from automl.training import losses, network, stream
from automl.training.augment import Augmentation, Sizes, sizes
from automl.training.device import autocast, seed
from automl.training.optimizers import (
    Moments,
    Optimizer,
    Step,
    clip,
    decay,
    moments,
    penalize,
    unbiased,
    update,
)
from automl.training.progress import Progress
from automl.training.recipe import TOKEN_PLACES, Recipe
from automl.training.resolution import WHOLE, Resolution
from automl.training.schedules import fading, multiplier
from automl.training.stream import Rows
from automl.training.vector import Vector, flatten
from automl.training.watch import Measured, diverged


@dataclass(frozen=True, slots=True, eq=False)
class Run:
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
    weights: Tensor | None
    """What each class counts while training, ``(classes,)``; None for all alike."""
    augmentation: Augmentation | None
    sizes: Sizes | None
    """Of the numbers of training rows, where these are augmented."""
    mixed: bool
    """Whether products are taken in half precision, where the device is faster then."""
    resolution: Resolution = WHOLE

    @property
    def steps(self) -> int:
        """Steps an epoch, of nearly equal batches, none of a single row where that can be."""
        return steps(self.recipe, self.fold.rows)

    def rate(self, step: int, steps: int) -> float:
        """Return the learning rate of a step, from 0, of those planned."""
        part = multiplier(self.recipe.schedule, step, steps, self.recipe.warmup)
        return self.recipe.learning_rate * part

    def held(self, step: int, steps: int) -> float:
        """Return which part of dropout and penalties a step is given."""
        return fading(step, steps) if self.recipe.fade else 1.0


def steps(recipe: Recipe, rows: int) -> int:
    """Return in how many steps an epoch sees so many training rows."""
    return max(1, min(round(rows / recipe.batch_size), rows // 2))


def read(params: Params, fold: Fold) -> Recipe:
    """Return the recipe of a candidate on the fold.

    Raises:
        TrialError: a hyperparameter is missing or cannot be trained with.
    """
    texts = fold.layout.vocabulary > 0
    places = TOKEN_PLACES * fold.layout.width if texts else math.prod(fold.layout.shape[1:])
    return Recipe.read(params, fold.task, fold.rows, places=places)


def prepare(
    recipe: Recipe,
    augmentation: Augmentation | None,
    fold: Fold,
    control: Control,
    *,
    read: Callable[[Examples, str], tuple[Rows, Tensor]] | None = None,
) -> Run:
    """Return all that a training needs but for the network, on the fold's device.

    ``read`` gives rows and targets on a device; `tensors` where it is None.
    """
    read = read or tensors
    x, y = read(fold.train, fold.device)
    x_valid, y_valid = read(fold.valid, fold.device)
    weights = _class_weights(recipe, fold)
    return Run(
        recipe=recipe,
        fold=fold,
        control=control,
        x=x,
        y=y,
        x_valid=x_valid,
        y_valid=y_valid,
        loss=losses.training(recipe.loss, label_smoothing=recipe.label_smoothing, weights=weights),
        judge=losses.measure(recipe.loss),
        weights=weights,
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


def tensors(examples: Examples, device: str) -> tuple[Rows, Tensor]:
    """Return rows and their targets on the device, or what reads rows from their file."""
    whole = examples.y.dtype.kind in "iu"
    y = torch.tensor(examples.y, dtype=torch.int64 if whole else torch.float32, device=device)
    return stream.rows(examples.x, device), y


def start(family: NetworkFamily, params: Params, run: Run) -> Progress:
    """Return a network before its first step: weights drawn, rows looked at."""
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


def move(recipe: Recipe, step: int, *, rate: float, held: float) -> Step:
    """Return what moves the weights at a step, from 0, at that rate and part of the penalties."""
    moved, epsilon = unbiased(recipe.optimizer, rate, number=step + 1.0, beta2=recipe.beta2)
    l2, shrink = decay(recipe.optimizer, rate, held * recipe.l2)
    return Step(
        rate=moved,
        epsilon=epsilon,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        beta2=recipe.beta2,
        fresh=1.0 - recipe.beta2,
        l1=held * recipe.l1,
        l2=l2,
        shrink=shrink,
        clip=recipe.clip,
    )


def descend(
    optimizer: Optimizer, vector: Vector, memory: Moments, step: Step, norm: Tensor
) -> None:
    """Move weights once, in place: those of one network, or of lanes.

    Args:
        optimizer: whose arithmetic is used.
        vector: weights and their gradient: ``(numbers,)`` or ``(lanes, numbers)``.
        memory: the optimizer's, of that shape.
        step: how far.
        norm: the gradient's: one number, or ``(lanes, 1)``.
    """
    values, gradient, matrices = vector.values, vector.gradient, vector.matrices
    clip(gradient, norm, step)
    penalize(values[..., :matrices], gradient[..., :matrices], step)
    update(optimizer, values, gradient, memory, step, rates=vector.rates)


def validate(progress: Progress, run: Run) -> tuple[float, float]:
    """Return metric and loss on the validation rows; keep the weights if they are the best so far.

    Raises:
        TrialError: the loss is not finite.
    """
    with autocast(run.fold.device, mixed=run.mixed):
        outputs = network.outputs(progress.network, run.x_valid)
    return judge(progress, run, outputs, run.y_valid)


def judge(progress: Progress, run: Run, outputs: Tensor, truth: Tensor) -> tuple[float, float]:
    """Return what `validate` does, of what the network makes of the validation rows.

    Raises:
        TrialError: the loss is not finite.
    """
    loss = float(run.judge(outputs, truth))
    if not math.isfinite(loss):
        what = f"the loss on the validation rows was {loss:.3g}"
        raise diverged(progress, what, run.recipe.learning_rate)
    predictions = losses.predictions(run.fold.task, outputs).cpu().numpy()
    value = float(run.fold.score(predictions))
    if run.fold.followed:
        progress.trail.add(progress.epoch, -value if run.fold.maximize else value, predictions)
    if _better(progress, run.fold, value, loss):
        progress.keep(value, loss)
    return value, loss


def point(
    progress: Progress, trained: Measured, value: float, loss: float, seconds: float
) -> CurvePoint:
    """Return what an epoch measured: its steps, its validation and how long both took."""
    return CurvePoint(
        epoch=progress.epoch,
        train_loss=trained.loss,
        valid_loss=loss,
        value=value if math.isfinite(value) else None,
        learning_rate=trained.learning_rate,
        gradient_norm=trained.gradient_norm,
        seconds=seconds,
        fraction=progress.step / progress.steps,
    )


def ended(progress: Progress, run: Run) -> bool:
    """Return whether the training has come to its end, planned or by patience."""
    return progress.step >= progress.steps or progress.stale >= run.recipe.patience


def fitted(
    family: NetworkFamily, params: Params, progress: Progress, fold: Fold
) -> network.NetworkFitted:
    """Return the network with its best epoch's weights."""
    progress.revert()
    return network.NetworkFitted(
        family=family,
        params=params,
        task=fold.task,
        layout=fold.layout,
        outputs=fold.outputs,
        epochs=progress.best.epoch if progress.best else 0,
        network=progress.network.eval(),
        trail=progress.trail if fold.followed else None,
    )


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
