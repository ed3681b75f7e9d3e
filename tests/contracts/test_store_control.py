"""What owners do to studies, and what the clock does to them, on both databases."""

from dataclasses import replace

import pytest

from automl.core.catalog import StudyFailure, StudyStatus, TrialState
from automl.core.errors import DatasetGone, DatasetInUse, LeaseLost, NotFound, StudyState
from automl.core.leases import Order
from automl.core.study import Budget
from automl.core.trial import Finish, Turn
from automl.store import SqlStore
from tests.store import values
from tests.store.acts import beat, cancel, pause, publish, resume


def test_cancel_publishes_the_best_so_far(store: SqlStore) -> None:
    study = values.add_study(store)
    values.complete(store, 0.7)
    held, waiting = values.attempt(store), values.attempt(store)
    store.leases.release(waiting)
    assert cancel(store, study)
    assert not cancel(store, study)
    assert beat(store, held) is Order.STOP
    with pytest.raises(LeaseLost):
        store.leases.cancel(held, 0.1)
    assert values.check(store, study).status is StudyStatus.FINALIZING
    publish(store, study)
    ended = values.check(store, study)
    assert ended.status is StudyStatus.CANCELLED
    assert ended.model_id is not None
    assert ended.counts[TrialState.CANCELLED] == 2
    assert not cancel(store, study)


def test_cancel_without_a_result_ends_at_once(store: SqlStore) -> None:
    queued, running, paused = (values.add_study(store, priority=n) for n in (1, 9, 2))
    values.attempt(store)
    pause(store, paused)
    for study in (queued, running, paused):
        assert cancel(store, study)
        ended = values.check(store, study)
        assert (ended.status, ended.model_id) == (StudyStatus.CANCELLED, None)
    assert store.leases.claim("w") is None


def test_cancel_while_finalizing_keeps_the_model(store: SqlStore) -> None:
    study = values.add_study(store, trials=1)
    values.complete(store, 0.7)
    assert cancel(store, study)
    publish(store, study)
    assert values.check(store, study).status is StudyStatus.CANCELLED


def test_an_ended_study_cannot_be_cancelled_or_paused(store: SqlStore) -> None:
    study = values.add_study(store, trials=1)
    values.complete(store, 0.7)
    publish(store, study)
    with pytest.raises(StudyState):
        cancel(store, study)
    with pytest.raises(StudyState):
        pause(store, study)


def test_a_pause_gives_trials_back_and_stops_the_clock(store: SqlStore) -> None:
    study = values.add_study(store, seconds=100, trials=None)
    held = values.attempt(store)
    values.age(store, 10)
    assert beat(store, held) is Order.GO_ON
    assert pause(store, study)
    assert not pause(store, study)
    assert beat(store, held) is Order.RELEASE
    store.leases.release(held)
    values.age(store, 1000)
    assert store.leases.claim("w") is None
    assert store.leases.reap() == 1  # the worker's row
    assert values.check(store, study).elapsed_seconds == pytest.approx(10, abs=0.1)
    assert resume(store, study)
    assert not resume(store, study)
    now = values.check(store, study)
    assert now.status is StudyStatus.RUNNING
    assert now.elapsed_seconds == pytest.approx(10, abs=0.1)
    again = values.attempt(store)
    assert (again.number, again.token) == (0, 2)
    assert again.seconds_left == pytest.approx(100 - 6 - 10, abs=0.1)


def test_a_trial_may_complete_during_a_pause(store: SqlStore) -> None:
    study = values.add_study(store, trials=1)
    held = values.attempt(store)
    pause(store, study)
    store.leases.complete(held, values.outcome(store, 0.5))
    assert values.check(store, study).status is StudyStatus.PAUSED
    resume(store, study)
    publish(store, study)
    assert values.check(store, study).status is StudyStatus.SUCCEEDED


def test_a_paused_queued_study_is_queued_again(store: SqlStore) -> None:
    study = values.add_study(store)
    pause(store, study)
    assert store.leases.claim("w") is None
    resume(store, study)
    assert values.check(store, study).status is StudyStatus.QUEUED


def test_a_pause_before_the_start_takes_nothing_from_the_budget(store: SqlStore) -> None:
    """Neither the time that a worker was free for it meanwhile, nor the patience with none."""
    study = values.add_study(store, seconds=100, trials=None)
    pause(store, study)
    for _ in range(20):
        values.age(store, 14)
        store.leases.reap()
    resume(store, study)
    assert store.leases.reap() == 0
    turn = store.leases.claim("w")
    assert isinstance(turn, Turn)
    held = store.leases.begin("w", turn, values.CANDIDATE, free=30.0)
    assert held is not None
    assert held.seconds_left == pytest.approx(100 - 6, abs=0.1)


def test_the_deadline_ends_the_search_at_whatever_comes_first(store: SqlStore) -> None:
    for late in ("beat", "claim", "reap", "end", "begin"):
        study = values.add_study(store, seconds=100, trials=None)
        values.complete(store, 0.5)
        held = values.attempt(store)
        turn = store.leases.claim("w")
        values.age(store, 93)
        beat(store, held)
        assert values.read(store, study).status is StudyStatus.RUNNING
        values.age(store, 1.5)
        match late:
            case "beat":
                assert beat(store, held) is Order.STOP
            case "claim":
                assert isinstance(store.leases.claim("w"), Finish)
            case "reap":
                assert store.leases.reap() == 1
            case "end":
                store.leases.complete(held, values.outcome(store, 0.6))
            case _:
                assert store.leases.begin("w", turn, values.CANDIDATE) is None  # type: ignore[arg-type]
        now = values.check(store, study)
        assert now.status is StudyStatus.FINALIZING
        assert now.counts[TrialState.CANCELLED] == (late != "end")
        with store.unit() as unit:
            cancelled = unit.trials.get(study.id, 1)
        assert late == "end" or cancelled.seconds == pytest.approx(94.5, abs=0.1)
        if late == "claim":
            values.age(store, 7)
            store.leases.reap()
        publish(store, study)


