"""From our rows to Optuna's view of them: one in-memory study a family, kept warm between asks.

Optuna's own tables are not used, so no second truth exists: a memory can be thrown away at any time
and is built again from the rows. Warm or new, the same rows give the same proposal for the same
seed (`tests/search/test_memory.py`).
"""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState as OptunaState

from automl.core.catalog import FamilyName, TrialState
from automl.core.hyperparameter import Hyperparameter, Params, Space, Value, defaults
from automl.core.trial import Trial
from automl.search.near import near
from automl.search.tpe import ArrayTPE

optuna.logging.set_verbosity(optuna.logging.ERROR)

STARTUP_TRIALS = 12
"""A family's first trials step away from its best one; then there is enough to learn from."""


class Memory:
    """What a search remembers of its families' trials."""

    def __init__(self) -> None:
        self._families: dict[FamilyName, _Family] = {}

    def propose(
        self,
        name: FamilyName,
        space: Space,
        trials: Sequence[Trial],
        *,
        maximize: bool,
        seed: int,
        within: Space | None = None,
    ) -> dict[str, Value]:
        """Return the next hyperparameters of a family.

        Args:
            name: the family.
            space: its dimensions in this study, always the same ones.
            trials: the family's trials by number. Complete ones carry their value; pruned ones
                rank behind them by how far they came; those without an outcome count as bad as
                the worst so far (constant liar); others do not count.
            maximize: whether a higher value is better.
            seed: of this proposal.
            within: the dimensions it may have, narrowed ones among them; None: all of the space.
        """
        known = {trial.number: trial for trial in trials}
        family = self._families.get(name)
        if family is None or not family.grows_into(known):
            family = self._families[name] = _Family(space, maximize=maximize)
        family.learn(known)
        return family.draw(seed, within or space)


class _Family:
    """One family's trials as an Optuna study; dimensions with a single choice are left out."""

    def __init__(self, space: Space, *, maximize: bool) -> None:
        self._space = space
        self._open = {item.name: distribution(item) for item in space if not _fixed(item)}
        up, down = optuna.study.StudyDirection.MAXIMIZE, optuna.study.StudyDirection.MINIMIZE
        when = {item.name: item.when for item in space if item.when is not None}
        self._sampler = ArrayTPE(self._open, when)
        self._study = optuna.create_study(direction=up if maximize else down, sampler=self._sampler)
        self._places: dict[int, int] = {}  # our trials' numbers to Optuna's
        self._running: set[int] = set()

    def grows_into(self, trials: Mapping[int, Trial]) -> bool:
        """Return whether nothing was learned that these trials do not hold, or hold otherwise."""
        if not self._places.keys() <= trials.keys():
            return False
        # Optuna takes what a trial had at its rungs only from one that is new to it.
        return all(trials[number].state is not TrialState.PRUNED for number in self._running)

    def learn(self, trials: Mapping[int, Trial]) -> None:
        """Take note of the trials that are new or have ended since."""
        for number in sorted(self._running | (trials.keys() - self._places.keys())):
            trial = trials[number]
            if number in self._running:
                if trial.state.ended:
                    self._end(trial)
            elif trial.state in _STATES:
                self._places[number] = len(self._study.get_trials(deepcopy=False))
                self._study.add_trial(self._frozen(trial))
                if not trial.state.ended:
                    self._running.add(number)

    def draw(self, seed: int, space: Space) -> dict[str, Value]:
        """Return the sampler's proposal in a space, conditions respected; nothing is remembered.

        The space may be narrower than what was learned from: then its settled dimensions are given,
        and the others are chosen to go with them.
        """
        settled = {item.name: item.default for item in space if _fixed(item)}
        if len(self._places) - len(self._running) < STARTUP_TRIALS:
            return near(space, {**self._best(), **settled}, np.random.default_rng(seed))
        self._sampler.seed(seed, settled)
        asked = self._study.ask()
        together = asked.relative_params  # each suggested by itself they take a millisecond
        params: dict[str, Value] = {}
        for item in space:
            if not item.active(params):
                continue
            if _fixed(item):
                params[item.name] = item.default
            elif item.name in together:
                params[item.name] = together[item.name]
            else:
                params[item.name] = _suggest(asked, item.name, self._open[item.name])
        self._study.tell(asked, state=OptunaState.FAIL)
        return params

    def _best(self) -> Params:
        """Return the best complete trial's hyperparameters, the defaults without one."""
        known = self._study.get_trials(deepcopy=False, states=(OptunaState.COMPLETE,))
        if not known:
            return defaults(self._space)
        fixed = {item.name: item.default for item in self._space if _fixed(item)}
        return {**fixed, **self._study.best_trial.params}

    def _end(self, trial: Trial) -> None:
        self._running.remove(trial.number)
        if trial.state is TrialState.COMPLETE:
            self._study.tell(self._places[trial.number], trial.value)
        else:  # it counts no more, as it would not for a memory that never saw it run
            self._study.tell(self._places.pop(trial.number), state=OptunaState.FAIL)

    def _frozen(self, trial: Trial) -> optuna.trial.FrozenTrial:
        params: Params = trial.candidate.params
        own = {name: params[name] for name in self._open if name in params}
        state = _STATES[trial.state]
        return optuna.trial.create_trial(
            state=state,
            params=own,
            distributions={name: self._open[name] for name in own},
            value=trial.value if state is OptunaState.COMPLETE else None,
            intermediate_values=(
                {rung: v for rung, v in enumerate(trial.rungs) if v is not None}
                if state is OptunaState.PRUNED
                else {}
            ),
        )


def distribution(dimension: Hyperparameter) -> BaseDistribution:
    """Return the Optuna distribution of one dimension."""
    match dimension:
        case Hyperparameter(type="categorical", choices=choices) if choices:
            return CategoricalDistribution(choices)
        case Hyperparameter(type="int", low=low, high=high) if low is not None and high is not None:
            step = int(dimension.step or 1)
            return IntDistribution(int(low), int(high), log=dimension.log, step=step)
        case Hyperparameter(type="float", low=low, high=high) if (
            low is not None and high is not None
        ):
            by = dimension.step
            return FloatDistribution(float(low), float(high), log=dimension.log, step=by)
        case _:
            raise ValueError(f"hyperparameter {dimension.name} has neither choices nor a range")


def _fixed(dimension: Hyperparameter) -> bool:
    return dimension.choices is not None and len(dimension.choices) == 1


def _suggest(trial: optuna.Trial, name: str, over: BaseDistribution) -> Value:
    match over:
        case IntDistribution():
            return trial.suggest_int(name, over.low, over.high, step=over.step, log=over.log)
        case FloatDistribution():
            return trial.suggest_float(name, over.low, over.high, step=over.step, log=over.log)
        case CategoricalDistribution():
            return cast("Value", trial.suggest_categorical(name, over.choices))
        case _:
            raise TypeError(f"no way to draw {name} from {over!r}")


_STATES = {
    TrialState.COMPLETE: OptunaState.COMPLETE,
    TrialState.PRUNED: OptunaState.PRUNED,
    TrialState.RUNNING: OptunaState.RUNNING,
    TrialState.WAITING: OptunaState.RUNNING,
}
