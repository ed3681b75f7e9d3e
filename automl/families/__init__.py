"""The kinds of models, found by name: one folder each, named like its member of `FamilyName`.

A folder has ``space.py`` (what it serves and its space as data: no library that trains)
and ``model.py``, which is imported only where something is trained or exported. Nothing is scanned
and nothing skipped: a family that cannot be imported fails loudly.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, cast

from automl.core.catalog import FamilyName, Modality, TaskType, TrialFailure
from automl.core.errors import TrialError
from automl.core.hyperparameter import Hyperparameter, serving
from automl.core.learner import Estimator, FamilySpec, NetworkFamily
from automl.families.restriction import narrow

if TYPE_CHECKING:
    from typing_extensions import TypeIs

__all__ = ["is_network", "model", "narrow", "scheduled", "spec", "specs", "validate"]


def spec(name: FamilyName) -> FamilySpec:
    """Return what the family serves, with its search space; cheap to import."""
    return cast("FamilySpec", import_module(f"{__name__}.{name.value}.space").SPEC)


def specs() -> tuple[FamilySpec, ...]:
    """Return every family's spec, in the order of the enum."""
    return tuple(spec(name) for name in FamilyName)


def model(name: FamilyName) -> Estimator | NetworkFamily:
    """Return the module that trains the family; imports its library."""
    return cast("Estimator | NetworkFamily", import_module(f"{__name__}.{name.value}.model"))


def is_network(module: Estimator | NetworkFamily) -> "TypeIs[NetworkFamily]":
    """Return whether the family is trained by ``automl/training`` rather than by itself."""
    return hasattr(module, "build")


def scheduled(name: FamilyName) -> bool:
    """Return whether the family plans its training to the time there is: all networks do."""
    return any(item.name == "schedule" for item in spec(name).space)


def validate(
    name: FamilyName,
    params: Mapping[str, object],
    task: TaskType | None = None,
    modality: Modality = Modality.TABLE,
) -> None:
    """Check a candidate's hyperparameters against its family's space, for any task or the given.

    Without a task the space is that of all tasks and modalities. A dimension that says what its
    being ``absent`` means may be: such a candidate was stored before there was one.

    Raises:
        TrialError: INVALID_CANDIDATE when one is unknown, missing, inactive or out of its range.
    """
    space = spec(name).space
    space = space if task is None else serving(space, task, modality)
    known: dict[str, Hyperparameter] = {item.name: item for item in space}
    active = {item.name for item in known.values() if item.active(params)}  # type: ignore[arg-type]
    for unknown in params.keys() - known.keys():
        raise _invalid(name, f"has no hyperparameter {unknown!r}, only {', '.join(known)}")
    for missing in (each for each in active - params.keys() if known[each].absent is None):
        raise _invalid(name, f"needs a value for {missing!r}")
    for key, value in params.items():
        if key not in active:
            raise _invalid(name, f"does not use {key!r} with these hyperparameters")
        if not isinstance(value, (int, float, str)) or not known[key].allows(value):
            raise _invalid(name, f"cannot take {value!r} as {key!r}")


def _invalid(name: FamilyName, problem: str) -> TrialError:
    return TrialError(TrialFailure.INVALID_CANDIDATE, f"{name.value} {problem}")
