"""Small studies of the mixed table, ready to evaluate candidates of."""

from pathlib import Path

from automl.core.catalog import FamilyName, TaskType
from automl.core.study import Budget, StudySpec, TaskSpec
from automl.search.plan import make_plan
from automl.search.prepare import Prepared, prepare
from tests import tables


def mixed(folder: Path, *families: FamilyName) -> Prepared:
    """Return a classification in replay order, its files in the folder."""
    dataset, table = tables.dataset(tables.mixed(folder / "data.csv"), folder / "data.parquet")
    task = TaskSpec(TaskType.CLASSIFICATION, "y")
    spec = StudySpec(dataset.id, task, Budget(trials=4), families=families)
    return prepare(make_plan(spec, dataset, table), spec, dataset, table)