def test_the_finish_knows_what_is_left_of_the_budget(store: SqlStore) -> None:
    values.add_study(store, seconds=100, trials=1)
    values.complete(store, 0.5)
    values.age(store, 30)
    assert values.finish(store).seconds_left == pytest.approx(70, abs=0.1)


def test_more_seconds_reopen_a_spent_study(store: SqlStore) -> None:
    study = values.add_study(store, seconds=100, trials=None)
    values.complete(store, 0.5)
    values.age(store, 97)
    publish(store, study)
    values.age(store, 5000)
    with pytest.raises(StudyState, match="add seconds"):
        resume(store, study)
    assert values.check(store, study).status is StudyStatus.SUCCEEDED
    assert resume(store, study, Budget(seconds=50))
    now = values.check(store, study)
    assert now.elapsed_seconds == pytest.approx(97, abs=0.1)
    assert values.attempt(store).seconds_left == pytest.approx(53 - 3.2, abs=0.1)


def test_seconds_can_be_added_while_running_and_paused(store: SqlStore) -> None:
    study = values.add_study(store, seconds=100, trials=None)
    values.complete(store, 0.5)
    assert resume(store, study, Budget(seconds=100))
    pause(store, study)
    assert resume(store, study, Budget(seconds=100))
    assert values.read(store, study).spec.budget == Budget(seconds=300)
    assert values.attempt(store).seconds_left == pytest.approx(300 * 0.94, abs=0.1)
    values.check(store, study)


def test_a_cancelled_study_goes_on_with_what_is_left(store: SqlStore) -> None:
    study = values.add_study(store, trials=5)
    values.attempt(store)
    cancel(store, study)
    assert resume(store, study)
    values.complete(store, 0.5)
    assert values.check(store, study).status is StudyStatus.RUNNING


def test_a_study_that_none_of_its_trials_can_help_ends_and_goes_on_when_resumed(
    store: SqlStore,
) -> None:
    study = values.add_study(store, trials=5)
    values.complete(store, 0.7)
    broken, other = values.attempt(store), values.attempt(store)
    store.leases.give_up(broken, StudyFailure.DISK_FULL, "no room")
    ended = values.check(store, study)
    assert (ended.status, ended.error) == (StudyStatus.FAILED, (StudyFailure.DISK_FULL, "no room"))
    assert ended.counts[TrialState.CANCELLED] == 2
    for held in (broken, other):
        with pytest.raises(LeaseLost):
            store.leases.give_up(held, StudyFailure.DISK_FULL, "no room")
    assert resume(store, study)
    assert values.attempt(store).number == 3
    values.check(store, study)


@pytest.mark.parametrize("reason", [StudyFailure.DISK_FULL, StudyFailure.DATASET_UNUSABLE])
def test_a_finish_that_an_owner_could_mend_is_done_again(
    store: SqlStore, reason: StudyFailure
) -> None:
    study = values.add_study(store, trials=1)
    values.complete(store, 0.7)
    store.leases.give_up(values.finish(store), reason, "mend it")
    assert resume(store, study)
    publish(store, study)
    assert values.check(store, study).status is StudyStatus.SUCCEEDED


def test_resume_needs_the_dataset(store: SqlStore) -> None:
    study = values.add_study(store, trials=5)
    with store.unit() as unit, pytest.raises(DatasetInUse, match=study.id):
        unit.datasets.remove("default", study.spec.dataset_id)
    cancel(store, study)
    with store.unit() as unit:
        unit.datasets.remove("default", study.spec.dataset_id)
    with pytest.raises(DatasetGone):
        resume(store, study)
    gone = replace(values.add_dataset(store), id=study.spec.dataset_id)
    with pytest.raises(NotFound):
        values.add_study(store, dataset=gone)


def test_a_removed_study_leaves_nothing(store: SqlStore) -> None:
    study = values.add_study(store, trials=1)
    with store.unit() as unit, pytest.raises(StudyState):
        unit.studies.remove("default", study.id)
    values.complete(store, 0.5)
    publish(store, study)
    model_id = values.check(store, study).model_id
    assert model_id is not None
    with store.unit() as unit:
        unit.studies.remove("default", study.id)
        unit.datasets.remove("default", study.spec.dataset_id)
    with store.unit() as unit:
        with pytest.raises(NotFound):
            unit.studies.get("default", study.id)
        with pytest.raises(NotFound):
            unit.models.get("default", model_id)
    values.age(store, 3601)
    store.leases.reap()
    with store.unit() as unit:
        assert unit.gauges()["artifacts"] == {"stored": 0, "bytes": 0}


def test_a_removed_model_leaves_its_study(store: SqlStore) -> None:
    study = values.add_study(store, trials=1)
    values.complete(store, 0.5)
    publish(store, study)
    with store.unit() as unit:
        (model,) = unit.models.list("default", before=None, limit=5)
        unit.models.remove("default", model.id)
    assert values.read(store, study).model_id is None
    assert values.read(store, study).status is StudyStatus.SUCCEEDED
