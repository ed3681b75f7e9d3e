"""One worker's work over a real store: whatever happens becomes rows."""

import errno
import time
import weakref
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from automl.core.catalog import (
    EventType,
    ExportFormat,
    FamilyName,
    StudyFailure,
    StudyStatus,
    TrialFailure,
    TrialState,
)
from automl.core.errors import DiskFull, StoreUnavailable, TrialError
from automl.core.leases import Order
from automl.core.model import Artifact
from automl.core.study import Budget, Study
from automl.core.trial import Candidate, Finish, Trial, Turn
from automl.runner import runner as runner_module
from automl.search import prepare
from automl.search.ask import HOPELESS
from automl.search.evaluate import Evaluation, evaluate
from automl.search.prepare import Prepared
from automl.search.rungs import NO_BARS, Bars
from automl.service import studies
from automl.store import tables
from tests.runner.bench import BRIEF, MLP, SLOW, TENANT, Bench, Orders
from tests.stopwatch import Stopwatch
from tests.store import acts, values


def breaking(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def evaluate(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(runner_module, "evaluate", evaluate)


def test_a_study_runs_to_its_model(bench: Bench) -> None:
    study = bench.study(budget=Budget(trials=4))
    ended = bench.work_off(study, bench.runner())
    assert ended.status is StudyStatus.SUCCEEDED
    assert ended.error is None
    assert ended.counts[TrialState.COMPLETE] == 4
    assert ended.model_id is not None
    with bench.store.unit() as unit:
        model = unit.models.get(study.tenant, ended.model_id)
        curve = unit.trials.curve(study.id, 2)
    content = b"".join(bench.store.artifacts.read(model.formats[ExportFormat.ONNX].id))
    assert len(content) == model.formats[ExportFormat.ONNX].bytes
    assert model.card.members
    epochs = [point.epoch for point in curve]
    assert epochs
    assert epochs == sorted(set(epochs))


def test_a_trial_below_its_bar_is_pruned_with_its_curve_and_counts(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def bars(_plan: object, _spec: object, history: list[Trial], number: int, _: object) -> Bars:
        asked.append(len(history))
        return (None, 2.0, None) if number == 2 else NO_BARS

    monkeypatch.setattr(runner_module, "bars", bars)
    study = bench.study(budget=Budget(trials=3), families=MLP)
    ended = bench.work_off(study, bench.runner())
    assert ended.status is StudyStatus.SUCCEEDED
    assert asked == [1, 2, 3]
    assert (ended.counts[TrialState.COMPLETE], ended.counts[TrialState.PRUNED]) == (2, 1)
    trial = bench.trials(study)[2]
    assert trial.value is None
    assert len(trial.rungs) == 2
    with bench.store.unit() as unit:
        events = unit.events.after(study.id, 0, 100)
        assert unit.trials.curve(study.id, 2)
        assert 2 not in unit.trials.arrays(study.id)
    pruned = [event.data for event in events if event.type is EventType.TRIAL_PRUNED]
    assert [data["trial"] for data in pruned] == [2]


def test_between_two_trials_a_worker_keeps_what_is_small_of_the_encoded_folds(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[weakref.ref[object]] = []

    def watched(prepared: Prepared, candidate: Candidate, *given: Any, **named: Any) -> Evaluation:
        rows.append(weakref.ref(prepared.encoded(0, candidate).train.x))
        return evaluate(prepared, candidate, *given, **named)

    monkeypatch.setattr(runner_module, "evaluate", watched)
    bench.study(budget=Budget(trials=3), families=(FamilyName.LIGHTGBM,))
    runner = bench.runner()
    runner.run(bench.attempt(runner), Orders())
    assert rows[-1]() is not None
    monkeypatch.setattr(prepare, "KEPT_BYTES", 0)
    runner.run(bench.attempt(runner), Orders())
    assert rows[-1]() is None


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TrialError(TrialFailure.NON_FINITE_LOSS, "diverged"), TrialFailure.NON_FINITE_LOSS),
        (MemoryError(), TrialFailure.OUT_OF_MEMORY),
        (OSError(errno.ENOSPC, "no space"), TrialFailure.DISK_FULL),
        (ValueError("/srv/secret/path"), TrialFailure.INTERNAL),
    ],
)
def test_what_breaks_is_written_down(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: TrialFailure
) -> None:
    study = bench.study(budget=Budget(trials=1))
    breaking(monkeypatch, error)
    ended = bench.work_off(study, bench.runner())
    trial = bench.trials(study)[0]
    assert (trial.state, trial.reason) == (TrialState.FAILED, reason)
    assert trial.message
    assert "secret" not in trial.message
    assert ended.status is StudyStatus.FAILED
    assert ended.error is not None
    assert ended.error[0] is StudyFailure.NO_TRIAL_COMPLETED
    assert "secret" not in ended.error[1]


def filling(monkeypatch: pytest.MonkeyPatch, bench: Bench) -> None:
    def put(*_: object) -> None:
        raise DiskFull

    monkeypatch.setattr(bench.store.artifacts, "put", put)


def test_a_result_that_finds_no_room_is_told_and_the_next_one_counts(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = bench.study(budget=Budget(trials=2))
    runner = bench.runner()
    with monkeypatch.context() as patch:
        filling(patch, bench)
        runner.run(bench.attempt(runner), Orders())
    trial = bench.trials(study)[0]
    assert (trial.state, trial.reason) == (TrialState.FAILED, TrialFailure.DISK_FULL)
    assert bench.work_off(study, runner).status is StudyStatus.SUCCEEDED


def test_data_that_find_no_room_end_the_study_which_goes_on_when_there_is_some(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = bench.study(budget=Budget(trials=4))
    runner = bench.runner()
    runner.run(bench.attempt(runner), Orders())

    def path(*_: object) -> None:
        raise DiskFull

    with monkeypatch.context() as patch:
        patch.setattr(bench.cache, "path", path)
        failed = bench.work_off(study, bench.runner())
    assert failed.error is not None
    assert failed.error[0] is StudyFailure.DISK_FULL
    assert failed.counts[TrialState.CANCELLED] == 1
    assert studies.resume(bench.store, TENANT, study.id, add=None).changed
    ended = bench.work_off(study, bench.runner())
    assert ended.status is StudyStatus.SUCCEEDED
    assert ended.counts[TrialState.COMPLETE] == 3
    values.check(bench.store, study)


def test_a_model_that_finds_no_room_is_built_again_when_there_is_some(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = bench.study(budget=Budget(trials=2))
    runner = bench.runner()
    for _ in range(2):
        runner.run(bench.attempt(runner), Orders())
    with monkeypatch.context() as patch:
        filling(patch, bench)
        failed = bench.work_off(study, runner)
    assert failed.status is StudyStatus.FAILED
    assert failed.error is not None
    assert failed.error[0] is StudyFailure.DISK_FULL
    assert studies.resume(bench.store, TENANT, study.id, add=None).changed
    ended = bench.work_off(study, runner)
    assert (ended.status, ended.error) == (StudyStatus.SUCCEEDED, None)
    assert ended.counts[TrialState.COMPLETE] == 2
    kinds = [event.type for event in values.log(bench.store, study)][-4:]
    assert kinds == [
        EventType.STUDY_FAILED,
        EventType.STUDY_RESUMED,
        EventType.STUDY_FINALIZING,
        EventType.STUDY_SUCCEEDED,
    ]
    values.check(bench.store, study)


def test_a_search_in_which_every_trial_fails_ends_and_may_be_resumed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = bench.study(budget=Budget(seconds=3600.0), families=(FamilyName.LIGHTGBM,))
    with monkeypatch.context() as patch:
        breaking(patch, ValueError())
        for runs in (1, 2):
            failed = bench.work_off(study, bench.runner())
            assert failed.error is not None
            assert failed.error[0] is StudyFailure.NO_TRIAL_COMPLETED
            assert failed.counts[TrialState.FAILED] == runs * HOPELESS
            assert studies.resume(bench.store, TENANT, study.id, add=None).changed
    runner = bench.runner()
    runner.run(bench.attempt(runner), Orders())
    assert bench.read(study).counts[TrialState.COMPLETE] == 1


def test_one_bad_trial_never_hurts(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    study = bench.study(budget=Budget(trials=3))
    runner = bench.runner()
    with monkeypatch.context() as patch:
        breaking(patch, ValueError())
        runner.run(bench.attempt(runner), Orders())
    ended = bench.work_off(study, runner)
    assert ended.status is StudyStatus.SUCCEEDED
    assert ended.counts[TrialState.FAILED] == 1


def test_an_order_to_stop_cancels(bench: Bench) -> None:
    study = bench.study(budget=Budget(trials=1), families=MLP, space=SLOW)
    runner = bench.runner()
    runner.run(bench.attempt(runner), Orders(lambda look: Order.STOP if look > 5 else Order.GO_ON))
    assert bench.trials(study)[0].state is TrialState.CANCELLED


def test_the_end_of_the_search_cancels(bench: Bench) -> None:
    study = bench.study(budget=Budget(seconds=60.0), families=MLP, space=SLOW, rows=3000)
    runner = bench.runner()
    attempt = replace(bench.attempt(runner), seconds_left=0.0)
    with Stopwatch() as watch:
        runner.run(attempt, Orders())
    assert watch.seconds < 3.0
    assert bench.trials(study)[0].state is TrialState.CANCELLED


def test_a_trial_over_its_own_limit_fails(bench: Bench) -> None:
    study = bench.study(budget=Budget(trials=1), families=MLP, space=SLOW, rows=3000)
    runner = bench.runner(trial_seconds=0.3)
    runner.run(bench.attempt(runner), Orders())
    assert bench.trials(study)[0].reason is TrialFailure.TIME_LIMIT


def test_a_stale_holder_changes_nothing(bench: Bench) -> None:
    study = bench.study(budget=Budget(trials=1))
    runner = bench.runner()
    stale = bench.attempt(runner)
    bench.store.leases.crashed(stale)
    bench.work_off(study, runner)
    before = bench.trials(study), bench.read(study)
    runner.run(stale, Orders())
    assert (bench.trials(study), bench.read(study)) == before


def test_a_result_waits_for_the_store(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    study = bench.study(budget=Budget(trials=1))
    runner = bench.runner()
    attempt = bench.attempt(runner)
    complete, refusals = bench.store.leases.complete, iter([True, True, False])

    def flaky(*args: object) -> None:
        if next(refusals, False):
            raise StoreUnavailable
        complete(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.store.leases, "complete", flaky)
    runner.run(attempt, Orders())
    assert bench.trials(study)[0].state is TrialState.COMPLETE


def test_a_model_waits_for_the_store_and_is_not_built_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = bench.study(budget=Budget(trials=2))
    runner = bench.runner()
    for _ in range(2):
        runner.run(bench.attempt(runner), Orders())
    put, refusals = bench.store.artifacts.put, iter([True, True])

    def flaky(*args: object) -> Artifact:
        if next(refusals, False):
            raise StoreUnavailable
        return put(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.store.artifacts, "put", flaky)
    work = bench.claim(runner)
    assert isinstance(work, Finish)
    runner.run(work, Orders())
    assert bench.read(study).status is StudyStatus.SUCCEEDED


def test_points_are_written_twice_a_second_at_most(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = bench.study(budget=Budget(trials=1), families=MLP, space=BRIEF)
    runner = bench.runner()
    started = time.monotonic()
    runner.run(bench.attempt(runner), Orders())
    seconds = time.monotonic() - started
    with bench.store.unit() as unit:
        events = unit.events.after(study.id, 0, 10_000)
        points = unit.trials.curve(study.id, 0)
    epochs = [event for event in events if event.type is EventType.TRIAL_EPOCH]
    assert 1 <= len(epochs) <= 2 * seconds + 2
    assert len(points) > len(epochs)


def test_a_search_that_cannot_ask_ends_with_what_it_has(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = bench.study(budget=Budget(trials=5))
    runner = bench.runner()
    runner.run(bench.attempt(runner), Orders())

    def ask(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(runner_module, "ask", ask)
    assert bench.work_off(study, runner).status is StudyStatus.SUCCEEDED


def test_a_study_that_cannot_be_read_ends_and_the_others_have_their_turn(bench: Bench) -> None:
    of_another_version, other = (bench.study(budget=Budget(trials=1)) for _ in range(2))
    with bench.store.database.write() as tx:
        here = tables.studies.c.id == of_another_version.id
        plan = dict(tx.writer.execute(select(tables.studies.c.plan).where(here)).scalar_one())
        plan["families"] = [*plan["families"], "of_another_version"]
        tx.writer.execute(update(tables.studies).where(here).values(plan=plan))
    assert bench.work_off(other, bench.runner()).status is StudyStatus.SUCCEEDED
    with bench.store.database.transaction() as tx:
        stands = select(tables.studies.c.status, tables.studies.c.error_reason).where(here)
        assert tx.reader.execute(stands).one() == (StudyStatus.FAILED, StudyFailure.INTERNAL)


def test_the_turn_of_a_study_that_is_gone_is_answered_with_nothing(bench: Bench) -> None:
    study = bench.study(budget=Budget(trials=1))
    turn = bench.store.leases.claim("w")
    assert isinstance(turn, Turn)
    acts.cancel(bench.store, study)
    with bench.store.unit() as unit:
        unit.studies.remove(study.tenant, study.id)
    assert bench.runner().answer(turn) is None


def test_a_store_that_is_away_ends_no_search(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    study = bench.study(budget=Budget(trials=1))
    turn = bench.store.leases.claim("w")
    assert isinstance(turn, Turn)

    def unit() -> None:
        raise StoreUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(bench.store, "unit", unit)
        with pytest.raises(StoreUnavailable):
            bench.runner().answer(turn)
    assert bench.read(study).status is StudyStatus.QUEUED


def test_a_study_s_clock_runs_while_its_worker_makes_ready(bench: Bench) -> None:
    """A child that loads its libraries is free for it; one that does other work is not."""
    runner = bench.runner(free_since=time.monotonic() - 3600.0)
    several = [bench.study(budget=Budget(seconds=600.0, trials=2), families=MLP) for _ in range(2)]
    values.age(bench.store, 30.0)
    runner.run(bench.attempt(runner), Orders())
    free = time.monotonic()
    bench.attempt(runner)
    asked = time.monotonic() - free
    second, first = sorted(_waited(bench, study) for study in several)
    assert second <= asked
    assert first >= 30.0


def _waited(bench: Bench, study: Study) -> float:
    """Return the seconds from the start of a study's clock to that of its first trial."""
    started, first = bench.read(study).started_at, bench.trials(study)[0].started_at
    assert started is not None
    assert first is not None
    return first - started
