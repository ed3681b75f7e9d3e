"""Our sampler proposes what Optuna's own does, whatever the history holds."""

import random
from dataclasses import replace

import numpy as np
import pytest

from automl import families
from automl.core.catalog import FamilyName, TrialState
from automl.core.hyperparameter import Params, Space, defaults
from automl.core.trial import Candidate, Trial
from automl.search.near import near
from automl.search.tpe import TPE
from tests.search.optunas import Optunas

MLP = families.spec(FamilyName.MLP).space
OUTCOMES = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING, TrialState.FAILED)


def _trial(number: int, params: Params, chance: random.Random) -> Trial:
    """Return a trial with an outcome of any kind."""
    (state,) = chance.choices(OUTCOMES, (12, 4, 1, 1))
    # Few different values: equal ones must be ordered alike.
    value = round(chance.random(), 1) if state is TrialState.COMPLETE else None
    rungs = tuple(chance.choice((chance.random(), None)) for _ in range(chance.randrange(4)))
    return Trial("s", number, state, Candidate(FamilyName.MLP, params), value=value, rungs=rungs)


def _history(space: Space, count: int) -> list[Trial]:
    chance, steps = random.Random(count), np.random.default_rng(count)
    known: list[Params] = [defaults(space)]
    for _ in range(count):
        known.append(near(space, chance.choice(known), steps))
    return [_trial(number, params, chance) for number, params in enumerate(known[1:])]


def _learned(space: Space, trials: list[Trial], *, maximize: bool = True) -> TPE:
    found = TPE(space, maximize=maximize)
    found.learn(trials)
    return found


def _assert_optunas(
    ours: TPE, space: Space, trials: list[Trial], seed: int, *, maximize: bool = True
) -> None:
    optunas = Optunas(space, maximize=maximize)
    optunas.learn(trials)
    mine, theirs = ours.propose(space, seed), optunas.propose(space, seed)
    assert mine.keys() == theirs.keys()
    for name, value in theirs.items():
        # Optuna finds quantiles to eight digits.
        expected = pytest.approx(value, rel=1e-6) if isinstance(value, float) else value
        assert mine[name] == expected, name
        assert type(mine[name]) is type(value), name


@pytest.mark.parametrize("name", [FamilyName.MLP, FamilyName.LIGHTGBM, FamilyName.LINEAR])
@pytest.mark.parametrize("count", [12, 90])
def test_the_proposal_is_optunas(name: FamilyName, count: int) -> None:
    space = families.spec(name).space
    trials = _history(space, count)
    for seed in range(4):
        _assert_optunas(_learned(space, trials), space, trials, seed)


def test_so_it_is_where_less_is_better() -> None:
    space = families.spec(FamilyName.CATBOOST).space
    trials = _history(space, 60)
    ours = _learned(space, trials, maximize=False)
    for seed in range(4):
        _assert_optunas(ours, space, trials, seed, maximize=False)


def test_so_it_is_with_many_trials() -> None:
    trials = _history(MLP, 400)
    for seed in range(2):
        _assert_optunas(_learned(MLP, trials), MLP, trials, seed)


def test_so_it_is_while_the_history_grows_and_running_trials_end() -> None:
    trials, chance = _history(MLP, 30), random.Random(0)
    ours, steps = _learned(MLP, trials), np.random.default_rng(0)
    for seed in range(12):
        _assert_optunas(ours, MLP, trials, seed)
        news = [_trial(len(trials), near(MLP, defaults(MLP), steps), chance)]
        running = [trial for trial in trials if trial.state is TrialState.RUNNING]
        if running and seed % 2:
            ended = TrialState.COMPLETE if seed % 4 == 1 else TrialState.PRUNED
            news.append(replace(running[0], state=ended, value=chance.random()))
        for trial in news:
            trials[trial.number : trial.number + 1] = [trial]
        ours.learn(news)


def test_so_it_is_of_a_hyperparameter_that_no_trial_had() -> None:
    trials = _history(families.narrow(MLP, {"optimizer": "adamw"}), 40)
    ours, asked = _learned(MLP, trials), []
    for seed in range(12):
        _assert_optunas(ours, MLP, trials, seed)
        asked.append(ours.propose(MLP, seed)["optimizer"])
    assert set(asked) > {"adamw"}


def test_a_value_that_the_space_has_not_is_no_observation() -> None:
    strange = Candidate(FamilyName.MLP, {**defaults(MLP), "epochs": 100_000})
    with pytest.raises(ValueError, match="100000 is no value of the hyperparameter epochs"):
        TPE(MLP, maximize=True).learn([Trial("s", 0, TrialState.COMPLETE, strange, value=0.5)])
