"""What owners do to studies, and what time does to them, on both databases."""

from dataclasses import replace

import pytest

from automl.core.catalog import StudyFailure, StudyStatus, TrialState
from automl.core.errors import DatasetGone, DatasetInUse, LeaseLost, NotFound, StudyState
from automl.core.ports import Order, Worker
from automl.core.study import Budget, Study
from automl.core.trial import Attempt, Finish
from automl.store import SqlStore
from tests.store import values


def beat(store: SqlStore, hold: Attempt | Finish | None, name: str = "w0") -> Order:
    return store.leases.beat(Worker(name, "cpu", "busy", 0.0), hold)


def cancel(store: SqlStore, study: Study) -> bool:
    with store.unit() as unit:
        return unit.studies.cancel(study.tenant, study.id)


def pause(store: SqlStore, study: Study) -> bool:
    with store.unit() as unit:
        return unit.studies.pause(study.tenant, study.id)


def resume(store: SqlStore, study: Study, add: Budget | None = None) -> bool:
    with store.unit() as unit:
        return unit.studies.resume(study.tenant, study.id, add)


def publish(store: SqlStore, study: Study) -> None:
    store.leases.publish(values.finish(store), values.model(store, study))


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
    assert values.check(store, study).elapsed_seconds == pytest.approx(10, abs=1)
    assert resume(store, study)
    assert not resume(store, study)
    now = values.check(store, study)
    assert now.status is StudyStatus.RUNNING
    assert now.elapsed_seconds == pytest.approx(10, abs=1)
    again = values.attempt(store)
    assert (again.number, again.token) == (0, 2)
    assert again.seconds_left == pytest.approx(100 - 6 - 10, abs=1)


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
        assert late == "end" or cancelled.seconds == pytest.approx(94.5, abs=1)
        if late == "claim":
            values.age(store, 7)
            store.leases.reap()
        publish(store, study)


def test_the_finish_knows_what_is_left_of_the_budget(store: SqlStore) -> None:
    values.add_study(store, seconds=100, trials=1)
    values.complete(store, 0.5)
    values.age(store, 30)
    assert values.finish(store).seconds_left == pytest.approx(70, abs=1)


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
    assert now.elapsed_seconds == pytest.approx(97, abs=1)
    assert values.attempt(store).seconds_left == pytest.approx(53 - 3.2, abs=1)


def test_seconds_can_be_added_while_running_and_paused(store: SqlStore) -> None:
    study = values.add_study(store, seconds=100, trials=None)
    values.complete(store, 0.5)
    assert resume(store, study, Budget(seconds=100))
    pause(store, study)
    assert resume(store, study, Budget(seconds=100))
    assert values.read(store, study).spec.budget == Budget(seconds=300)
    assert values.attempt(store).seconds_left == pytest.approx(300 * 0.94, abs=1)
    values.check(store, study)


def test_a_cancelled_study_goes_on_with_what_is_left(store: SqlStore) -> None:
    study = values.add_study(store, trials=5)
    values.attempt(store)
    cancel(store, study)
    assert resume(store, study)
    values.complete(store, 0.5)
    assert values.check(store, study).status is StudyStatus.RUNNING


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


def test_a_study_without_workers_fails_a_minute_after_its_budget(store: SqlStore) -> None:
    study = values.add_study(store, seconds=100)
    assert store.leases.reap() == 0
    for _ in range(16):
        values.age(store, 9.9)
        assert store.leases.reap() == 0
    values.age(store, 3)
    assert store.leases.reap() == 1
    failed = values.check(store, study)
    assert failed.error is not None
    assert failed.error[0] is StudyFailure.NO_WORKER
    assert resume(store, study)
    assert store.leases.reap() == 0
    values.complete(store, 0.5)
    assert values.check(store, study).status is StudyStatus.RUNNING


def test_a_service_that_was_away_gives_its_workers_time(store: SqlStore) -> None:
    study = values.add_study(store, seconds=100)
    store.leases.reap()
    values.age(store, 3600)
    assert store.leases.reap() == 0
    for _ in range(6):
        values.age(store, 9.9)
        assert store.leases.reap() == 0
    beat(store, None)
    values.age(store, 1)
    assert store.leases.reap() == 0
    assert values.check(store, study).status is StudyStatus.QUEUED
    values.complete(store, 0.5)


def test_a_started_study_that_lost_its_workers_gets_its_seconds_again(store: SqlStore) -> None:
    study = values.add_study(store, seconds=50)
    values.attempt(store)
    for _ in range(13):
        store.leases.reap()
        values.age(store, 9)
    assert store.leases.reap() == 1
    failed = values.check(store, study)
    assert failed.error is not None
    assert failed.error[0] is StudyFailure.NO_WORKER
    assert resume(store, study)
    assert values.attempt(store).seconds_left == pytest.approx(47, abs=1)
    assert values.check(store, study).elapsed_seconds < 2


def test_a_lapsed_lease_is_given_to_another(store: SqlStore) -> None:
    study = values.add_study(store)
    held = values.attempt(store)
    values.age(store, 5)
    assert store.leases.reap() == 0
    beat(store, held)
    values.age(store, 5)
    assert store.leases.reap() == 0
    values.age(store, 2)
    assert store.leases.reap() == 2  # the trial and the worker's row
    assert store.leases.reap() == 0
    with store.unit() as unit:
        trial = unit.trials.get(study.id, 0)
    assert (trial.state, trial.attempts) == (TrialState.WAITING, 1)
    kinds = [event.type.value for event in values.log(store, study)]
    assert kinds[-2:] == ["worker.lost", "trial.retried"]
    again = values.attempt(store, "w1")
    assert (again.number, again.token) == (0, 2)
    assert beat(store, held) is Order.STOP
    assert beat(store, again, "w1") is Order.GO_ON
    values.check(store, study)


