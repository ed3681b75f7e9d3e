"""The last seconds go to what would usually take longer."""

from dataclasses import replace

import pytest

from automl import families
from automl.core.catalog import FamilyName, TrialState
from automl.core.hyperparameter import Value
from automl.core.study import StudySpec
from automl.core.trial import Candidate, Trial
from automl.search.ask import ask
from automl.search.hurry import MOST, PROPORTIONAL, hurried
from automl.search.portfolio import portfolio
from automl.search.spaces import planned
from tests.search.test_ask import PLAN, REPLAY, TIMED

every_family = pytest.mark.parametrize("name", list(PROPORTIONAL))


def usual(name: FamilyName, spec: StudySpec = TIMED) -> Candidate:
    return next(each for each in portfolio(spec, PLAN) if each.family is name)


def past(name: FamilyName, **own: Value) -> dict[FamilyName, list[Trial]]:
    """Return trials of 20 s, with the family's own steps or trees where not others are given."""
    changed = PROPORTIONAL[name][0]
    default = next(item.default for item in planned(TIMED, PLAN, name) if item.name == changed)
    candidate = Candidate(name, {**usual(name).params, changed: default, **own})
    trial = Trial("s", 3, TrialState.COMPLETE, candidate, value=0.9, seconds=20.0)
    return {name: [trial, replace(trial, seconds=None), trial]}


@every_family
@pytest.mark.parametrize("left", [None, 25.0, 100.0])
def test_with_time_enough_nothing_changes(name: FamilyName, left: float | None) -> None:
    assert hurried(usual(name), TIMED, PLAN, past(name), left) == usual(name)
    assert hurried(usual(name), TIMED, PLAN, {}, 1.0) == usual(name)
    instant = {name: [replace(each, seconds=0.0) for each in past(name)[name]]}
    assert hurried(usual(name), TIMED, PLAN, instant, 1.0) == usual(name)


@every_family
def test_half_the_time_takes_twice_the_steps_or_half_the_trees(name: FamilyName) -> None:
    space, changed = planned(TIMED, PLAN, name), PROPORTIONAL[name][0]
    default = next(item.default for item in space if item.name == changed)
    plain = Candidate(name, {**usual(name).params, changed: default})
    found = hurried(plain, TIMED, PLAN, past(name), 12.5)
    wanted = {"learning_rate": 0.1, "trees": 50}[changed]
    assert found.params == {**usual(name).params, changed: wanted}
    assert type(found.params[changed]) is type(default)
    families.validate(name, found.params, PLAN.task)


def test_what_is_usual_is_what_was_tried() -> None:
    name = FamilyName.CATBOOST
    tried = past(name, learning_rate=0.1)
    assert hurried(usual(name), TIMED, PLAN, tried, 12.5).params["learning_rate"] == 0.2


@every_family
def test_it_stays_within_what_a_study_allows(name: FamilyName) -> None:
    changed = PROPORTIONAL[name][0]
    low, high, end = {"learning_rate": (0.02, 0.06, 0.06), "trees": (90, 110, 90)}[changed]
    bounds = replace(TIMED, search_space={name.value: {changed: {"low": low, "high": high}}})
    found = hurried(usual(name, bounds), bounds, PLAN, past(name), 7.0)
    assert found.params[changed] == end
    fixed = replace(TIMED, search_space={name.value: {changed: low}})
    same = usual(name, fixed)
    assert hurried(same, fixed, PLAN, past(name), 7.0) == same


@pytest.mark.parametrize(
    ("name", "own"), [(FamilyName.LIGHTGBM, 0.25), (FamilyName.EXTRA_TREES, 15)], ids=str
)
def test_what_is_quick_by_itself_is_left_alone(name: FamilyName, own: float) -> None:
    quick = Candidate(name, {**usual(name).params, PROPORTIONAL[name][0]: own})
    assert hurried(quick, TIMED, PLAN, past(name), 12.5) == quick


@every_family
def test_a_search_ends_with_such_and_not_with_linear_models(name: FamilyName) -> None:
    plan = replace(PLAN, families=(FamilyName.LINEAR, name))
    head = list(portfolio(TIMED, plan))
    values = {FamilyName.LINEAR: 0.6, name: 0.9}
    took = {FamilyName.LINEAR: 0.2, name: 20.0}
    trials = [
        Trial("s", n, TrialState.COMPLETE, c, value=values[c.family], seconds=took[c.family])
        for n, c in enumerate(head)
    ]
    last = range(len(head), len(head) + 40)

    def share(seconds_left: float) -> int:
        asked = [ask(plan, TIMED, trials, n, seconds_left=seconds_left) for n in last]
        return sum(each is not None and each.family is name for each in asked)

    assert share(10.0) > 20
    assert share(19.9 / MOST) == 0
    replayed = [ask(plan, REPLAY, trials, n) for n in last]
    assert replayed == [ask(plan, REPLAY, trials, n, seconds_left=None) for n in last]
