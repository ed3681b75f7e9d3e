"""What can be predicted: one file a task, found by its name."""

from importlib import import_module
from typing import cast

from automl.core.catalog import TaskType
from automl.tasks.base import Loss, TargetScale, Task

__all__ = ["Loss", "TargetScale", "Task", "load"]


def load(task: TaskType) -> Task:
    """Return the module that implements the task."""
    return cast("Task", import_module(f"automl.tasks.{task.value}"))
