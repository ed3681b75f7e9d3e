"""The story from arrays to a checked model: images in, and equal bytes for equal searches."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
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
from automl.search import folds as dividing
from automl.search.plan import make_plan
from automl.search.prepare import prepare
from automl.training import stream
from tests import arrays, tables

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


def test_of_many_images_only_some_judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = arrays.digits(500)
    dataset, table = arrays.dataset(tmp_path / "digits.parquet", x, y, modality=Modality.IMAGE)
    spec = StudySpec(
        dataset.id,
        TaskSpec(TaskType.CLASSIFICATION, ""),
        budget=Budget(trials=1),
        validation=Validation(strategy=ValidationStrategy.HOLDOUT),
    )
    plan = make_plan(spec, dataset, table)
    assert 45 <= len(prepare(plan, spec, dataset, table).judged) <= 60
    monkeypatch.setattr(dividing, "MOST_JUDGED", 20)
    assert 20 <= len(prepare(plan, spec, dataset, table).judged) <= 30


def _balls(rows: int, *, size: int = 8) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return volumes with a ball in each, among noise, and its radius."""
    random = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*[np.arange(size)] * 3, indexing="ij"), axis=-1)
    radius, centre = random.uniform(1.0, 3.5, rows), random.uniform(3.0, size - 4.0, (rows, 3))
    distance = np.sqrt(((grid - centre[:, None, None, None]) ** 2).sum(axis=-1))
    inside = distance <= radius[:, None, None, None]
    return inside + random.normal(0.0, 0.2, inside.shape), radius


X, RADIUS = _balls(150)
BYTES = (80 * np.clip(X + 1, 0, 3)).astype(np.uint8)
VOLUMES: dict[str, tuple[npt.NDArray[Any], npt.NDArray[Any]]] = {
    "numbers of float32": (X.astype(np.float32), RADIUS),
    "whole numbers of two channels of bytes": (
        np.stack([BYTES, 255 - BYTES], axis=-1), np.round(100 * RADIUS).astype(np.int64),
    ),
    "two classes of bytes": (BYTES, (RADIUS > 2.25).astype(np.int64)),
    "two classes of booleans": (X > 0.5, (RADIUS > 2.25).astype(np.int64)),
    "two names of float64": (X, np.where(RADIUS > 2.25, "large", "small")),
}  # fmt: skip


@pytest.mark.parametrize("what", VOLUMES)
def test_volumes_of_any_dtype_towards_numbers_and_two_classes(what: str, tmp_path: Path) -> None:
    x, y = VOLUMES[what]
    path = tmp_path / "balls.npz"
    np.savez(path, X=x, y=y)
    dataset, table = tables.dataset(path, tmp_path / "balls.parquet", modality=Modality.VOLUME)
    task = TaskType.REGRESSION if "numbers" in what else TaskType.CLASSIFICATION
    spec = StudySpec(
        dataset.id,
        TaskSpec(task, ""),
        Budget(trials=1),
        validation=Validation(strategy=ValidationStrategy.HOLDOUT),
        families=(FamilyName.CNN,),
        search_space=SMALL,
    )
    finished = pipeline.fit(spec, dataset, table).finished
    assert finished.card.parity <= 1e-5
    session = onnxruntime.InferenceSession(finished.files[ExportFormat.ONNX])
    answers = session.run(None, {"X": x})[0]
    if task is TaskType.REGRESSION:
        assert np.corrcoef(answers, y)[0, 1] > 0.5
    else:
        assert (answers == y).mean() > 0.7
