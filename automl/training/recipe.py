"""What a candidate says about its training, read and judged once."""

import math
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from automl.core.catalog import TaskType, TrialFailure
from automl.core.errors import TrialError
from automl.core.hyperparameter import Params, Value
from automl.training.losses import REGRESSION, Loss
from automl.training.optimizers import Optimizer
from automl.training.schedules import Schedule

_AUTO_BATCHES = ((2_800, 32), (4_500, 64), (6_400, 128), (32_000, 256), (108_000, 512))
"""Training rows below which a batch size is taken. Reference: AutoGluon's TabM, by its author."""
_LARGEST_AUTO_BATCH = 1024

Choice = TypeVar("Choice", Optimizer, Schedule, Loss)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a network is trained, as every network family's candidates say it."""

    loss: Loss
    batch_size: int
    optimizer: Optimizer = Optimizer.ADAMW
    learning_rate: float = 1e-3
    momentum: float = 0.9
    nesterov: bool = False
    schedule: Schedule = Schedule.CONSTANT
    warmup: float = 0.0
    epochs: int = 50
    patience: int = 16
    clip: float = 0.0
    """Largest norm of the gradient, 0 for any."""
    l1: float = 0.0
    l2: float = 0.0
    mixed_precision: bool = False

    @classmethod
    def read(cls, params: Params, task: TaskType, rows: int) -> Self:
        """Return the recipe in ``params`` for that many training rows.

        Raises:
            TrialError: a value cannot be trained with.
        """
        optimizer = _choice(params, "optimizer", Optimizer.ADAMW)
        return cls(
            loss=_loss(params, task),
            batch_size=_batch_size(params, rows),
            optimizer=optimizer,
            learning_rate=_number(params, "learning_rate", 1e-3, low=0.0, above=True),
            # RMSprop has momentum only where asked for; Adam's is part of it.
            momentum=_number(
                params, "momentum", 0.9 if optimizer is Optimizer.SGD else 0.0, low=0.0, below=1.0
            ),
            nesterov=bool(params.get("nesterov", False)),
            schedule=_choice(params, "schedule", Schedule.CONSTANT),
            warmup=_number(params, "warmup", 0.0, low=0.0, below=1.0),
            epochs=int(_number(params, "epochs", 50, low=1)),
            patience=int(_number(params, "patience", 16, low=1)),
            clip=_number(params, "clip", 0.0, low=0.0),
            l1=_number(params, "l1", 0.0, low=0.0),
            l2=_number(params, "l2", 0.0, low=0.0),
            mixed_precision=bool(params.get("mixed_precision", False)),
        )


def _loss(params: Params, task: TaskType) -> Loss:
    if task is TaskType.CLASSIFICATION:
        return Loss.CROSS_ENTROPY
    loss = _choice(params, "loss", Loss.MSE)
    if loss not in REGRESSION:
        raise _invalid("loss", loss, f"one of {', '.join(REGRESSION)} for a regression")
    return loss


def _batch_size(params: Params, rows: int) -> int:
    if params.get("batch_size", "auto") != "auto":
        return int(_number(params, "batch_size", 256, low=1))
    return next((size for limit, size in _AUTO_BATCHES if rows < limit), _LARGEST_AUTO_BATCH)


def _choice(params: Params, name: str, default: Choice) -> Choice:
    kind: Any = type(default)
    value = params.get(name, default)
    if value not in list(kind):
        raise _invalid(name, value, f"one of {', '.join(kind)}")
    chosen: Choice = kind(value)
    return chosen


def _number(
    params: Params,
    name: str,
    default: float,
    *,
    low: float,
    below: float = math.inf,
    above: bool = False,
) -> float:
    value = params.get(name, default)
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    if low <= number < below and not (above and number == low):
        return number
    bound = f" and below {below:g}" if math.isfinite(below) else ""
    raise _invalid(name, value, f"a number {'above' if above else 'of at least'} {low:g}{bound}")


def _invalid(name: str, value: Value, right: str) -> TrialError:
    message = f"{name} is {value!r}; it must be {right}."
    return TrialError(TrialFailure.INVALID_CANDIDATE, message)
