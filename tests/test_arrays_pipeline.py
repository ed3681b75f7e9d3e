"""The story from arrays to a checked model: images in, and equal bytes for equal searches."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from automl import pipeline
from automl.core.catalog import (
    ExportFormat,
    FamilyName,
    MetricName,
    Modality,
    TaskType,
    TrialState,
    ValidationStrategy,
)
from automl.core.study import Budget, StudySpec, TaskSpec, Validation
from automl.data import unread
from automl.search import afford
from automl.search.plan import make_plan
from automl.search.prepare import prepare
from automl.training import stream
from tests import arrays

SMALL: dict[str, dict[str, Any]] = {
    "cnn": {"layers": [1, 2], "width": [8, 12], "convolutions": [1], "epochs": [15]},
}
"""Spaces of candidates that train in a moment."""


def _fit(folder: Path, *, slots: int = 1, block: int = 500) -> pipeline.Fit:
    x, y = arrays.digits(500)
    test = np.arange(500) >= 400
    path = folder / "digits.parquet"
    dataset, table = arrays.dataset(path, x, y, modality=Modality.IMAGE, test=test, block=block)
    spec = StudySpec(
        dataset.id,
        TaskSpec(TaskType.CLASSIFICATION, "", MetricName.ACCURACY),
        budget=Budget(trials=3),
        validation=Validation(strategy=ValidationStrategy.HOLDOUT),
        families=tuple(FamilyName(name) for name in SMALL),
        search_space=SMALL,
    )
    return pipeline.fit(spec, dataset, table, slots=slots)


@pytest.fixture(scope="module")
def fit(tmp_path_factory: pytest.TempPathFactory) -> pipeline.Fit:
    return _fit(tmp_path_factory.mktemp("digits"))


def test_a_study_of_images_ends_in_a_model_judged_on_the_official_part(fit: pipeline.Fit) -> None:
    assert all(trial.state is TrialState.COMPLETE for trial in fit.trials)
    assert fit.plan.official_rows == 100
    assert fit.finished.card.value > 0.8
    assert fit.finished.card.parity <= 1e-5


def test_the_file_takes_images_as_they_are(fit: pipeline.Fit) -> None:
    session = onnxruntime.InferenceSession(fit.finished.files[ExportFormat.ONNX])
    x, y = arrays.digits()
    answers = session.run(None, {"X": x[1000:1200]})
    assert (np.argmax(answers[-1], axis=1) == y[1000:1200]).mean() > 0.8


def test_equal_searches_give_equal_bytes(fit: pipeline.Fit, tmp_path: Path) -> None:
    again = _fit(tmp_path, slots=2)
    assert [t.value for t in again.trials] == [t.value for t in fit.trials]
    assert again.finished.files == fit.finished.files


def test_more_images_than_are_held_stay_in_their_file_and_make_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unread, "HELD_BYTES", 100 * 64 - 1)
    monkeypatch.setattr(unread, "FEW_BYTES", 64)
    monkeypatch.setattr(stream, "WINDOW_BYTES", 200 * 64)
    monkeypatch.setattr(afford, "ARRAY_BYTES", 300 * 64)
    made = _fit(tmp_path, block=50)
    assert made.plan.rows == 400
    assert made.finished.card.value > 0.8
    assert made.finished.card.parity <= 1e-5
    assert made.finished.files[ExportFormat.REPORT]


def test_images_that_take_too_long_to_read_are_sampled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = arrays.digits(500)
    dataset, table = arrays.dataset(tmp_path / "digits.parquet", x, y, modality=Modality.IMAGE)
    monkeypatch.setattr(afford, "ARRAY_BYTES", 300 * 64)
    monkeypatch.setattr(afford, "READ_BYTES", 1)
    spec = StudySpec(dataset.id, TaskSpec(TaskType.CLASSIFICATION, ""), budget=Budget(seconds=60.0))
    plan = make_plan(spec, dataset, table)
    assert (plan.rows, plan.warnings[-1][0]) == (300, "ROWS_SAMPLED")
    assert len(prepare(plan, spec, dataset, table).y) == 300
