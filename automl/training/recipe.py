"""What a candidate says about its training, read and judged once."""

import math
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from automl.core.balance import ClassWeight
from automl.core.catalog import TaskType, TrialFailure
from automl.core.errors import TrialError
from automl.core.hyperparameter import Params
from automl.training.losses import REGRESSION, Loss
from automl.training.optimizers import Optimizer
from automl.training.schedules import Schedule

_AUTO_BATCHES = ((2_800, 32), (4_500, 64), (20_000, 128), (60_000, 256), (160_000, 512))
"""Training rows below which a batch size is taken: AutoGluon's TabM's steps, but 128 for longer. On
letter (15,000 rows) 128 gave a log loss of 0.044 where 256 gave 0.048, in the same time."""
_LARGEST_AUTO_BATCH = 1024
_BATCH_PLACES, _SMALLEST_BATCH = 1 << 19, 16
"""Places of arrays in a batch, of whatever rows: what each layer makes of them is kept for the way
back, about 150 numbers a place."""
TOKEN_PLACES = 8
"""Those of a text's token: four blocks of attention make 3,300 numbers of one, convolutions 300."""

Choice = TypeVar("Choice", Optimizer, Schedule, Loss, ClassWeight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a network is trained, as every network family's candidates say it."""

    loss: Loss
    label_smoothing: float
    class_weight: ClassWeight
    optimizer: Optimizer
    learning_rate: float
    momentum: float
    nesterov: bool
    schedule: Schedule
    warmup: float
    """Part of the steps over which the learning rate rises first."""
    batch_size: int
    epochs: int
    patience: int
    clip: float
    """Largest norm of the gradient, 0 for any."""
    l1: float
    l2: float
    beta2: float
    """How slowly Adam forgets squared gradients."""
    fade: bool
    """Whether dropout and penalties fade over the second half of the steps."""
    mixed_precision: bool

    @classmethod
    def read(cls, params: Params, task: TaskType, rows: int, *, places: int = 1) -> Self:
        """Return the recipe in ``params`` for that many training rows, arrays of so many places.

        A conditional hyperparameter that is absent is inactive: no momentum, warm-up or penalty.

        Raises:
            TrialError: a hyperparameter is missing or cannot be trained with.
        """
        return cls(
            loss=_loss(params, task),
            label_smoothing=_number(params, "label_smoothing", 0.0, below=1.0),
            class_weight=_choice({"class_weight": "none", **params}, "class_weight", ClassWeight),
            optimizer=_choice(params, "optimizer", Optimizer),
            learning_rate=_number(params, "learning_rate", above=0.0),
            momentum=_number(params, "momentum", 0.0, below=1.0),
            nesterov=bool(params.get("nesterov", False)),
            schedule=_choice(params, "schedule", Schedule),
            warmup=_number(params, "warmup", 0.0, below=1.0),
            batch_size=_batch_size(params, rows, places),
            epochs=int(_number(params, "epochs", low=1.0)),
            patience=int(_number(params, "patience", low=1.0)),
            clip=_number(params, "clip"),
            l1=_number(params, "l1", 0.0),
            l2=_number(params, "l2", 0.0),
            beta2=_number(params, "beta2", 0.999, above=0.0, below=1.0),
            fade=bool(params.get("fade", False)),
            mixed_precision=bool(params.get("mixed_precision", False)),
        )


def _loss(params: Params, task: TaskType) -> Loss:
    if task is TaskType.CLASSIFICATION:
        return Loss.CROSS_ENTROPY
    loss = _choice({"loss": Loss.MSE, **params}, "loss", Loss)
    if loss not in REGRESSION:
        raise _invalid("loss", loss, f"one of {', '.join(REGRESSION)} for a regression")
    return loss


def _batch_size(params: Params, rows: int, places: int) -> int:
    if params.get("batch_size") != "auto":
        return int(_number(params, "batch_size", low=1.0))
    wished = next((size for limit, size in _AUTO_BATCHES if rows < limit), _LARGEST_AUTO_BATCH)
    return min(wished, max(_SMALLEST_BATCH, _BATCH_PLACES // places))


def _choice(params: Params, name: str, kind: type[Choice]) -> Choice:
    value = params.get(name)
    if value not in list(kind):
        raise _invalid(name, value, f"one of {', '.join(kind)}")
    return kind(value)


def _number(
    params: Params,
    name: str,
    absent: float | None = None,
    *,
    low: float = 0.0,
    above: float = -math.inf,
    below: float = math.inf,
) -> float:
    value = params.get(name, absent)
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    if low <= number < below and number > above:
        return number
    bounds = f"above {above:g}" if math.isfinite(above) else f"of at least {low:g}"
    bounds += f" and below {below:g}" if math.isfinite(below) else ""
    raise _invalid(name, value, f"a number {bounds}")


def _invalid(name: str, value: Any, right: str) -> TrialError:
    return TrialError(TrialFailure.INVALID_CANDIDATE, f"{name} is {value!r}; it must be {right}.")
