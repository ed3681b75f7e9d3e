"""What people say of a study, as its request has it."""

from collections.abc import Mapping
from typing import Any

from automl.client.problems import ServiceError
from automl.client.transport import Json
from automl.core.duration import seconds

FEW_CLASSES = 20
"""A numeric target with no more distinct values than this is taken for classes."""


def as_budget(budget: str | float | Mapping[str, Any]) -> Json:
    """Return a request's budget.

    Raises:
        ValueError: the text is no length of time.

    >>> as_budget("5m"), as_budget({"trials": 20})
    ({'seconds': 300.0}, {'trials': 20})
    """
    if isinstance(budget, Mapping):
        return dict(budget)
    return {"seconds": seconds(budget) if isinstance(budget, str) else float(budget)}


def guess_task(dataset: Mapping[str, Any], target: str | None) -> str:
    """Return the task that the target's column suggests, or the classes beside arrays.

    Raises:
        ServiceError: there is no such column.
    """
    if dataset.get("shape") is not None:  # arrays have no columns
        return "classification" if dataset["classes"] else "regression"
    for column in dataset["columns"]:
        if column["name"] == target:
            return "regression" if _measures(column) else "classification"
    if target is None:
        return "classification"  # the service asks for the name
    names = ", ".join(repr(column["name"]) for column in dataset["columns"][:20])
    detail = f"There is no column {target!r}; {dataset['name']} has {names}."
    raise ServiceError(422, {"reason": "INVALID_SPEC", "detail": detail})


def _measures(column: Mapping[str, Any]) -> bool:
    if column["kind"] not in {"numeric", "id"}:
        return False
    broken = any(isinstance(column[end], float) for end in ("min", "max"))
    return broken or int(column["unique"]) > FEW_CLASSES
