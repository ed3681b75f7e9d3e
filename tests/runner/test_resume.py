"""Trials and studies that go on after a stop, as if there had been none."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from automl.core.catalog import (
    ExportFormat,
    FamilyName,
    StudyStatus,
    TrialState,
)
from automl.core.leases import Order
from automl.core.model import ModelCard
from automl.core.study import Budget, Study
from automl.core.trial import Attempt
from automl.finish import Entry, Finished, finish
from automl.runner import control
from automl.runner import runner as runner_module
from automl.search.prepare import Prepared
from automl.service import studies
from tests.api.damage import flip
from tests.runner.bench import BRIEF, MLP, TENANT, Bench, Orders, open_bench


def given_back(bench: Bench) -> Attempt:
    """Return the second attempt at a study's one trial, which has a checkpoint of the first."""
    bench.study(budget=Budget(trials=1), families=MLP, space=BRIEF, rows=400)
    runner = bench.runner(checkpoint_seconds=0.0)
    release = Orders(lambda look: Order.RELEASE if look > 40 else Order.GO_ON)
    runner.run(bench.attempt(runner), release)
    again = bench.attempt(runner)
    assert (again.number, again.token) == (0, 2)
    assert again.checkpoint is not None
    return again


def reported(bench: Bench, attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the epochs that a fresh worker reports of an attempt."""
    epochs: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(control.AttemptControl, "report", lambda _, point: epochs.append(point.epoch))
        bench.runner(checkpoint_seconds=0.0).run(attempt, Orders())
    return epochs


def test_what_is_given_back_goes_on_from_its_checkpoint(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = given_back(bench)
    with bench.store.unit() as unit:
        before = len(unit.trials.curve(again.study_id, 0))
    first = reported(bench, again, monkeypatch)[0]
    assert before - 1 <= first - 1 <= before + 1  # at most the epoch in hand is repeated
    with bench.store.unit() as unit:
        assert unit.trials.get(again.study_id, 0).state is TrialState.COMPLETE


def test_a_damaged_checkpoint_is_not_gone_on_from(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = given_back(bench)
    assert again.checkpoint is not None
    flip(bench.store, again.checkpoint, at=-1)
    assert reported(bench, again, monkeypatch)[0] == 1
    with bench.store.unit() as unit:
        assert unit.trials.get(again.study_id, 0).state is TrialState.COMPLETE


def test_a_trial_gives_the_same_with_and_without_an_interruption(tmp_path: Path) -> None:
    values = []
    for stops in (0, 1, 2):
        folder = tmp_path / str(stops)
        folder.mkdir()
        bench = open_bench(folder)
        study = bench.study(budget=Budget(trials=1), families=MLP, space=BRIEF)
        for stop in range(stops):
            look = 20 * (stop + 1)
            release = Orders(lambda seen, look=look: Order.RELEASE if seen > look else Order.GO_ON)  # type: ignore[misc]
            runner = bench.runner(checkpoint_seconds=0.0)
            runner.run(bench.attempt(runner), release)
            assert bench.trials(study)[0].state is TrialState.WAITING
        ended = bench.work_off(study, bench.runner())
        values.append((ended.best_value, bench.trials(study)[0].fold_values))
        bench.store.close()
    assert values[0] == values[1] == values[2]


def test_a_study_resumed_with_trials_equals_a_longer_one(bench: Bench) -> None:
    families = (FamilyName.LINEAR, FamilyName.LIGHTGBM)
    long = bench.study(budget=Budget(trials=17), families=families, rows=1_500)
    resumed = bench.study(budget=Budget(trials=11), families=families, rows=1_500)
    runner = bench.runner()
    for study in (long, resumed):
        assert bench.work_off(study, runner).status is StudyStatus.SUCCEEDED
    first = _file(bench, resumed)
    studies.resume(bench.store, TENANT, resumed.id, add=Budget(trials=6))
    attempt = bench.attempt(bench.runner())
    studies.pause(bench.store, TENANT, resumed.id)
    bench.store.leases.release(attempt)
    studies.resume(bench.store, TENANT, resumed.id, add=None)
    assert bench.work_off(resumed, bench.runner()).status is StudyStatus.SUCCEEDED
    boards = [
        [(t.number, t.state, t.candidate, t.value, t.fold_values, t.rungs) for t in trials]
        for trials in (bench.trials(long), bench.trials(resumed))
    ]
    assert boards[0] == boards[1]
    assert TrialState.PRUNED in {trial.state for trial in bench.trials(long)}
    assert _file(bench, long) == _file(bench, resumed) != first


@pytest.mark.parametrize(("seconds", "kept"), [(60.0, True), (None, False)])
def test_the_last_members_are_candidates_again_where_seconds_count(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, seconds: float | None, *, kept: bool
) -> None:
    given: list[ModelCard | None] = []

    def spy(
        prepared: Prepared, entries: Sequence[Entry], *, previous: ModelCard | None
    ) -> Finished:
        given.append(previous)
        return finish(prepared, entries, previous=previous)

    monkeypatch.setattr(runner_module, "finish", spy)
    study = bench.study(
        budget=Budget(seconds=seconds, trials=2), families=(FamilyName.LINEAR, FamilyName.LIGHTGBM)
    )
    first = bench.work_off(study, bench.runner())
    assert first.model_id is not None
    with bench.store.unit() as unit:
        card = unit.models.get(TENANT, first.model_id).card
    studies.resume(bench.store, TENANT, study.id, add=Budget(trials=1))
    assert bench.work_off(study, bench.runner()).status is StudyStatus.SUCCEEDED
    assert given == [None, card if kept else None]


def _file(bench: Bench, study: Study) -> bytes:
    with bench.store.unit() as unit:
        model_id = unit.studies.get(TENANT, study.id).model_id
        assert model_id is not None
        model = unit.models.get(TENANT, model_id)
    return b"".join(bench.store.artifacts.read(model.formats[ExportFormat.ONNX].id))
