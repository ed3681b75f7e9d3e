"""The request of a study, as it would be sent again."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from automl.core.catalog import TaskType
from automl.core.study import Budget, StudySpec, TaskSpec

OWN = ("dataset_id", "test_dataset_id", "name", "priority")
"""Not of the search: equal searches may differ in them."""


def request(spec: StudySpec) -> Mapping[str, object]:
    """Return the body of ``POST /v1/studies`` but for the datasets; what is default is left out."""
    plain = asdict(StudySpec("", TaskSpec(TaskType.CLASSIFICATION, ""), Budget()))
    asked = {name: value for name, value in asdict(spec).items() if name not in OWN}
    told = {name: _told(value, plain[name]) for name, value in asked.items()}
    told["task"] = {"type": spec.task.type.value, **told["task"]}
    return {
        name: value
        for name, value in told.items()
        if name in {"task", "budget", "seed"} or (value != plain[name] and value not in ({}, None))
    }


def _told(value: Any, plain: Any) -> Any:
    """Return a part of the request without its fields that are as if nothing had been said."""
    if isinstance(value, Mapping):
        usual = plain if isinstance(plain, Mapping) else {}
        return {
            name: _told(part, usual.get(name))
            for name, part in value.items()
            if name not in usual or part != usual[name]
        }
    return list(value) if isinstance(value, tuple) else value
