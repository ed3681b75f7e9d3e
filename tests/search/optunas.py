"""Optuna's own sampler over our trials: what ours is held against."""

import warnings
from collections.abc import Sequence

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState as OptunaState

from automl.core.catalog import TrialState
from automl.core.hyperparameter import Hyperparameter, Space, Value
from automl.core.trial import Trial
from automl.search.near import fixed

STATES = {
    TrialState.COMPLETE: OptunaState.COMPLETE,
    TrialState.PRUNED: OptunaState.PRUNED,
    TrialState.RUNNING: OptunaState.RUNNING,
    TrialState.FAILED: OptunaState.FAIL,
}


class Optunas:
    """Optuna's sampler set up as ours is, in the place of our `TPE`; ends of trials are not told.

    Args:
        space: what trials may have.
        maximize: whether a higher value is better.
    """

    def __init__(self, space: Space, *, maximize: bool = True) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        up, down = optuna.study.StudyDirection.MAXIMIZE, optuna.study.StudyDirection.MINIMIZE
        self._study = optuna.create_study(direction=up if maximize else down)
        self._over = {item.name: _distribution(item) for item in space if not fixed(item)}
        self.ended = 0

    def learn(self, trials: Sequence[Trial]) -> None:
        """Take in new trials."""
        for trial in trials:
            self._study.add_trial(self._frozen(trial))
            self.ended += STATES[trial.state] in (OptunaState.COMPLETE, OptunaState.PRUNED)

    def best(self) -> None:
        """Return nothing: the first trials step away from the defaults."""

    def propose(self, space: Space, seed: int) -> dict[str, Value]:
        """Return what Optuna proposes; nothing is remembered."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self._study.sampler = optuna.samplers.TPESampler(
                multivariate=True, group=True, constant_liar=True, n_startup_trials=0, seed=seed
            )
        asked = self._study.ask()
        params: dict[str, Value] = {}
        for item in space:
            if item.active(params):
                over = self._over.get(item.name)
                params[item.name] = asked._suggest(item.name, over) if over else item.default
        self._study.tell(asked, state=OptunaState.FAIL)
        return params

    def _frozen(self, trial: Trial) -> optuna.trial.FrozenTrial:
        params, state = trial.candidate.params, STATES[trial.state]
        own = {name: params[name] for name in self._over if name in params}
        rungs = {rung: value for rung, value in enumerate(trial.rungs) if value is not None}
        return optuna.trial.create_trial(
            state=state,
            params=own,
            distributions={name: self._over[name] for name in own},
            value=trial.value if state is OptunaState.COMPLETE else None,
            intermediate_values=rungs if state is OptunaState.PRUNED else {},
        )


def _distribution(item: Hyperparameter) -> BaseDistribution:
    if item.choices is not None:
        return CategoricalDistribution(item.choices)
    assert item.low is not None
    assert item.high is not None
    if item.type == "int":
        step = int(item.step or 1)
        return IntDistribution(int(item.low), int(item.high), log=item.log, step=step)
    return FloatDistribution(float(item.low), float(item.high), log=item.log, step=item.step)
