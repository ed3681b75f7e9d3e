from dataclasses import replace

import pytest

from automl.core.catalog import StudyStatus, TaskType, TrialState
from automl.core.study import Budget, Study, StudySpec, TaskSpec
from automl.service.progress import progress
from tests.api.harness import PLAN


def _study(budget: Budget, status: StudyStatus, elapsed: float, ended: int = 0) -> Study:
    spec = StudySpec("ds_a", TaskSpec(TaskType.CLASSIFICATION, "colour"), budget)
    counts = {TrialState.COMPLETE: ended, TrialState.RUNNING: 1}
    study = Study("st_a", "default", spec, PLAN, status, 0, 0, counts, 0.0)
    return replace(study, elapsed_seconds=elapsed)


@pytest.mark.parametrize(
    ("budget", "status", "elapsed", "ended", "fraction", "eta"),
    [
        (Budget(seconds=100), StudyStatus.QUEUED, 0, 0, 0, None),
        (Budget(seconds=100), StudyStatus.RUNNING, 25, 3, 0.25, 75),
        (Budget(seconds=100), StudyStatus.FINALIZING, 120, 3, 0.999, 0),
        (Budget(seconds=100), StudyStatus.PAUSED, 25, 3, 0.25, None),
        (Budget(seconds=100), StudyStatus.SUCCEEDED, 99, 3, 1, 0),
        (Budget(trials=10), StudyStatus.RUNNING, 20, 4, 0.4, 30),
        (Budget(trials=10), StudyStatus.RUNNING, 20, 0, 0, None),
        (Budget(trials=10), StudyStatus.CANCELLED, 20, 4, 1, 0),
        (Budget(seconds=100, trials=10), StudyStatus.RUNNING, 20, 4, 0.4, 30),
        (Budget(seconds=40, trials=10), StudyStatus.RUNNING, 20, 4, 0.5, 20),
    ],
)
def test_progress_follows_what_ends_first(
    budget: Budget,
    status: StudyStatus,
    elapsed: float,
    ended: int,
    fraction: float,
    eta: float | None,
) -> None:
    seen = progress(_study(budget, status, elapsed, ended))
    assert seen.fraction == pytest.approx(fraction)
    assert seen.eta_seconds == eta
