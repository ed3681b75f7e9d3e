"""A study's life in the store, from the queue to the model, on both databases."""

from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import select, update

from automl.core.catalog import MetricName, StudyFailure, StudyStatus, TrialFailure, TrialState
from automl.core.errors import LeaseLost, StudyState
from automl.core.leases import Order, Worker
from automl.core.ports import Store
from automl.core.study import Budget
from automl.core.trial import Attempt, CurvePoint, Finish, Turn
from automl.store import SqlStore
from automl.store.tables import trials
from tests.store import values


def worker(name: str = "w0") -> Worker:
    return Worker(name, "cpu", "busy", 0.0)


def test_a_study_goes_from_queue_to_model(store: Store) -> None:
    study = values.add_study(store, trials=3)
    values.complete(store, 0.7)
    held = values.attempt(store)
    store.leases.record(held, [CurvePoint(1, 0.5, 0.6, 0.7), CurvePoint(2, 0.4, float("nan"))])
    store.leases.record(held, [CurvePoint(2, 0.3, 0.5, 0.8, seconds=1.5, fold=1)])
    store.leases.prune(held, 0.25)
    third = values.attempt(store)
    store.leases.fail(third, TrialFailure.NON_FINITE_LOSS, "loss is NaN at step 1 \x00", 0.1)
    finish = values.finish(store)
    assert store.leases.claim("w1") is None
    model = values.model(store, study)
    store.leases.publish(finish, model)
    ended = values.check(store, study)
    assert ended.status is StudyStatus.SUCCEEDED
    assert ended.model_id == model.id
    assert ended.best_trial == 0
    with store.unit() as unit:
        assert unit.models.get("default", model.id) == model
        curve = unit.trials.curve(study.id, 1)
        assert [(point.valid_loss, point.fold) for point in curve] == [(0.6, None), (0.5, 1)]
        failed = unit.trials.get(study.id, 2)
    assert (failed.reason, failed.message) == (
        TrialFailure.NON_FINITE_LOSS,
        "loss is NaN at step 1 \x00",
    )
    assert store.leases.claim("w0") is None


def test_a_look_for_work_leases_nothing(store: Store) -> None:
    assert not store.leases.waits()
    study = values.add_study(store, trials=1)
    version = values.read(store, study).version
    assert store.leases.waits()
    assert values.read(store, study).version == version
    held = values.attempt(store)
    assert not store.leases.waits()  # its only trial runs
    store.leases.release(held)
    assert store.leases.waits()
    values.complete(store, 0.5)
    assert store.leases.waits()  # the finish
    values.finish(store)
    assert not store.leases.waits()


def test_a_study_without_a_complete_trial_fails_and_says_why(store: Store) -> None:
    study = values.add_study(store, trials=2)
    for _ in range(2):
        store.leases.fail(values.attempt(store), TrialFailure.OUT_OF_MEMORY, "17 GiB", 0.1)
    ended = values.check(store, study)
    assert ended.error is not None
    assert ended.error[0] is StudyFailure.NO_TRIAL_COMPLETED
    assert "2 failed with OUT_OF_MEMORY: 17 GiB" in ended.error[1]


def test_the_best_is_the_lowest_number_among_equals_whoever_came_first(store: Store) -> None:
    study = values.add_study(store, trials=10)
    first, second, third = (values.attempt(store) for _ in range(3))
    store.leases.complete(second, values.outcome(store, 0.8, mark="1"))
    store.leases.complete(first, values.outcome(store, 0.8, mark="0"))
    store.leases.complete(third, values.outcome(store, 0.8, mark="2"))
    assert values.check(store, study).best_trial == 0


def test_a_value_that_is_no_number_fails_its_trial(store: Store) -> None:
    study = values.add_study(store, trials=1)
    store.leases.complete(values.attempt(store), values.outcome(store, float("nan")))
    with store.unit() as unit:
        assert unit.trials.get(study.id, 0).reason is TrialFailure.NON_FINITE_LOSS
    assert values.check(store, study).status is StudyStatus.FAILED


def test_a_loss_is_better_when_it_is_lower(store: Store) -> None:
    plan = replace(values.PLAN, metric=MetricName.LOG_LOSS)
    study = values.add_study(store, plan=plan)
    for value in (0.5, 0.3, 0.4):
        values.complete(store, value)
    assert values.check(store, study).best_trial == 1


