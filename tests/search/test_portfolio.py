"""What every study tries first, by its size and its classes."""

from dataclasses import replace
from pathlib import Path

import pytest

from automl import families
from automl.core.catalog import FamilyName, TaskType
from automl.core.study import Budget, Plan, StudySpec, TaskSpec
from automl.core.trial import Candidate
from automl.search.plan import make_plan
from automl.search.portfolio import PATIENT, portfolio
from tests import tables
from tests.search.test_ask import PLAN, REPLAY

ATTENTIVE = FamilyName.FT_TRANSFORMER


def _symmetric(plan: Plan, spec: StudySpec = REPLAY) -> Candidate:
    found = [c for c in portfolio(spec, plan) if c.family is FamilyName.CATBOOST]
    assert len(found) == 1
    families.validate(FamilyName.CATBOOST, found[0].params, plan.task)
    return found[0]


def test_what_pays_most_comes_first() -> None:
    names = [candidate.family.value for candidate in portfolio(REPLAY, PLAN)]
    assert names[:4] == ["linear", "lightgbm", "extra_trees", "catboost"]


def test_a_second_forest_waits_where_it_is_dear() -> None:
    large = replace(PLAN, rows=40_000, features=("x",) * 20)
    assert [each.family for each in portfolio(REPLAY, PLAN)][-1] is not FamilyName.RANDOM_FOREST
    last = portfolio(REPLAY, large)[-1].family
    assert last is FamilyName.RANDOM_FOREST


@pytest.mark.parametrize("rows", [1_000, 40_000])
def test_a_budget_that_grows_changes_no_place_in_it(rows: int) -> None:
    """Trial n is its n-th candidate: another order would try some again and others never."""
    plan = replace(PLAN, rows=rows, features=("x",) * 20)
    budgets = [Budget(trials=9), *(Budget(seconds=each) for each in (10.0, 60.0, 3600.0))]
    assert len({repr(portfolio(replace(REPLAY, budget=each), plan)) for each in budgets}) == 1


def test_its_steps_are_larger_where_rows_are_many() -> None:
    small, large = (_symmetric(replace(PLAN, rows=rows)).params for rows in (1_000, 20_000))
    assert small["learning_rate"] == 0.05
    assert large["learning_rate"] == 0.1


def test_it_sees_pairs_of_numbers_where_there_are_any() -> None:
    assert _symmetric(replace(PLAN, pairable=2)).params["pairs"] is True
    assert _symmetric(replace(PLAN, pairable=1)).params["pairs"] is False


@pytest.mark.parametrize(("classes", "rounds"), [(3, 1_000), (26, 150)])
def test_of_several_classes_leaves_take_more_newton_steps_and_of_many_few_rounds(
    classes: int, rounds: int
) -> None:
    params = _symmetric(replace(PLAN, classes=tuple(range(classes)))).params
    assert params["leaf_estimation_iterations"] == 5
    assert params["max_rounds"] == rounds


def test_of_two_classes_leaves_take_as_many_as_catboost_gives_them() -> None:
    for rows in (1_000, 20_000):
        assert _symmetric(replace(PLAN, rows=rows)).params["leaf_estimation_iterations"] == 10


def test_a_number_has_no_such_steps() -> None:
    plan = replace(PLAN, task=TaskType.REGRESSION, classes=())
    spec = replace(REPLAY, task=TaskSpec(TaskType.REGRESSION, "y"))
    assert "leaf_estimation_iterations" not in _symmetric(plan, spec).params


def test_what_pays_late_needs_a_budget_that_bears_it_or_to_be_named(tmp_path: Path) -> None:
    csv = tables.mixed(tmp_path / "data.csv", rows=2_000)
    dataset, table = tables.dataset(csv, tmp_path / "data.parquet")

    def late(budget: Budget, **more: object) -> set[FamilyName]:
        spec = replace(REPLAY, budget=budget, **more)  # type: ignore[arg-type]
        return set(make_plan(spec, dataset, table).families) & set(PATIENT)

    assert late(Budget(seconds=10.0)) == set()
    assert late(Budget(seconds=3600.0)) == set(PATIENT)
    assert late(Budget(seconds=600.0)) == late(Budget(trials=9)) == set(PATIENT) - {ATTENTIVE}
    for name in PATIENT:
        assert late(Budget(seconds=10.0), families=(name,)) == {name}
        narrowed = {name.value: {"layers": 2}}
        assert late(Budget(seconds=10.0), search_space=narrowed) == {name}


def test_realmlp_takes_larger_steps_towards_numbers() -> None:
    number = replace(PLAN, task=TaskType.REGRESSION, classes=())
    spec = replace(REPLAY, task=TaskSpec(TaskType.REGRESSION, "y"))
    found = [
        candidate.params
        for pair in ((REPLAY, PLAN), (spec, number))
        for candidate in portfolio(*pair)
        if candidate.family is FamilyName.REALMLP
    ]
    assert len(found) == 2
    assert found[0]["learning_rate"] < found[1]["learning_rate"]  # type: ignore[operator]


def test_attention_comes_last_and_not_where_columns_are_many(tmp_path: Path) -> None:
    names = [candidate.family for candidate in portfolio(REPLAY, PLAN)]
    assert names[-1] is ATTENTIVE
    lines = [[str(row * column % 53) for column in range(260)] for row in range(100)]
    csv = tables.write(tmp_path / "wide.csv", [f"c{column}" for column in range(260)], lines)
    dataset, table = tables.dataset(csv, tmp_path / "wide.parquet")
    wide = replace(REPLAY, task=TaskSpec(TaskType.REGRESSION, "c201"))
    for budget in (Budget(seconds=86_400.0), Budget(trials=9)):
        spec = replace(wide, budget=budget)
        assert ATTENTIVE not in make_plan(spec, dataset, table).families
        assert make_plan(replace(spec, families=(ATTENTIVE,)), dataset, table).families
