"""Our sampler proposes what Optuna's own does, whatever the history holds."""

import random
import warnings
from types import MappingProxyType

import numpy as np
import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import TrialState, create_trial

from automl import families
from automl.core.catalog import FamilyName
from automl.core.hyperparameter import Params, Space, Value, defaults
from automl.search.memory import distribution
from automl.search.near import near
from automl.search.tpe import LEAST_ROWS, ArrayTPE

STATES = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING, TrialState.FAIL)


def _open(space: Space) -> dict[str, BaseDistribution]:
    return {
        item.name: distribution(item)
        for item in space
        if item.choices is None or len(item.choices) > 1
    }


def _add(study: optuna.Study, space: Space, params: Params, chance: random.Random) -> None:
    """Add a trial with an outcome of any kind."""
    dimensions = _open(space)
    own = {name: params[name] for name in dimensions if name in params}
    (state,) = chance.choices(STATES, (12, 4, 1, 1))
    rungs = {rung: chance.random() for rung in range(chance.randrange(3))}
    study.add_trial(
        create_trial(
            state=state,
            params=own,
            distributions={name: dimensions[name] for name in own},
            # Few different values: equal ones must be ordered alike.
            value=round(chance.random(), 1) if state is TrialState.COMPLETE else None,
            intermediate_values=rungs if state is TrialState.PRUNED else {},
        )
    )


def _study(space: Space, count: int, *, direction: str = "MAXIMIZE") -> optuna.Study:
    chance, steps = random.Random(count), np.random.default_rng(count)
    study = optuna.create_study(direction=optuna.study.StudyDirection[direction])
    known: list[Params] = [defaults(space)]
    for _ in range(count):
        known.append(near(space, chance.choice(known), steps))
        _add(study, space, known[-1], chance)
    return study


def _ours(space: Space) -> ArrayTPE:
    return ArrayTPE(_open(space), {item.name: item.when for item in space if item.when})


def _optunas(seed: int) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(
            multivariate=True, group=True, constant_liar=True, n_startup_trials=0, seed=seed
        )


def _ask(study: optuna.Study, sampler: BaseSampler, space: Space) -> dict[str, Value]:
    study.sampler = sampler
    asked = study.ask()
    dimensions = _open(space)
    params: dict[str, Value] = {}
    for item in space:
        if item.active(params):
            over = dimensions.get(item.name)
            params[item.name] = item.default if over is None else asked._suggest(item.name, over)
    study.tell(asked, state=TrialState.FAIL)
    return params


def _assert_alike(study: optuna.Study, ours: ArrayTPE, space: Space, seed: int) -> None:
    ours.seed(seed)
    mine, theirs = (_ask(study, sampler, space) for sampler in (ours, _optunas(seed)))
    assert mine.keys() == theirs.keys()
    for name, value in theirs.items():
        # Optuna finds quantiles to eight digits.
        expected = pytest.approx(value, rel=1e-6) if isinstance(value, float) else value
        assert mine[name] == expected, name


@pytest.mark.parametrize("name", [FamilyName.MLP, FamilyName.LIGHTGBM, FamilyName.LINEAR])
@pytest.mark.parametrize("count", [12, 90])
def test_the_proposal_is_optunas(name: FamilyName, count: int) -> None:
    space = families.spec(name).space
    study = _study(space, count)
    for seed in range(4):
        _assert_alike(study, _ours(space), space, seed)


def test_so_it_is_where_less_is_better() -> None:
    space = families.spec(FamilyName.CATBOOST).space
    study = _study(space, 60, direction="MINIMIZE")
    for seed in range(4):
        _assert_alike(study, _ours(space), space, seed)


def test_so_it_is_while_the_history_grows_and_running_trials_end() -> None:
    space = families.spec(FamilyName.MLP).space
    study = _study(space, LEAST_ROWS - 2)  # so that room for more is made meanwhile
    ours, chance, steps = _ours(space), random.Random(0), np.random.default_rng(0)
    for seed in range(12):
        _assert_alike(study, ours, space, seed)
        _add(study, space, near(space, defaults(space), steps), chance)
        running = [t.number for t in study.trials if t.state is TrialState.RUNNING]
        if running and seed % 2:
            study.tell(running[0], chance.random())


def test_so_it_is_of_a_hyperparameter_that_no_trial_had() -> None:
    space = families.spec(FamilyName.MLP).space
    never = {"optimizer": "adamw"}
    adamw = families.narrow(space, never)
    study = _study(adamw, 40)
    asked = []
    for seed in range(12):
        _assert_alike(study, _ours(space), space, seed)
        ours = _ours(space)
        ours.seed(seed)
        asked.append(_ask(study, ours, space)["optimizer"])
    assert set(asked) > {"adamw"}


def test_what_a_proposal_will_not_have_is_not_worked_out_and_changes_nothing_else() -> None:
    space = families.spec(FamilyName.MLP).space
    study, conditions = _study(space, 90), {item.name for item in space if item.when}
    left_out = set[str]()
    for seed in range(6):
        whole, ours = _relative(study, ArrayTPE(_open(space)), seed), _ours(space)
        mine = _relative(study, ours, seed)
        assert mine == {name: whole[name] for name in mine}
        assert {item.name for item in space if item.active(whole)} & whole.keys() <= mine.keys()
        left_out |= whole.keys() - mine.keys()
    assert left_out
    assert left_out <= conditions


def test_what_is_settled_tells_what_a_proposal_will_not_have() -> None:
    space = families.spec(FamilyName.MLP).space
    study, ours = _study(space, 90), _ours(space)
    found = {
        optimizer: _relative(study, ours, 0, {"optimizer": optimizer}).keys()
        for optimizer in ("sgd", "adamw")
    }
    assert found["sgd"] - found["adamw"] == {"momentum", "nesterov"}


def _relative(
    study: optuna.Study, sampler: ArrayTPE, seed: int, settled: Params = MappingProxyType({})
) -> dict[str, Value]:
    """Return what is proposed together."""
    study.sampler = sampler
    sampler.seed(seed, settled)
    asked = study.ask()
    found = asked.relative_params
    study.tell(asked, state=TrialState.FAIL)
    return found
