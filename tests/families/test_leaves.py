"""Leaves as large as the noise in the target asks for."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from automl.core.catalog import FamilyName, TaskType
from automl.core.kin import Bond, Kin
from automl.core.learner import Fold
from automl.families import leaves
from automl.families.leaves import CHOSEN, LEAST, smallest
from tests.families import cases
from tests.families.cases import Case

KINDS = {
    FamilyName.EXTRA_TREES: (ExtraTreesClassifier, ExtraTreesRegressor),
    FamilyName.RANDOM_FOREST: (RandomForestClassifier, RandomForestRegressor),
}
every_kind = pytest.mark.parametrize("name", list(KINDS))
every_task = pytest.mark.parametrize("task", [TaskType.CLASSIFICATION, TaskType.REGRESSION])


def learn(task: TaskType, *, noise: float, rows: int = 1200) -> Fold:
    """Return a fold whose target is a wave over two of three features, and noise."""
    random = np.random.default_rng(7)
    x = random.normal(size=(rows, 3)).astype(np.float32)
    y = np.sin(2 * x[:, 0]) + x[:, 1] + noise * random.normal(size=rows)
    fold = cases.fold(Case(FamilyName.EXTRA_TREES, task, 2 if task.value[0] == "c" else 1))
    target = (y > 0).astype(np.int64) if task is TaskType.CLASSIFICATION else y
    return replace(fold, train=replace(fold.train, x=x, y=target))


def forest(name: FamilyName, task: TaskType, seed: int = 3) -> Callable[[int], Any]:
    kind = KINDS[name][task is TaskType.REGRESSION]
    return lambda rows: kind(random_state=seed, min_samples_leaf=rows)


def chosen(least: int = 1, **others: object) -> dict[str, Any]:
    return {"min_samples_leaf": least, "leaf_rows": CHOSEN, "trees": 100, **others}


@every_kind
@every_task
def test_a_clear_target_asks_for_small_leaves(name: FamilyName, task: TaskType) -> None:
    assert smallest(chosen(), learn(task, noise=0.0), forest(name, task)) == 1


@every_task
def test_a_noisy_one_asks_for_large(task: TaskType) -> None:
    kind = forest(FamilyName.EXTRA_TREES, task)
    assert smallest(chosen(), learn(task, noise=8.0), kind) > 1


def test_it_is_a_multiple_of_the_least_unless_that_is_asked_for() -> None:
    fold, kind = learn(TaskType.REGRESSION, noise=4.0), forest(*REGRESSION)
    assert smallest(chosen(3), fold, kind) in (12, 48)
    assert smallest({**chosen(3), "leaf_rows": LEAST}, fold, kind) == 3
    older = {"min_samples_leaf": 5, "trees": 100}
    assert smallest(older, fold, kind) == 5


REGRESSION = FamilyName.RANDOM_FOREST, TaskType.REGRESSION


@pytest.mark.parametrize("rows", [1, 2, 3, 8])
def test_few_rows_have_the_smallest_leaves(rows: int) -> None:
    assert smallest(chosen(), learn(REGRESSION[1], noise=4.0, rows=rows), forest(*REGRESSION)) == 1


def test_leaves_are_never_so_large_that_few_are_left() -> None:
    fold = learn(REGRESSION[1], noise=50.0, rows=150)
    assert smallest(chosen(), fold, forest(*REGRESSION)) in (1, 4)  # of 113 rows 16 make seven


@pytest.mark.parametrize(("limit", "most"), [("_ROWS", 200), ("_CELLS", 600)])
@every_kind
def test_no_more_rows_are_looked_at_than_pay(
    name: FamilyName, limit: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaves, limit, most)
    seen: list[int] = []
    kind = forest(name, TaskType.CLASSIFICATION)

    def watched(rows: int) -> Any:
        made = kind(rows)
        fit = made.fit

        def noted(x: Any, y: Any, **more: Any) -> Any:
            seen.append(len(x))
            return fit(x, y, **more)

        made.fit = noted
        return made

    smallest(chosen(), learn(TaskType.CLASSIFICATION, noise=1.0), watched)
    assert set(seen) == {150}


@every_kind
@every_task
def test_few_trees_tell_the_error_of_many(name: FamilyName, task: TaskType) -> None:
    fold = learn(task, noise=1.0)
    learners, judges = np.arange(300, 1200), np.arange(300)

    def error(trees: int) -> float:
        kinds = [forest(name, task, seed) for seed in range(10)]
        asked = chosen(trees=trees)
        return np.mean([leaves._error(k(1), asked, fold, learners, judges) for k in kinds]).item()

    many = forest(name, task)(1).set_params(n_estimators=200)
    many.fit(fold.train.x[learners], fold.train.y[learners])
    answers = leaves._answers(many, fold, judges).mean(axis=0)
    y = fold.train.y[judges, None]
    truth = y == many.classes_ if task is TaskType.CLASSIFICATION else y
    real = ((answers - truth) ** 2).sum(axis=1).mean()
    assert error(200) == pytest.approx(real, rel=0.03)
    assert error(8) > 1.03 * real


def test_larger_leaves_must_be_clearly_better(monkeypatch: pytest.MonkeyPatch) -> None:
    fold, kind = learn(TaskType.REGRESSION, noise=4.0), forest(*REGRESSION)
    errors = {1: 1.0, 4: 0.95, 16: 0.94}
    monkeypatch.setattr(
        leaves, "_error", lambda made, *_: errors[made.get_params()["min_samples_leaf"]]
    )
    assert smallest(chosen(), fold, kind) == 1
    errors[4] = 0.92
    assert smallest(chosen(), fold, kind) == 4
    errors[16] = 0.9
    assert smallest(chosen(), fold, kind) == 16


def test_rare_classes_may_be_missing_where_small_forests_learn() -> None:
    fold = learn(TaskType.CLASSIFICATION, noise=2.0)
    y = fold.train.y.copy()
    y[:3] = 5
    rare = replace(fold, train=replace(fold.train, y=y), outputs=6)
    balanced = chosen(class_weight="balanced")
    kind = forest(FamilyName.EXTRA_TREES, TaskType.CLASSIFICATION)
    assert smallest(balanced, rare, kind) in leaves.TIMES


@every_task
def test_leaves_of_one_row_know_groups_by_heart_which_tells_nothing_of_new_ones(
    task: TaskType,
) -> None:
    random, kind = np.random.default_rng(0), forest(FamilyName.EXTRA_TREES, task)
    groups = np.repeat(np.arange(800, dtype=np.int32), 5)
    x = random.normal(size=(800, 3))[groups] + 0.01 * random.normal(size=(4000, 3))
    effect = random.normal(size=800)[groups] + 0.1 * random.normal(size=4000)
    y = (effect > 0).astype(np.int64) if task is TaskType.CLASSIFICATION else effect
    fold = learn(task, noise=0.0)
    fold = replace(fold, train=replace(fold.train, x=x.astype(np.float32), y=y))
    assert smallest(chosen(), fold, kind) == 1
    assert smallest(chosen(), replace(fold, kin=Kin(groups, "group")), kind) == 16


def sides(fold: Fold, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """Return which rows small forests learn from and which judge them."""
    seen: list[tuple[Any, Any]] = []

    def noted(_forest: Any, _params: Any, _fold: Fold, learners: Any, judges: Any) -> float:
        seen.append((learners, judges))
        return 1.0

    monkeypatch.setattr(leaves, "_error", noted)
    smallest(chosen(), fold, forest(*REGRESSION))
    assert len(seen) == len(leaves.TIMES)
    return seen[0]


def test_the_newest_rows_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = np.random.default_rng(0).permutation(1200).astype(np.int32) // 3
    fold = replace(learn(REGRESSION[1], noise=1.0), kin=Kin(moments, "moment"))
    for most in (1200, 500):
        monkeypatch.setattr(leaves, "_ROWS", most)
        learners, judges = sides(fold, monkeypatch)
        assert moments[learners].max() < moments[judges].min()
        assert len(learners) + len(judges) == most
        assert len(judges) == pytest.approx(most / 4, rel=0.02)


@pytest.mark.parametrize("bond", ["copy", "group"])
def test_kin_judge_or_are_learned_from(bond: Bond, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = np.random.default_rng(0).integers(0, 700, 1200).astype(np.int32)
    fold = replace(learn(REGRESSION[1], noise=1.0), kin=Kin(numbers, bond))
    learners, judges = sides(fold, monkeypatch)
    assert not set(numbers[learners]) & set(numbers[judges])
    assert sorted(np.concatenate([learners, judges])) == list(range(1200))
    assert len(judges) == pytest.approx(300, rel=0.05)


def test_leaves_of_one_group_alone_are_not_judged() -> None:
    fold = replace(learn(REGRESSION[1], noise=8.0), kin=Kin(np.zeros(1200, np.int32), "group"))
    assert smallest(chosen(), fold, forest(*REGRESSION)) == 1
