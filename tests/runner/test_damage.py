"""What one worker does about stored bytes that are damaged."""

import shutil

import pytest

from automl.core.catalog import StudyFailure, StudyStatus, TrialState
from automl.core.study import Budget
from automl.core.trial import Finish
from automl.service import studies
from tests.api.damage import flip, flip_all
from tests.runner.bench import TENANT, Bench, Orders
from tests.store import values


def test_damaged_data_end_the_study_at_once_which_goes_on_when_they_are_whole(
    bench: Bench,
) -> None:
    study = bench.study(budget=Budget(trials=3))
    shutil.rmtree(bench.folder / "cache", ignore_errors=True)
    flip_all(bench.store)
    ended = bench.work_off(study, bench.runner())
    assert ended.status is StudyStatus.FAILED
    assert ended.error is not None
    assert ended.error[0] is StudyFailure.DATASET_UNUSABLE
    assert "damaged" in ended.error[1]
    assert [trial.state for trial in bench.trials(study)] == [TrialState.CANCELLED]
    values.check(bench.store, study)
    flip_all(bench.store)  # the same bits again
    assert studies.resume(bench.store, TENANT, study.id, add=None).changed
    mended = bench.work_off(study, bench.runner())
    assert mended.status is StudyStatus.SUCCEEDED
    assert mended.counts[TrialState.COMPLETE] == 2


def test_a_finish_whose_data_are_damaged_is_done_again_when_they_are_whole(bench: Bench) -> None:
    study = bench.study(budget=Budget(trials=2))
    runner = bench.runner()
    for _ in range(2):
        runner.run(bench.attempt(runner), Orders())
    shutil.rmtree(bench.folder / "cache", ignore_errors=True)
    flip_all(bench.store)
    ended = bench.work_off(study, bench.runner())
    assert ended.error is not None
    assert ended.error[0] is StudyFailure.DATASET_UNUSABLE
    flip_all(bench.store)
    assert studies.resume(bench.store, TENANT, study.id, add=None).changed
    assert bench.work_off(study, bench.runner()).status is StudyStatus.SUCCEEDED


@pytest.mark.parametrize("place", [0, 1])
def test_one_damaged_result_does_not_cost_the_others(bench: Bench, place: int) -> None:
    study = bench.study(budget=Budget(trials=4))
    runner = bench.runner()
    while not isinstance(work := bench.claim(runner), Finish):
        if work is not None:
            runner.run(work, Orders())
    best = bench.read(study).best_trial
    assert best is not None
    with bench.store.unit() as unit:
        flip(bench.store, unit.trials.arrays(study.id)[best][place], at=-1)
    runner.run(work, Orders())
    ended = bench.read(study)
    assert ended.status is StudyStatus.SUCCEEDED
    assert ended.model_id is not None
    with bench.store.unit() as unit:
        members = unit.models.get(TENANT, ended.model_id).card.members
    assert best not in {member.trial for member in members}


def test_when_all_results_are_damaged_the_study_says_so(bench: Bench) -> None:
    study = bench.study(budget=Budget(trials=2))
    runner = bench.runner()
    while not isinstance(work := bench.claim(runner), Finish):
        if work is not None:
            runner.run(work, Orders())
    with bench.store.unit() as unit:
        pairs = list(unit.trials.arrays(study.id).values())
    for artifact_id in {name for pair in pairs for name in pair}:
        flip(bench.store, artifact_id, at=-1)
    runner.run(work, Orders())
    ended = bench.read(study)
    assert ended.status is StudyStatus.FAILED
    assert ended.error is not None
    reason, detail = ended.error
    assert reason is StudyFailure.NO_TRIAL_COMPLETED
    assert "damaged" in detail
