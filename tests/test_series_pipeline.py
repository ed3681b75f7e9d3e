"""The story from series of many lengths to a checked model, and its promise of equal bytes."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from automl import pipeline
from automl.core.catalog import ExportFormat, FamilyName, Modality, TaskType, TrialState
from automl.core.study import Budget, StudySpec, TaskSpec
from automl.export.scoring import Scorer
from tests import arrays

ROWS, STEPS = 150, 60
SMALL: dict[str, dict[str, Any]] = {"rocket": {"features": [5_000]}}


def waves(seed: int = 0) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Return noisy waves of two channels, of many lengths, and how fast each waves."""
    random = np.random.default_rng(seed)
    speed = random.uniform(0.2, 0.8, ROWS)
    phase = random.uniform(0.0, 2 * np.pi, (ROWS, 2, 1))
    x = np.sin(speed[:, None, None] * np.arange(STEPS) + phase) * [[[1.0], [100.0]]]
    x += random.normal(0.0, 0.2, x.shape)
    x[np.broadcast_to(np.arange(STEPS) >= random.integers(30, STEPS + 1, ROWS)[:, None, None],
                      x.shape)] = np.nan  # fmt: skip
    return x.astype(np.float32), speed


def _fit(folder: Path, task: TaskType, *, slots: int = 1) -> pipeline.Fit:
    x, speed = waves()
    y = speed if task is TaskType.REGRESSION else np.digitize(speed, [0.4, 0.6])
    dataset, table = arrays.dataset(
        folder / "waves.parquet", x, y, modality=Modality.SERIES, test=np.arange(ROWS) >= 100
    )
    spec = StudySpec(dataset.id, TaskSpec(task, ""), budget=Budget(trials=4), search_space=SMALL)
    return pipeline.fit(spec, dataset, table, slots=slots)


@pytest.fixture(scope="module", params=list(TaskType))
def fit(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> pipeline.Fit:
    task: TaskType = request.param
    return _fit(tmp_path_factory.mktemp(task.value), task)


def test_a_study_of_series_ends_in_a_model_judged_on_the_official_part(fit: pipeline.Fit) -> None:
    assert all(trial.state is TrialState.COMPLETE for trial in fit.trials)
    assert fit.plan.official_rows == ROWS - 100
    assert fit.finished.card.parity <= 1e-5
    assert fit.finished.card.value < 0.3 * fit.plan.baseline  # log loss and RMSE


def test_few_series_are_for_kernels_alone(fit: pipeline.Fit) -> None:
    assert fit.plan.families == (FamilyName.ROCKET,)


def test_the_file_takes_series_as_they_are(fit: pipeline.Fit) -> None:
    scorer = Scorer(fit.finished.files[ExportFormat.ONNX], threads=1)
    x, speed = waves(seed=1)
    answers = scorer.predict({"X": x}).predictions
    if fit.plan.classes:
        assert (answers == np.digitize(speed, [0.4, 0.6])).mean() > 0.9
    else:
        assert np.abs(answers - speed).mean() < 0.05
    assert scorer.predict({"X": x[:1]}).predictions[0] == pytest.approx(answers[0], rel=1e-6)


def test_equal_searches_give_equal_bytes(fit: pipeline.Fit, tmp_path: Path) -> None:
    again = _fit(tmp_path, fit.plan.task, slots=2)
    assert [t.value for t in again.trials] == [t.value for t in fit.trials]
    assert again.finished.files == fit.finished.files
