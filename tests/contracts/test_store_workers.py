"""Workers that are late, dead or away, on both databases."""

from collections.abc import Callable

import pytest

from automl.core.catalog import StudyFailure, StudyStatus, TrialState
from automl.core.errors import LeaseLost
from automl.core.leases import Order, Worker
from automl.core.trial import Attempt, Finish
from automl.store import SqlStore
from tests.store import values
from tests.store.acts import beat, resume


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
        values.age(store, 9)  # a minute less what a slow machine takes between
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
    assert values.attempt(store).seconds_left == pytest.approx(47, abs=0.1)
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


def finishing(store: SqlStore) -> Finish:
    values.complete(store, 0.5)
    return values.finish(store)


@pytest.mark.parametrize("held", [values.attempt, finishing])
def test_a_clock_that_was_set_back_keeps_the_dead_no_longer_than_a_lease(
    store: SqlStore, held: Callable[[SqlStore], Attempt | Finish]
) -> None:
    values.add_study(store, trials=1)
    work = held(store)
    beat(store, work)
    values.age(store, -3600)
    assert store.leases.reap() == 2  # the lease and the worker's row
    assert store.leases.reap() == 0
    assert beat(store, work) is Order.GO_ON
    values.age(store, -3600)
    assert store.leases.reap() == 2
    values.age(store, 5)
    assert store.leases.reap() == 0
    with store.unit() as unit:
        assert len(unit.workers()) == 1
    values.age(store, 2)
    assert store.leases.reap() == 2
    with store.unit() as unit:
        assert not unit.workers()
    again = store.leases.claim("w1")
    assert isinstance(again, type(work))
    assert again.token > work.token


def test_workers_are_live_while_they_beat(store: SqlStore) -> None:
    study = values.add_study(store)
    held = values.attempt(store)
    worker = Worker("w0", "cuda:0", "busy", 0.0, "default", study.id, 0)
    store.leases.beat(worker, [held])
    beat(store, None, "w1")
    with store.unit() as unit:
        first, second = unit.workers()
        assert (first.device, first.study_id, first.trial) == ("cuda:0", study.id, 0)
        assert first.last_heartbeat_at == pytest.approx(unit.now(), abs=0.1)
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
