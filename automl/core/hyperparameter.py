"""A family's search space as data: what may vary, in which range, when it matters."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from automl.core.catalog import Modality, TaskType

Value = int | float | str | bool
"""What a hyperparameter can be; always JSON-safe."""

Params = Mapping[str, Value]
"""A candidate's hyperparameters by name."""

LARGE_SIDE = 32
"""Places along every side from which on an image is worth seeing small at first. In equal seconds
half of the sides won on photos of 32 × 32 and lost on clothes of 28 × 28, where three quarters were
as good as all."""

LONG_TEXT = 100
"""Words on average from which on texts are long: many reach beyond what a network reads, and as
characters most would."""


class Trait(StrEnum):
    """What data, or what is asked of it, is like that leaves some dimensions no question."""

    NO_CATEGORIES = "no categories"
    """Of a table."""
    NO_PAIRS = "no pairs"
    """A table has no two columns of numbers that could make one."""
    SMALL_IMAGES = "small images"
    """A side is below `LARGE_SIDE`."""
    GREY_IMAGES = "grey images"
    LONG_TEXTS = "long texts"
    """They have `LONG_TEXT` words or more."""
    SHORT_TEXTS = "short texts"
    CHANCES_JUDGED = "chances judged"
    """The metric looks at probabilities as they are, or at their order alone: it gains nothing from
    rare classes that count more than their rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperparameter:
    """One dimension of a family's space.

    ``low`` and ``high`` are inclusive. ``when`` names the hyperparameter and its values under
    which this one is active; an inactive hyperparameter is absent from a candidate.
    ``tasks`` and ``modalities`` name the only ones it matters for; None: all the family serves.
    ``defaults`` has the default of some modalities where it is another there, and ``settled`` the
    one value that is left where the study has a trait. ``absent`` is what
    a candidate says that lacks an active dimension because it is older than that; None: none is.
    ``yields_to`` names one that this would overrule: where a study names that, ``absent`` is left.
    """

    name: str
    type: Literal["int", "float", "categorical"]
    default: Value
    low: int | float | None = None
    high: int | float | None = None
    log: bool = False
    step: int | float | None = None
    choices: tuple[Value, ...] | None = None
    when: tuple[str, tuple[Value, ...]] | None = None
    tasks: tuple[TaskType, ...] | None = None
    modalities: tuple[Modality, ...] | None = None
    defaults: Mapping[Modality, Value] | None = None
    settled: Mapping[Trait, Value] = field(default_factory=dict)
    absent: Value | None = None
    yields_to: str | None = None
    description: str = ""

    def active(self, params: Params) -> bool:
        """Return whether this dimension matters given the ``params`` chosen before it."""
        return self.when is None or params.get(self.when[0]) in self.when[1]

    def allows(self, value: Value) -> bool:
        """Return whether ``value`` lies in the range or among the choices."""
        if self.type == "categorical":
            return value in (self.choices or ())
        if isinstance(value, (bool, str)):
            return False
        if self.type == "int" and isinstance(value, float) and not value.is_integer():
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


Space = tuple[Hyperparameter, ...]
"""A family's dimensions, in the order they are drawn: conditions come before what they govern."""


def serving(space: Space, task: TaskType, modality: Modality = Modality.TABLE) -> Space:
    """Return the dimensions that matter for a task on data of a modality, with its defaults."""
    return tuple(
        item if modality not in (item.defaults or {}) else _with_default(item, modality)
        for item in space
        if (item.tasks is None or task in item.tasks)
        and (item.modalities is None or modality in item.modalities)
    )


def _with_default(item: Hyperparameter, modality: Modality) -> Hyperparameter:
    return replace(item, default=(item.defaults or {})[modality], defaults=None)


def defaults(space: Space) -> dict[str, Value]:
    """Return the candidate made of every active dimension's default."""
    params: dict[str, Value] = {}
    for dimension in space:
        if dimension.active(params):
            params[dimension.name] = dimension.default
    return params
