"""The only training loop: it makes a fitted fold of any network family's candidate.

A network's whole training is one value, `Progress`, which ``_epoch`` moves; everything else here is
fixed while it runs. So a checkpoint is that value, and resuming it gives the weights that an
undisturbed training gives, bit for bit.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from automl.core.catalog import TrialFailure
from automl.core.errors import TrialError
from automl.core.hyperparameter import Params
from automl.core.learner import Control, Examples, Fitted, Fold, NetworkFamily
from automl.core.state import State
from automl.core.trial import CurvePoint
from automl.training import losses, network
from automl.training.device import autocast, seed, session
from automl.training.optimizers import Step, moments, penalize, update
from automl.training.progress import Progress
from automl.training.recipe import Recipe
from automl.training.schedules import multiplier
from automl.training.vector import flatten

Clock = Callable[[], float]

_SHARE = 0.9
"""The part of the time left that a plan may fill."""
_PROBES = (8, 64)
"""Steps of the first epoch after which the plan is held against the time left."""
_EXPLODED = 1e6
"""A gradient's norm beyond which no training recovers: standardized data gives 0.01 to 100."""
_UNWATCHED = 32
"""Steps on a GPU between two looks at loss and gradient: each look waits for the device."""


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """What stays fixed while a network is trained."""

    recipe: Recipe
    fold: Fold
    control: Control
    x: Tensor
    y: Tensor
    x_valid: Tensor
    y_valid: Tensor
    loss: Callable[[Tensor, Tensor], Tensor]
    pace: "_Pace"

    @property
    def steps(self) -> int:
        """Steps an epoch, of nearly equal batches, none of a single row where that can be."""
        rows = len(self.x)
        return max(1, min(round(rows / self.recipe.batch_size), rows // 2))


@dataclass(frozen=True, slots=True)
class _Measured:
    """What an epoch of training measured: means over its steps."""

    loss: float
    gradient_norm: float
    learning_rate: float


@dataclass(slots=True)
class _Pace:
    """How long a step takes here, validation included."""

    clock: Clock
    started: float
    steps: int = 0

    def affordable(self, seconds: float) -> int:
        """Return how many steps fit into the share of ``seconds`` that a plan may fill."""
        return int(_SHARE * max(0.0, seconds) * self.steps / max(1e-9, self.clock() - self.started))


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
    recipe = Recipe.read(params, fold.task, len(fold.train.x))
    with session(fold.device, fold.threads), _memory_errors(recipe):
        run = _prepare(recipe, fold, control, clock)
        progress = _start(family, params, run)
        if resume is not None:
            progress.restore(resume)
        while progress.step < progress.steps and progress.stale < recipe.patience:
            control.report(_epoch(progress, run))
            control.save(progress.save)
        progress.revert()
        return network.NetworkFitted(
            family=family,
            params=params,
            task=fold.task,
            inputs=fold.train.x.shape[1],
            outputs=fold.outputs,
            epochs=progress.best.epoch if progress.best else 0,
            network=progress.network.eval(),
        )


def load(family: NetworkFamily, state: State) -> Fitted:
    """Return what the ``state`` of a fitted network of ``family`` once wrote down."""
    return network.load(family, state)


def _prepare(recipe: Recipe, fold: Fold, control: Control, clock: Clock) -> _Run:
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
        loss=losses.measure(recipe.loss),
        pace=_Pace(clock, clock()),
    )


def _tensors(examples: Examples, device: str) -> tuple[Tensor, Tensor]:
    # Copies: torch's memory is aligned, numpy's not always, and products differ in the last bit.
    whole = examples.y.dtype.kind in "iu"
    y = torch.tensor(examples.y, dtype=torch.int64 if whole else torch.float32, device=device)
    return torch.tensor(examples.x, dtype=torch.float32, device=device), y


def _start(family: NetworkFamily, params: Params, run: _Run) -> Progress:
    seed(run.fold.seed)
    module = family.build(params, run.x.shape[1], run.fold.outputs).to(run.fold.device)
    vector = flatten(module)
    return Progress(
        network=module,
        vector=vector,
        memory=moments(run.recipe.optimizer, vector.values),
        steps=run.recipe.epochs * run.steps,
    )


def _epoch(progress: Progress, run: _Run) -> CurvePoint:
    """Train for an epoch, validate, keep the weights if they are the best so far."""
    started = run.pace.clock()
    trained = _train(progress, run)
    value, loss = _validate(progress, run)
    if _better(progress, run.fold, value, loss):
        progress.keep(value, loss)
    _replan(progress, run)
    return CurvePoint(
        epoch=progress.epoch,
        train_loss=trained.loss,
        valid_loss=loss,
        value=value,
        learning_rate=trained.learning_rate,
        gradient_norm=trained.gradient_norm,
        seconds=run.pace.clock() - started,
    )


def _train(progress: Progress, run: _Run) -> _Measured:
    progress.epoch += 1
    progress.network.train()
    generator = seed(run.fold.seed, progress.epoch)
    order = torch.randperm(len(run.x), generator=generator).to(run.x.device)
    rate = 0.0
    watch = _Watch(progress, every=1 if run.x.device.type == "cpu" else _UNWATCHED)
    for rows in order.tensor_split(run.steps):
        if progress.step >= progress.steps:
            break
        run.control.check()
        rate = run.recipe.learning_rate * multiplier(
            run.recipe.schedule, progress.step, progress.steps, run.recipe.warmup
        )
        watch.see(*_step(progress, run, rows, rate), rate)
        progress.step += 1
        run.pace.steps += 1
        if run.pace.steps in _PROBES:
            _replan(progress, run)
    return watch.measured(rate)


def _step(progress: Progress, run: _Run, rows: Tensor, rate: float) -> tuple[Tensor, Tensor]:
    """Move the weights once; return the batch's loss and the norm of its gradient."""
    recipe, vector = run.recipe, progress.vector
    vector.gradient.zero_()
    with autocast(run.fold.device, mixed=recipe.mixed_precision):
        outputs = progress.network(run.x[rows])
    loss = run.loss(outputs.float(), run.y[rows])
    torch.autograd.backward(
        loss
    )  # into vector.gradient, which the parameters' gradients are views of
    with torch.no_grad():
        gradient = vector.gradient
        norm = torch.linalg.vector_norm(gradient)
        if recipe.clip:
            gradient.mul_((recipe.clip / (norm + 1e-12)).clamp(max=1.0))
        penalize(
            recipe.optimizer,
            vector.values[: vector.matrices],
            gradient[: vector.matrices],
            l1=recipe.l1,
            l2=recipe.l2,
            learning_rate=rate,
        )
        step = Step(
            number=progress.step + 1,
            learning_rate=rate,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov,
        )
        update(recipe.optimizer, vector.values, gradient, progress.memory, step)
    return loss.detach(), norm


class _Watch:
    """Adds up losses and gradients of an epoch and ends the training when they explode."""

    def __init__(self, progress: Progress, every: int) -> None:
        self.progress = progress
        self.every = every
        self.pending: list[tuple[Tensor, Tensor]] = []
        self.loss = self.norm = 0.0
        self.steps = 0

    def see(self, loss: Tensor, norm: Tensor, rate: float) -> None:
        """Take a step's loss and gradient norm; look at them now or a little later."""
        self.pending.append((loss, norm))
        if len(self.pending) >= self.every:
            self._look(rate)

    def measured(self, rate: float) -> _Measured:
        """Return the means, after a look at what is still pending."""
        self._look(rate)
        steps = max(1, self.steps)
        return _Measured(self.loss / steps, self.norm / steps, rate)

    def _look(self, rate: float) -> None:
        for loss, norm in self.pending:
            lost, length = float(loss), float(norm)
            if not math.isfinite(lost) or not length < _EXPLODED:
                raise _diverged(self.progress, lost, length, rate)
            self.loss += lost
            self.norm += length
            self.steps += 1
        self.pending.clear()


def _validate(progress: Progress, run: _Run) -> tuple[float, float]:
    """Return metric and loss on the validation rows."""
    with autocast(run.fold.device, mixed=run.recipe.mixed_precision):
        outputs = network.outputs(progress.network, run.x_valid)
    loss = float(run.loss(outputs, run.y_valid))
    if not math.isfinite(loss):
        raise _diverged(progress, loss, math.nan, run.recipe.learning_rate)
    predictions = losses.predictions(run.fold.task, outputs).cpu().numpy()
    return float(run.fold.score(predictions)), loss


def _better(progress: Progress, fold: Fold, value: float, loss: float) -> bool:
    best = progress.best
    if best is None or math.isnan(best.value):
        return True
    if value == best.value:
        return loss < best.loss
    return value > best.value if fold.maximize else value < best.value


def _replan(progress: Progress, run: _Run) -> None:
    """Shorten the plan to what the time left allows; in replay order there is no such time."""
    left = run.control.seconds_left()
    if left is not None:
        progress.steps = min(progress.steps, progress.step + run.pace.affordable(left))


def _diverged(progress: Progress, loss: float, norm: float, rate: float) -> TrialError:
    message = (
        f"Training diverged in epoch {progress.epoch}, at step {progress.step + 1}: the loss was "
        f"{loss:.3g} and the gradient's norm {norm:.3g} at a learning rate of {rate:.3g}. A lower "
        f"learning rate (such as {rate / 10:.1g}) or gradient clipping (clip = 1) would keep it "
        "finite."
    )
    return TrialError(TrialFailure.NON_FINITE_LOSS, message)


@contextmanager
def _memory_errors(recipe: Recipe) -> Iterator[None]:
    """Turn running out of memory, here or on the device, into the trial's failure."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not _is_memory(error):
            raise
        message = (
            f"The network did not fit into memory with batches of {recipe.batch_size} rows; "
            "fewer or narrower layers or a smaller batch_size would need less."
        )
        raise TrialError(TrialFailure.OUT_OF_MEMORY, message) from error


def _is_memory(error: RuntimeError) -> bool:
    # The CPU's allocator raises a plain RuntimeError.
    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)