def test_a_turn_is_answered_once(store: Store) -> None:
    study = values.add_study(store)
    turns = [store.leases.claim(f"w{n}") for n in range(2)]
    assert all(isinstance(turn, Turn) for turn in turns)
    begun = [
        store.leases.begin("w", turn, values.CANDIDATE) for turn in turns if isinstance(turn, Turn)
    ]
    assert [attempt is None for attempt in begun] == [False, True]
    assert values.check(store, study).counts[TrialState.RUNNING] == 1


def test_replay_order_asks_no_further_than_eight_ahead(store: Store) -> None:
    values.add_study(store, trials=100)
    held = [values.attempt(store) for _ in range(8)]
    assert store.leases.claim("w") is None
    store.leases.prune(held[3], 0.1)
    assert store.leases.claim("w") is None  # trial 0 has not ended
    store.leases.prune(held[0], 0.1)
    assert values.attempt(store).number == 8
    assert store.leases.claim("w") is None  # trial 1 has not
    store.leases.prune(held[2], 0.1)
    store.leases.prune(held[1], 0.1)
    assert [values.attempt(store).number for _ in range(3)] == [9, 10, 11]
    assert store.leases.claim("w") is None


def test_a_search_in_seconds_asks_as_far_as_there_are_workers(store: Store) -> None:
    values.add_study(store, seconds=60, trials=None)
    assert [values.attempt(store).number for _ in range(12)] == list(range(12))


def test_an_exhausted_search_finishes_when_its_trials_have(store: Store) -> None:
    study = values.add_study(store)
    held = values.attempt(store)
    turn = store.leases.claim("w")
    assert isinstance(turn, Turn)
    store.leases.exhaust(turn)
    assert store.leases.claim("w") is None
    assert values.read(store, study).status is StudyStatus.RUNNING
    store.leases.complete(held, values.outcome(store, 0.5))
    assert isinstance(store.leases.claim("w"), Finish)
    values.check(store, study)


def test_a_search_that_broke_before_it_had_anything_says_so(store: Store) -> None:
    study = values.add_study(store)
    turn = store.leases.claim("w")
    assert isinstance(turn, Turn)
    store.leases.exhaust(turn, broke="The search broke.")
    ended = values.check(store, study)
    assert ended.status is StudyStatus.FAILED
    assert ended.error == (StudyFailure.INTERNAL, "The search broke.")


def turn(store: Store) -> Turn:
    found = store.leases.claim("w")
    assert isinstance(found, Turn)
    return found


def test_an_ask_that_kills_its_process_ends_the_search_and_a_resume_tries_again(
    store: Store,
) -> None:
    study = values.add_study(store)
    for _ in range(2):
        for _ in range(3):
            assert values.read(store, study).status is StudyStatus.QUEUED
            store.leases.crashed(turn(store))
        assert store.leases.claim("w") is None
        ended = values.check(store, study)
        assert ended.error is not None
        assert ended.error[0] is StudyFailure.INTERNAL
        assert "died 3 times" in ended.error[1]
        with store.unit() as unit:
            unit.studies.resume("default", study.id, None)


def test_an_ask_that_kills_its_process_leaves_what_the_search_has(store: Store) -> None:
    study = values.add_study(store)
    store.leases.complete(values.attempt(store), values.outcome(store, 0.5))
    for _ in range(3):
        store.leases.crashed(turn(store))
    finish = values.finish(store)
    store.leases.publish(finish, values.model(store, study))
    assert values.check(store, study).status is StudyStatus.SUCCEEDED


def test_deaths_of_asks_count_for_one_trial_and_only_until_it_is_begun(store: Store) -> None:
    study = values.add_study(store)
    for _ in range(3):
        asked = turn(store)
        store.leases.crashed(asked)
        store.leases.crashed(asked)
        values.attempt(store)
        store.leases.crashed(asked)  # it was answered meanwhile
    assert values.check(store, study).status is StudyStatus.RUNNING
    assert isinstance(store.leases.claim("w"), Turn)