def test_what_a_dead_worker_held_is_free_at_once(store: SqlStore) -> None:
    study = values.add_study(store, trials=2)
    held, other = values.attempt(store, "host-1-aa"), values.attempt(store, "host-2-bb")
    beat(store, held, "host-1-aa")
    beat(store, other, "host-2-bb")
    beat(store, None, "host_-3-cc")
    assert list(store.leases.present("host-")) == ["host-1-aa", "host-2-bb"]
    assert list(store.leases.present("host_")) == ["host_-3-cc"]
    store.leases.bury(["host-1-aa"])
    assert list(store.leases.present("host-")) == ["host-2-bb"]
    assert store.leases.reap() == 1
    again = values.attempt(store, "host-2-bb")
    assert (again.number, again.token) == (held.number, held.token + 1)
    assert beat(store, held, "host-1-aa") is Order.STOP
    assert beat(store, other, "host-2-bb") is Order.GO_ON
    store.leases.complete(other, values.outcome(store, 0.5))
    store.leases.complete(again, values.outcome(store, 0.6, mark="1"))
    finishing = values.finish(store, "host-4-dd")
    store.leases.bury(["host-4-dd"])
    assert store.leases.reap() >= 1
    with pytest.raises(LeaseLost):
        store.leases.publish(finishing, values.model(store, study))
    store.leases.publish(values.finish(store, "w1"), values.model(store, study))
    values.check(store, study)


def test_a_lease_that_is_not_renewed_is_awaited_before_it_lapses(store: SqlStore) -> None:
    study = values.add_study(store, trials=1)
    held = values.attempt(store)
    values.age(store, 2)
    assert not store.leases.waits()
    values.age(store, 2)
    assert store.leases.waits()
    assert store.leases.claim("w1") is None
    beat(store, held)
    assert not store.leases.waits()
    store.leases.complete(held, values.outcome(store, 0.5))
    finishing = values.finish(store)
    values.age(store, 4)
    assert store.leases.waits()
    store.leases.publish(finishing, values.model(store, study))
    values.age(store, 4)
    assert not store.leases.waits()


def test_lapses_have_their_own_cap(store: SqlStore) -> None:
    study = values.add_study(store, trials=2)
    for _ in range(50):
        assert values.attempt(store).number == 0
        values.age(store, 7)
        store.leases.reap()
    assert values.attempt(store).number == 1
    assert values.check(store, study).counts[TrialState.FAILED] == 1


def test_a_lapsed_finish_is_taken_over(store: SqlStore) -> None:
    study = values.add_study(store, trials=1)
    values.complete(store, 0.5)
    old = values.finish(store)
    values.age(store, 7)
    assert store.leases.reap() == 1
    new = values.finish(store, "w1")
    assert beat(store, old) is Order.STOP
    with pytest.raises(LeaseLost):
        store.leases.publish(old, values.model(store, study))
    store.leases.publish(new, values.model(store, study))
    assert values.check(store, study).status is StudyStatus.SUCCEEDED


def test_workers_are_live_while_they_beat(store: SqlStore) -> None:
    study = values.add_study(store)
    held = values.attempt(store)
    worker = Worker("w0", "cuda:0", "busy", 0.0, "default", study.id, 0)
    store.leases.beat(worker, held)
    beat(store, None, "w1")
    with store.unit() as unit:
        first, second = unit.workers()
        assert (first.device, first.study_id, first.trial) == ("cuda:0", study.id, 0)
        assert first.last_heartbeat_at == pytest.approx(unit.now(), abs=1)
        assert second.id == "w1"
        gauges = unit.gauges()
    assert gauges["workers"] == {"idle": 0, "busy": 2}
    assert gauges["studies"]["running"] == gauges["trials"]["running"] == 1
    store.leases.leave("w1")
    with store.unit() as unit:
        assert [worker.id for worker in unit.workers()] == ["w0"]
    values.age(store, 7)
    with store.unit() as unit:
        assert unit.workers() == []


def test_work_goes_round_between_tenants_and_by_priority_inside(store: SqlStore) -> None:
    low, high = (values.add_study(store, tenant="a", priority=n) for n in (3, 7))
    other = values.add_study(store, tenant="b", priority=0)
    third, fourth = (values.add_study(store, tenant="c") for _ in range(2))
    order = [values.attempt(store).study_id for _ in range(9)]
    assert order[:3] == [high.id, other.id, third.id]
    assert order[3:6] == [high.id, other.id, fourth.id]
    assert order[6:9] == [high.id, other.id, third.id]
    assert low.id not in order


def test_a_trial_that_lost_its_worker_comes_before_new_ones(store: SqlStore) -> None:
    low = values.add_study(store, tenant="a", priority=0)
    lost = values.attempt(store)
    values.add_study(store, tenant="a", priority=9)
    values.add_study(store, tenant="b")
    store.leases.crashed(lost)
    again = values.attempt(store)
    assert (again.study_id, again.number, again.token) == (low.id, lost.number, lost.token + 1)


def test_one_worker_serves_tenants_in_turn(store: SqlStore) -> None:
    first = values.add_study(store, tenant="a", priority=9)
    second = values.add_study(store, tenant="b", priority=0)
    order = [values.complete(store, 0.5).study_id for _ in range(4)]
    assert order == [first.id, second.id, first.id, second.id]


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
