"""The story from a file to a checked model, and its promise of equal bytes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl import pipeline
from automl.core import metric
from automl.core.catalog import (
    ExportFormat,
    FamilyName,
    TaskType,
    TrialState,
    ValidationStrategy,
)
from automl.core.errors import InvalidSpec, NothingTrained
from automl.core.study import Budget, Plan, StudySpec, TaskSpec, Validation
from automl.core.trial import Trial
from automl.data import rows
from automl.export.scoring import Scorer
from automl.search import portfolio
from automl.search.plan import make_plan
from automl.search.prepare import prepare
from tests import tables

TRIALS = 12
SMALL: dict[str, dict[str, Any]] = {
    "mlp": {"layers": [1, 2], "width": [8, 16], "epochs": [5], "batch_size": [128]},
    "resnet": {"layers": [1], "width": [16], "epochs": [5], "batch_size": [128]},
    "realmlp": {"layers": [1], "width": [16], "epochs": [5], "batch_size": [128]},
    "tabm": {"layers": [1], "width": [16], "members": [4], "epochs": [5], "batch_size": [128]},
    "lightgbm": {"max_rounds": {"low": 10, "high": 30}},
    "catboost": {"max_rounds": {"low": 10, "high": 30}},
    "random_forest": {"trees": [10]},
    "extra_trees": {"trees": [10]},
}
"""Spaces of candidates that train in a moment."""


def _fit(
    folder: Path, *, classes: int, rows: int = 400, slots: int = 1, seed: int = 0, **more: object
) -> pipeline.Fit:
    path = tables.mixed(folder / "data.csv", rows=rows, classes=classes)
    dataset, table = tables.dataset(path, folder / "data.parquet")
    task = TaskType.CLASSIFICATION if classes else TaskType.REGRESSION
    given = {"budget": Budget(trials=TRIALS), "search_space": SMALL, **more}
    spec = StudySpec(dataset.id, TaskSpec(task, "y"), seed=seed, **given)  # type: ignore[arg-type]
    return pipeline.fit(spec, dataset, table, slots=slots)


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> pipeline.Fit:
    return _fit(tmp_path_factory.mktemp("binary"), classes=2)


def test_every_trial_has_one_outcome_and_every_family_had_its_turn(binary: pipeline.Fit) -> None:
    assert [trial.number for trial in binary.trials] == list(range(TRIALS))
    assert all(trial.state.ended for trial in binary.trials)
    first = {family for family, _ in portfolio.STEPS} & set(binary.plan.families)
    assert {trial.candidate.family for trial in binary.trials} >= first


def test_the_model_is_better_than_the_baseline_and_no_worse_than_its_members(
    binary: pipeline.Fit,
) -> None:
    card, plan = binary.finished.card, binary.plan
    assert card.value > plan.baseline + 0.3
    best = max(t.value for t in binary.trials if t.value is not None)
    assert card.value > best - 0.02
    low, high = card.metrics[plan.metric].low, card.metrics[plan.metric].high
    assert low < card.value < high
    assert sum(member.weight for member in card.members) == pytest.approx(1.0)
    assert card.parity <= 1e-5


def test_the_file_takes_raw_rows_and_says_what_it_is(binary: pipeline.Fit, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(binary.finished.files[ExportFormat.ONNX])
    unseen = tables.mixed(tmp_path / "unseen.csv", rows=300, classes=2, seed=7)
    scorer = Scorer(path)
    scores = scorer.predict(rows.from_file(unseen, scorer.inputs))
    truth = np.array([line.rsplit(",", 1)[1] for line in unseen.read_text().splitlines()[1:]])
    assert scorer.classes == ("class 0", "class 1")
    assert (scores.predictions == truth).mean() > 0.75
    assert scorer.metadata.dataset_sha256
    assert scorer.metadata.card == binary.finished.card


@pytest.mark.parametrize("classes", [2, 3, 0])
def test_equal_searches_give_equal_leaderboards_and_bytes(classes: int, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    first = _fit(one, classes=classes)
    second = _fit(two, classes=classes, slots=3)
    assert [_row(t) for t in first.trials] == [_row(t) for t in second.trials]
    assert first.finished.files == second.finished.files


def test_pruning_is_equal_however_many_train_at_once(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    more: dict[str, Any] = {
        "rows": 2_000,
        "budget": Budget(trials=26),
        "families": (FamilyName.LIGHTGBM,),
        "search_space": {"lightgbm": {"max_rounds": [10], "num_leaves": {"low": 4, "high": 32}}},
    }
    first = _fit(one, classes=2, **more)
    second = _fit(two, classes=2, slots=3, **more)
    assert [_row(t) for t in first.trials] == [_row(t) for t in second.trials]
    assert first.finished.files == second.finished.files
    pruned = {t.number for t in first.trials if t.state is TrialState.PRUNED}
    assert pruned
    assert min(pruned) >= 11
    assert not pruned & {member.trial for member in first.finished.card.members}


def _row(trial: Trial) -> tuple[object, ...]:
    result = trial.value, trial.fold_values, trial.epochs, trial.rungs
    return trial.number, trial.state, trial.candidate, *result


def test_another_seed_gives_another_model(binary: pipeline.Fit, tmp_path: Path) -> None:
    other = _fit(tmp_path, classes=2, seed=1)
    assert other.finished.files != binary.finished.files


def test_seconds_end_the_search_with_a_model_in_time(tmp_path: Path) -> None:
    result = _fit(tmp_path, classes=3, budget=Budget(seconds=6.0))
    assert result.finished.files
    assert any(trial.state is TrialState.COMPLETE for trial in result.trials)


def test_a_budget_that_is_gone_before_it_began_has_a_model(tmp_path: Path) -> None:
    result = _fit(tmp_path, classes=2, slots=2, budget=Budget(seconds=0.1))
    assert [member.trial for member in result.finished.card.members] == [0]
    assert result.plan.strategy is ValidationStrategy.HOLDOUT


def test_there_are_fewer_folds_where_the_budget_is_too_short_for_them(tmp_path: Path) -> None:
    path = tables.mixed(tmp_path / "data.csv", rows=4_000)
    dataset, table = tables.dataset(path, tmp_path / "data.parquet")
    task = TaskSpec(TaskType.CLASSIFICATION, "y")

    def folds(seconds: float, strategy: str = "auto") -> int:
        validation = Validation(ValidationStrategy(strategy))
        budget = Budget(seconds=seconds)
        spec = StudySpec(dataset.id, task, budget, validation=validation)
        return make_plan(spec, dataset, table).folds

    counts = [folds(seconds) for seconds in (60.0, 5.0, 4.0, 3.0, 2.5, 1.0)]
    assert counts == sorted(counts, reverse=True)
    assert set(counts) == {8, 3, 1}
    assert folds(1.0, "kfold") == 8  # as was asked for


def test_rows_are_sampled_where_the_budget_would_not_bear_them_all(tmp_path: Path) -> None:
    path = tables.mixed(tmp_path / "data.csv", rows=30_000)
    dataset, table = tables.dataset(path, tmp_path / "data.parquet")
    task = TaskSpec(TaskType.CLASSIFICATION, "y")

    def planned(seconds: float) -> Plan:
        return make_plan(StudySpec(dataset.id, task, Budget(seconds=seconds)), dataset, table)

    assert planned(60.0).rows == 30_000
    plan = planned(1.0)
    assert plan.rows == 20_000
    assert plan.warnings[-1][0] == "ROWS_SAMPLED"
    spec = StudySpec(dataset.id, task, Budget(seconds=1.0))
    prepared = prepare(plan, spec, dataset, table)
    assert prepared.test is not None
    assert len(prepared.y) + len(prepared.test[1]) == 20_000
    assert len(prepared.test[1]) == plan.test_rows


def test_a_holdout_judges_by_its_rows_only(tmp_path: Path) -> None:
    result = _fit(
        tmp_path,
        classes=0,
        budget=Budget(trials=3),
        validation=Validation(ValidationStrategy.HOLDOUT),
    )
    assert all(len(t.fold_values) == 1 for t in result.trials)
    assert metric.better(result.plan.metric, result.finished.card.value, result.plan.baseline)


def test_a_given_test_set_is_what_the_estimate_comes_from(tmp_path: Path) -> None:
    train = tables.mixed(tmp_path / "train.csv", classes=2)
    test = tables.mixed(tmp_path / "test.csv", rows=150, classes=2, seed=5)
    dataset, table = tables.dataset(train, tmp_path / "train.parquet")
    held = tables.dataset(test, tmp_path / "test.parquet", id="ds_held")
    spec = StudySpec(
        dataset.id,
        TaskSpec(TaskType.CLASSIFICATION, "y"),
        Budget(trials=3),
        test_dataset_id=held[0].id,
        search_space=SMALL,
    )
    card = pipeline.fit(spec, dataset, table, test=held).finished.card
    assert card.source == "test"
    assert 0.8 < card.value < 1.0


def test_a_test_set_with_words_for_numbers_is_refused(tmp_path: Path) -> None:
    lines = [(str(i % 7), "pq"[i % 2]) for i in range(40)]
    train = tables.write(tmp_path / "train.csv", ("a", "y"), lines)
    test = tables.write(
        tmp_path / "test.csv", ("a", "y"), [("one" if a == "1" else "two", y) for a, y in lines]
    )
    dataset, table = tables.dataset(train, tmp_path / "train.parquet")
    held = tables.dataset(test, tmp_path / "test.parquet", id="ds_held")
    spec = StudySpec(
        dataset.id,
        TaskSpec(TaskType.CLASSIFICATION, "y"),
        Budget(trials=1),
        test_dataset_id=held[0].id,
    )
    with pytest.raises(InvalidSpec, match="'a' holds numbers, but in the test dataset text such"):
        pipeline.fit(spec, dataset, table, test=held)


def test_a_study_without_a_complete_trial_says_why(tmp_path: Path) -> None:
    with pytest.raises(NothingTrained, match="more seconds"):
        _fit(
            tmp_path,
            classes=2,
            budget=Budget(seconds=2.0),
            families=(FamilyName.MLP,),
            search_space=None,
        )


def test_an_unknown_target_is_named_with_those_there_are(tmp_path: Path) -> None:
    path = tables.mixed(tmp_path / "data.csv")
    dataset, table = tables.dataset(path, tmp_path / "data.parquet")
    spec = StudySpec(dataset.id, TaskSpec(TaskType.CLASSIFICATION, "z"), Budget(trials=1))
    with pytest.raises(InvalidSpec, match="'colour'"):
        pipeline.fit(spec, dataset, table)