def test_a_search_that_broke_keeps_what_it_has(store: Store) -> None:
    study = values.add_study(store)
    store.leases.complete(values.attempt(store), values.outcome(store, 0.5))
    turn = store.leases.claim("w")
    assert isinstance(turn, Turn)
    store.leases.exhaust(turn, broke="The search broke.")
    assert isinstance(store.leases.claim("w"), Finish)
    assert values.check(store, study).error is None


def test_an_old_turn_exhausts_nothing(store: Store) -> None:
    study = values.add_study(store)
    turn = store.leases.claim("w")
    assert isinstance(turn, Turn)
    store.leases.begin("w", turn, values.CANDIDATE)
    store.leases.exhaust(turn)
    assert isinstance(store.leases.claim("w"), Turn)
    values.check(store, study)


def test_a_waiting_trial_comes_before_a_new_one_and_goes_on_from_its_checkpoint(
    store: Store,
) -> None:
    study = values.add_study(store)
    held = values.attempt(store)
    store.leases.record(held, [CurvePoint(1)])
    saved = values.put(store, b"checkpoint")
    store.leases.checkpoint(held, saved.id)
    store.leases.release(held)
    again = store.leases.claim("w1")
    assert isinstance(again, Attempt)
    assert (again.number, again.token, again.checkpoint) == (0, 2, saved.id)
    assert again.candidate == values.CANDIDATE
    with store.unit() as unit:
        assert len(unit.trials.curve(study.id, 0)) == 1
    with pytest.raises(LeaseLost):
        store.leases.prune(held, 0.1)
    store.leases.prune(again, 0.1)
    values.check(store, study)


def test_an_attempt_from_the_start_has_a_fresh_curve(store: Store) -> None:
    study = values.add_study(store)
    held = values.attempt(store)
    store.leases.record(held, [CurvePoint(1), CurvePoint(2)])
    store.leases.crashed(held)
    values.attempt(store, "w1")
    with store.unit() as unit:
        assert unit.trials.curve(study.id, 0) == []


def test_what_an_old_token_writes_changes_nothing(store: Store) -> None:
    study = values.add_study(store)
    old = values.attempt(store)
    saved = values.put(store, b"checkpoint")
    result = values.outcome(store, 0.9)
    store.leases.release(old)
    for waits in (True, False):
        if not waits:
            values.attempt(store, "w1")
        before = values.read(store, study)
        for write in (
            partial(store.leases.record, old, [CurvePoint(1)]),
            partial(store.leases.checkpoint, old, saved.id),
            partial(store.leases.complete, old, result),
            partial(store.leases.prune, old, 0.1),
            partial(store.leases.fail, old, TrialFailure.INTERNAL, "", 0.1),
            partial(store.leases.cancel, old, 0.1),
            partial(store.leases.release, old),
            partial(store.leases.crashed, old),
        ):
            with pytest.raises(LeaseLost):
                write()
        assert store.leases.beat(worker(), [old]) == [Order.STOP]
        after = values.read(store, study)
        assert (after.last_seq, after.counts) == (before.last_seq, before.counts)
    values.check(store, study)


def test_a_finish_is_held_by_one_and_goes_on_after_a_crash(store: Store) -> None:
    study = values.add_study(store, trials=1)
    values.complete(store, 0.9)
    old = values.finish(store)
    assert store.leases.beat(worker(), [old]) == [Order.GO_ON]
    store.leases.crashed(old)
    assert store.leases.beat(worker(), [old]) == [Order.STOP]
    with pytest.raises(LeaseLost):
        store.leases.publish(old, values.model(store, study))
    new = values.finish(store, "w1")
    store.leases.give_up(new, StudyFailure.EXPORT_FAILED, "parity")
    ended = values.check(store, study)
    assert ended.error == (StudyFailure.EXPORT_FAILED, "parity")


def test_a_finish_that_kills_its_process_is_given_up(store: Store) -> None:
    study = values.add_study(store, trials=1)
    values.complete(store, 0.9)
    for _ in range(3):
        store.leases.crashed(values.finish(store))
    assert store.leases.claim("w") is None
    error = values.check(store, study).error
    assert error is not None
    assert error[0] is StudyFailure.INTERNAL


