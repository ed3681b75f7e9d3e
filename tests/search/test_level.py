"""Folds that few rows judge: all of a candidate's are judged at one end."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl import families, tasks
from automl.core import metric
from automl.core.catalog import FamilyName, TaskType, ValidationStrategy
from automl.core.study import Budget, StudySpec, TaskSpec, Validation
from automl.core.trial import Candidate
from automl.families.lightgbm import model as lightgbm
from automl.search import evaluate as evaluation
from automl.search.evaluate import evaluate, fits
from automl.search.plan import make_plan
from automl.search.portfolio import portfolio
from automl.search.prepare import Prepared, prepare
from automl.store import codec
from automl.training import lanes
from tests import tables
from tests.families.watcher import Watcher

BOOSTED = (FamilyName.LIGHTGBM, FamilyName.CATBOOST)
FOLLOWED = (*BOOSTED, FamilyName.MLP, FamilyName.REALMLP, FamilyName.TABM)
ROWS = 160
SHORT = {"max_rounds": 60, "epochs": 12}


def study(folder: Path, task: TaskType, *, rows: int = ROWS, noise: float = 0.5) -> Prepared:
    """Return a study whose target hangs on two of five columns, the more noise the less."""
    draw = np.random.default_rng(1)
    x = draw.normal(size=(rows, 5))
    y = x[:, 0] + x[:, 1] ** 2 + noise * 3 * draw.normal(size=rows)
    y = draw.normal(size=rows) if noise >= 1 else y
    target = y if task is TaskType.REGRESSION else np.where(y > np.median(y), "more", "less")
    lines = [[*map(str, row), str(t)] for row, t in zip(x, target, strict=True)]
    path = tables.write(folder / "data.csv", [*"abcde", "y"], lines)
    dataset, table = tables.dataset(path, folder / "data.parquet")
    spec = StudySpec(dataset.id, TaskSpec(task, "y"), Budget(trials=2), families=FOLLOWED)
    return prepare(make_plan(spec, dataset, table), spec, dataset, table)


def before(prepared: Prepared) -> Prepared:
    """Return the same as a study of before, whose folds each end where they are best."""
    return replace(prepared, plan=replace(prepared.plan, level=False), _cache={}, _fitted={})


def candidate(prepared: Prepared, name: FamilyName, **more: Any) -> Candidate:
    params = next(c.params for c in portfolio(prepared.spec, prepared.plan) if c.family is name)
    short = {key: most for key, most in SHORT.items() if key in params}
    return Candidate(name, {**params, **short, **more})


@pytest.fixture(scope="module", params=list(TaskType), ids=str)
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return study(tmp_path_factory.mktemp("data"), request.param)


def test_rows_are_judged_by_what_all_folds_say_after_as_many_rounds(prepared: Prepared) -> None:
    """By other means: each fold is trained again, for just the rounds of each possible end."""
    given = candidate(prepared, FamilyName.LIGHTGBM, max_rounds=20, patience=20, learning_rate=0.3)
    found = evaluate(prepared, given, Watcher())
    assert prepared.plan.level
    rounds = []
    for number in range(1, 21):
        said, lost = np.zeros((len(prepared.y), prepared.plan.outputs)), 0.0
        for index, (_, valid) in enumerate(prepared.folds):
            fold = prepared.fold(
                index, given, seed=evaluation._seed(prepared, given, index), threads=1, device="cpu"
            )
            cut = {**given.params, "max_rounds": number, "patience": 1000}
            booster = lightgbm._booster(cut, fold)
            for _ in range(number):
                booster.update()
            raw = lightgbm._two_sided(lightgbm._said(booster), fold.outputs)
            lost += booster.eval_valid()[0][2] * len(valid)
            scale = prepared.fitted(index, given)[1]
            said[valid] = tasks.load(prepared.plan.task).decode(raw, scale)
        rounds.append((lost, number, said))
    _, end, said = min(rounds, key=lambda each: each[:2])
    assert np.abs(found.out_of_fold - said[prepared.judged]).max() < 1e-5 * np.abs(said).max()
    assert found.value == pytest.approx(prepared.score(prepared.y, said), rel=1e-4)
    assert 1 < end < 20


@pytest.mark.parametrize("name", FOLLOWED, ids=str)
def test_what_is_kept_of_each_fold_is_its_best(prepared: Prepared, name: FamilyName) -> None:
    given = candidate(prepared, name)
    today, then = (evaluate(each, given, Watcher()) for each in (prepared, before(prepared)))
    for (_, one), (_, other) in zip(fits(today.fitted), fits(then.fitted), strict=True):
        assert one.header == other.header
        assert all(np.array_equal(one.arrays[key], other.arrays[key]) for key in other.arrays)
    assert not np.array_equal(today.out_of_fold, then.out_of_fold)
    assert not metric.better(prepared.plan.metric, today.value, then.value), "flattered before"


@pytest.mark.parametrize("name", FOLLOWED, ids=str)
def test_from_any_checkpoint_it_goes_on_to_the_same_result(
    prepared: Prepared, name: FamilyName
) -> None:
    given, whole = candidate(prepared, name), Watcher()
    undisturbed = evaluate(prepared, given, whole)
    assert whole.states
    for count in {1, len(whole.states) // 2 + 1, len(whole.states)}:
        resumed = evaluate(prepared, given, Watcher(), resume=whole.states[count - 1])
        assert np.array_equal(resumed.out_of_fold, undisturbed.out_of_fold)
        assert resumed.value == undisturbed.value
        assert resumed.fold_values == undisturbed.fold_values


def test_networks_are_lanes_here(prepared: Prepared) -> None:
    """So what was checked above was checked of lanes."""
    from automl.families import lanes as stacking

    given = candidate(prepared, FamilyName.MLP)
    fold = prepared.fold(0, given, seed=0, threads=1, device="cpu")
    family = families.model(FamilyName.MLP)
    assert families.is_network(family)
    assert lanes.pay(family, given.params, fold, stacking)


def test_where_there_is_nothing_to_learn_it_looks_less_as_if_there_were(tmp_path: Path) -> None:
    noise = study(tmp_path, TaskType.CLASSIFICATION, noise=1.0)
    gained = []
    for name in BOOSTED:
        given = candidate(noise, name)
        today, then = (evaluate(each, given, Watcher()) for each in (noise, before(noise)))
        gained.append(then.value - today.value)
    assert min(gained) > 0.03, "of ROC AUC, which is 0.5"


def test_a_family_without_steps_is_judged_as_ever(tmp_path: Path) -> None:
    rows = study(tmp_path, TaskType.CLASSIFICATION)
    spec = replace(rows.spec, families=(FamilyName.LINEAR,))
    plan = replace(rows.plan, families=(FamilyName.LINEAR,))
    rows = replace(rows, spec=spec, plan=plan, _cache={}, _fitted={})
    given = portfolio(spec, plan)[0]
    today, then = (evaluate(each, given, Watcher()) for each in (rows, before(rows)))
    assert np.array_equal(today.out_of_fold, then.out_of_fold)


def test_of_many_classes_fewer_rows_are_followed(tmp_path: Path) -> None:
    """A training remembers what it says of them at every epoch."""
    for rows, level in ((1_400, True), (1_700, False)):
        lines = [[str(row), f"class {row % 26}"] for row in range(rows)]
        path = tables.write(tmp_path / "data.csv", ["a", "y"], lines)
        dataset, table = tables.dataset(path, tmp_path / "data.parquet")
        task = TaskSpec(TaskType.CLASSIFICATION, "y")
        plan = make_plan(StudySpec(dataset.id, task, Budget(trials=2)), dataset, table)
        assert plan.level == level


@pytest.mark.parametrize(
    ("rows", "strategy", "level"),
    [
        (160, ValidationStrategy.AUTO, True),
        (4_000, ValidationStrategy.AUTO, True),
        (4_100, ValidationStrategy.AUTO, False),
        (160, ValidationStrategy.HOLDOUT, False),
    ],
)
def test_where_few_rows_judge_a_fold(
    tmp_path: Path, rows: int, strategy: ValidationStrategy, level: bool
) -> None:
    lines = [[str(row), str(row * 7 % 13)] for row in range(rows)]
    path = tables.write(tmp_path / "data.csv", ["a", "y"], lines)
    dataset, table = tables.dataset(path, tmp_path / "data.parquet")
    task = TaskSpec(TaskType.REGRESSION, "y")
    spec = StudySpec(dataset.id, task, Budget(trials=2), validation=Validation(strategy))
    plan = make_plan(spec, dataset, table)
    assert plan.level == level
    assert codec.plan_from_json(codec.plan_to_json(plan)) == plan
    written = codec.plan_to_json(plan)
    del written["level"]
    assert not codec.plan_from_json(written).level, "a study of before"
