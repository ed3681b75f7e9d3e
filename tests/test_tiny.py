"""Few rows, few different ones, a class of one row: what is hardly a table ends in a model."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from automl import pipeline
from automl.core.catalog import MetricName, TaskType, TrialState
from automl.core.study import Budget, StudySpec, TaskSpec
from tests import tables

CLASSIFICATION, REGRESSION = TaskType.CLASSIFICATION, TaskType.REGRESSION
QUICK = {
    "mlp": {"epochs": [5], "width": [8]},
    "resnet": {"epochs": [5], "width": [16]},
    "realmlp": {"epochs": [5], "width": [16]},
    "tabm": {"epochs": [5], "width": [16], "members": [4]},
}

Lines = Sequence[Sequence[str]]
ONE_OF_A_CLASS = [(str(i), str(i * i % 17), "p" if i == 3 else "n") for i in range(60)]
CASES: dict[str, tuple[Lines, TaskType, MetricName | None]] = {
    "one row of a class": (ONE_OF_A_CLASS, CLASSIFICATION, None),
    "one row of a class, by precision": (ONE_OF_A_CLASS, CLASSIFICATION, MetricName.PRECISION),
    "one row of three classes": (
        [(str(i), str(i * i % 17), "c" if i == 5 else "ab"[i % 2]) for i in range(80)],
        CLASSIFICATION,
        MetricName.ROC_AUC,
    ),
    "fourteen different rows of fifty": (
        [(str(i % 7), str(i % 3), str(i % 2)) for i in range(50)],
        CLASSIFICATION,
        None,
    ),
    "two different rows of thirty": (
        [(str(i % 2), "x", str(i % 2)) for i in range(30)],
        CLASSIFICATION,
        None,
    ),
    "three rows": ([("1", "2", "a"), ("2", "3", "b"), ("4", "1", "a")], CLASSIFICATION, None),
    "two numbers": ([(str(i), str(i * 2), str(i * 1.5)) for i in range(2)], REGRESSION, None),
    "two numbers by r2": (
        [(str(i), str(i * 2), str(i * 1.5)) for i in range(2)],
        REGRESSION,
        MetricName.R2,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_tiny_table_ends_in_a_model(case: str, tmp_path: Path) -> None:
    lines, task, metric = CASES[case]
    path = tables.write(tmp_path / "data.csv", ("a", "b", "y"), lines)
    dataset, table = tables.dataset(path, tmp_path / "data.parquet")
    spec = StudySpec(dataset.id, TaskSpec(task, "y", metric), Budget(trials=8), search_space=QUICK)
    fit = pipeline.fit(spec, dataset, table)
    assert {trial.state for trial in fit.trials} == {TrialState.COMPLETE}
    assert fit.finished.card.parity <= 1e-5
    assert not fit.finished.card.excluded