def test_what_ended_a_study_changes_nothing_after_its_resume(store: Store) -> None:
    """Who lost the answer of a commit repeats it, however much happened meanwhile."""
    study = values.add_study(store, trials=1)
    values.complete(store, 0.9)
    old = values.finish(store)
    store.leases.give_up(old, StudyFailure.DISK_FULL, "full")
    with store.unit() as unit:
        assert unit.studies.resume("default", study.id, None)
    before = values.check(store, study)
    assert before.status is StudyStatus.FINALIZING
    with pytest.raises(LeaseLost):
        store.leases.give_up(old, StudyFailure.DISK_FULL, "full")
    with pytest.raises(LeaseLost):
        store.leases.publish(old, values.model(store, study))
    with pytest.raises(LeaseLost):
        store.leases.crashed(old)
    assert store.leases.beat(worker(), [old]) == [Order.STOP]
    after = values.check(store, study)
    assert (after.status, after.last_seq) == (before.status, before.last_seq)
    store.leases.publish(values.finish(store, "w1"), values.model(store, study))
    assert values.check(store, study).status is StudyStatus.SUCCEEDED


def test_a_poison_trial_gets_three_attempts(store: Store) -> None:
    study = values.add_study(store, trials=2)
    for _ in range(3):
        held = values.attempt(store)
        assert held.number == 0
        store.leases.crashed(held)
    assert values.attempt(store).number == 1
    with store.unit() as unit:
        trial = unit.trials.get(study.id, 0)
    assert (trial.state, trial.reason) == (TrialState.FAILED, TrialFailure.WORKER_CRASH)
    assert trial.attempts == 3
    values.check(store, study)


def test_a_trial_that_cannot_be_read_fails_and_the_next_one_goes_on(store: SqlStore) -> None:
    study = values.add_study(store, trials=2)
    held = [values.attempt(store) for _ in range(2)]
    for attempt in held:
        store.leases.release(attempt)
    with store.database.write() as tx:
        first = (trials.c.study_id == study.id, trials.c.number == 0)
        tx.writer.execute(update(trials).where(*first).values(family="of_another_version"))
    assert values.attempt(store).number == 1
    stands = values.read(store, study)
    assert (stands.counts[TrialState.FAILED], stands.counts[TrialState.RUNNING]) == (1, 1)
    with store.database.transaction() as tx:
        reason = tx.reader.execute(select(trials.c.reason).where(*first)).scalar_one()
    assert reason == TrialFailure.INVALID_CANDIDATE


def test_crashes_that_leave_a_checkpoint_do_not_count(store: Store) -> None:
    study = values.add_study(store, trials=2)
    for n in range(5):
        held = values.attempt(store)
        store.leases.checkpoint(held, values.put(store, f"{n}".encode()).id)
        store.leases.crashed(held)
    for _ in range(3):
        held = values.attempt(store)
        assert held.number == 0
        assert held.checkpoint is not None
        store.leases.crashed(held)
    assert values.attempt(store).number == 1
    values.check(store, study)


def test_a_trial_is_not_handed_back_for_ever(store: Store) -> None:
    study = values.add_study(store, trials=2)
    for _ in range(50):
        store.leases.release(values.attempt(store))
    assert values.attempt(store).number == 1
    with store.unit() as unit:
        assert unit.trials.get(study.id, 0).reason is TrialFailure.WORKER_LOST
    values.check(store, study)


def test_a_resumed_study_goes_on_in_the_same_log(store: Store) -> None:
    study = values.add_study(store, trials=1)
    values.complete(store, 0.6)
    first = values.model(store, study, b"first")
    store.leases.publish(values.finish(store), first)
    with store.unit() as unit, pytest.raises(StudyState, match="add trials"):
        unit.studies.resume("default", study.id, None)
    with store.unit() as unit, pytest.raises(StudyState, match="add trials, not seconds"):
        unit.studies.resume("default", study.id, Budget(seconds=60))
    with store.unit() as unit:
        assert unit.studies.resume("default", study.id, Budget(trials=1))
    resumed = values.check(store, study)
    assert (resumed.status, resumed.model_id) == (StudyStatus.RUNNING, first.id)
    assert resumed.spec.budget == Budget(trials=2)
    values.complete(store, 0.7)
    second = values.model(store, study, b"second")
    store.leases.publish(values.finish(store), second)
    ended = values.check(store, study)
    assert (ended.best_trial, ended.model_id) == (1, second.id)
    assert ended.elapsed_seconds < ended.finished_at - ended.created_at  # type: ignore[operator]
