"""Classes of two or three rows, through every split, family and metric to a model file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl import families, pipeline
from automl.core import metric
from automl.core.catalog import (
    ExportFormat,
    FamilyName,
    MetricName,
    Modality,
    TaskType,
    ValidationStrategy,
)
from automl.core.study import Budget, StudySpec, TaskSpec, Validation
from automl.search.plan import make_plan
from automl.search.prepare import prepare
from tests import tables

KFOLD, HOLDOUT = ValidationStrategy.KFOLD, ValidationStrategy.HOLDOUT
AUTO = Validation()
BRIEF: dict[str, dict[str, Any]] = {
    "linear": {"penalty": ["l2"]},
    "random_forest": {"trees": [10]},
    "extra_trees": {"trees": [10]},
    "lightgbm": {"max_rounds": [10]},
    "catboost": {"max_rounds": [10]},
    "mlp": {"layers": [1], "width": [16], "epochs": [5]},
    "resnet": {"layers": [1], "width": [16], "epochs": [5]},
    "realmlp": {"epochs": [5]},
    "tabm": {"epochs": [5]},
    "ft_transformer": {"layers": [1], "width": [16], "epochs": [5]},
}
"""Spaces of candidates that train in a moment; others do anyway."""


def _spec(
    chosen: MetricName,
    *families: FamilyName,
    validation: Validation = AUTO,
    trials: int = 1,
) -> StudySpec:
    return StudySpec(
        "ds_test",
        TaskSpec(TaskType.CLASSIFICATION, "y", chosen),
        Budget(trials=trials),
        families=families,
        search_space={name: BRIEF[name] for name in families if name in BRIEF},
        validation=validation,
    )


OF_TABLES = [spec.name for spec in families.specs() if Modality.TABLE in spec.modalities]


def _fit(path: Path, spec: StudySpec) -> pipeline.Fit:
    return pipeline.fit(spec, *tables.dataset(path, path.with_suffix(".parquet")))


@pytest.mark.parametrize("family", OF_TABLES)
def test_every_family_bears_a_class_of_two_rows(family: FamilyName, tmp_path: Path) -> None:
    path = tables.rare(tmp_path / "data.csv", counts=(40, 25, 2))
    found = _fit(path, _spec(MetricName.LOG_LOSS, family))
    assert found.trials[0].value is not None
    assert found.finished.card.parity <= 1e-5
    assert found.finished.card.classes == ("class 0", "class 1", "class 2")


@pytest.mark.parametrize("chosen", metric.allowed(TaskType.CLASSIFICATION, 2))
def test_three_rows_of_a_class_are_judged_by_every_metric(
    chosen: MetricName, tmp_path: Path
) -> None:
    path = tables.rare(tmp_path / "data.csv", counts=(97, 3))
    found = _fit(path, _spec(chosen, FamilyName.LINEAR, trials=2))
    card = found.finished.card
    assert card.metric is chosen
    for estimate in card.metrics.values():
        assert np.isfinite([estimate.low, estimate.value, estimate.high]).all()
    report = json.loads(found.finished.files[ExportFormat.REPORT])
    assert sum(row["support"] for row in report["classification"]["per_class"]) == 100


@pytest.mark.parametrize("counts", [(60, 30, 2), (60, 30, 3), (90, 2)])
@pytest.mark.parametrize(
    "validation",
    [Validation(KFOLD), Validation(HOLDOUT), Validation(KFOLD, test_fraction=0.3),
     Validation(HOLDOUT, test_fraction=0.3)],
)  # fmt: skip
def test_rare_classes_are_learned_in_every_split(
    counts: tuple[int, ...], validation: Validation, tmp_path: Path
) -> None:
    path = tables.rare(tmp_path / "data.csv", counts=counts)
    dataset, table = tables.dataset(path, tmp_path / "data.parquet")
    spec = _spec(MetricName.LOG_LOSS, FamilyName.LINEAR, validation=validation)
    prepared = prepare(make_plan(spec, dataset, table), spec, dataset, table)
    every = np.bincount(prepared.y, minlength=len(counts))
    assert (every >= min(2, *counts)).all()
    for train, _ in prepared.folds:
        assert (np.bincount(prepared.y[train], minlength=len(counts)) >= 1).all()
    judged = np.bincount(prepared.y[prepared.judged], minlength=len(counts))
    assert (judged >= 1).all()
    assert judged.tolist() == every.tolist() or validation.strategy is HOLDOUT


def test_average_precision_prefers_what_finds_the_rare_class(tmp_path: Path) -> None:
    path = tables.rare(tmp_path / "data.csv", counts=(470, 30))
    found = _fit(path, _spec(MetricName.AVERAGE_PRECISION, FamilyName.LINEAR, trials=4))
    best = found.finished.card.metrics[MetricName.AVERAGE_PRECISION]
    assert found.plan.baseline == pytest.approx(0.06, abs=1e-9)
    assert best.low > 3 * found.plan.baseline
    assert found.finished.card.decision.levels == ()
