"""A small finished study for tests of what comes after it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl import pipeline
from automl.core.catalog import FamilyName, TaskType
from automl.core.schema import Dataset
from automl.core.study import Budget, StudySpec, TaskSpec, Validation
from automl.search.prepare import Prepared, prepare
from tests import tables

SMALL: dict[str, dict[str, Any]] = {
    "linear": {"penalty": ["l2"]},
    "mlp": {"layers": [1], "width": [8], "epochs": [5], "batch_size": [128]},
}
"""Candidates that train in a moment."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A study with its data at hand."""

    csv: Path
    dataset: Dataset
    spec: StudySpec
    prepared: Prepared
    result: pipeline.Fit


def ended(folder: Path, *, classes: int, test: float = 0.4, ensemble: bool = True) -> Ended:
    """Return a study of eight linear models and networks over 600 rows."""
    folder.mkdir(exist_ok=True)
    csv = tables.mixed(folder / "data.csv", rows=600, classes=classes)
    dataset, table = tables.dataset(csv, folder / "data.parquet")
    spec = StudySpec(
        dataset.id,
        TaskSpec(TaskType.CLASSIFICATION if classes else TaskType.REGRESSION, "y"),
        Budget(trials=8),
        families=(FamilyName.LINEAR, FamilyName.MLP),
        search_space=SMALL,
        validation=Validation(test_fraction=test),
        ensemble=ensemble,
    )
    result = pipeline.fit(spec, dataset, table)
    return Ended(csv, dataset, spec, prepare(result.plan, spec, dataset, table), result)
