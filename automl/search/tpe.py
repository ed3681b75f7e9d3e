"""Optuna's TPE sampler with its observations kept as arrays: the same proposals, sooner.

Optuna's own turns every trial into numbers again for each group of hyperparameters at every ask,
and works out densities one by one. Here a trial becomes a row once, and `parzen.py` does the rest.
What is proposed is the same (`tests/search/test_tpe.py`).
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from typing_extensions import override

from automl.core.hyperparameter import Params, Value
from automl.search.parzen import Floats, Group, Parzen, axis

DRAWN = 24
"""Values drawn from the good trials' estimator, of which the most promising is proposed."""

BEST_SHARE = 0.1
BEST_MOST = 25
"""The good trials: this share of those that ended, at most so many."""

LEAST_ROWS = 64
"""Rows that there is room for at first."""

_ABSENT, _RUNNING, _ENDED = 0, 1, 2

Rows = npt.NDArray[np.int64]


class ArrayTPE(BaseSampler):
    """TPE: multivariate, grouped, running trials counted among the bad ones.

    Args:
        space: every hyperparameter that a trial may have; those of a single value are left out.
        when: of those under a condition another's name and its values, without which a trial lacks
            them: so does a proposal.
    """

    def __init__(
        self,
        space: Mapping[str, BaseDistribution],
        when: Mapping[str, tuple[str, Sequence[Value]]] = MappingProxyType({}),
    ) -> None:
        self._space = {name: one for name, one in sorted(space.items()) if not one.single()}
        self._when = when
        self._axes = {name: axis(one) for name, one in self._space.items()}
        self._columns = {name: at for at, name in enumerate(self._space)}
        self._seen = 0
        self._count = 0
        self._values = np.full((0, len(self._space)), np.nan)
        self._state = np.zeros(0, dtype=np.int8)
        self._ranks = np.zeros((0, 3))
        self._running: dict[int, int] = {}  # numbers to rows
        self._together: dict[frozenset[str], int] = {}
        self._groups: Mapping[tuple[str, ...], Group] = {}
        self._random = np.random.RandomState()
        self._known: Params = {}
        self._settled: dict[str, float] = {}

    def seed(self, seed: int, settled: Params = MappingProxyType({})) -> None:
        """Make the next proposal depend on this number alone.

        Args:
            seed: the number.
            settled: hyperparameters of the proposal that are known; the others are then what goes
                with these.
        """
        self._random.seed(seed)  # a new one would ask the system for chance first
        self._known = settled
        self._settled = {
            name: self._space[name].to_internal_repr(value)
            for name, value in settled.items()
            if name in self._space
        }

    @override
    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return all hyperparameters that some ended trial had."""
        self._learn(study)
        return {name: self._space[name] for group in self._groups for name in group}

    @override
    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return a value of each of them that the proposal may have.

        Nothing is worked out of a group that it will not have: of an mlp's six groups half.
        """
        good, bad = (self._values[rows] for rows in self._split())
        params: dict[str, Any] = {}
        for names, group in self._groups.items():
            chances = self._chances(group)  # in any case: what later ones get depends on it
            known = {**self._known, **params}
            if any(self._possible(name, known) for name in names):
                params |= self._propose(names, group, good, bad, chances)
        return params

    @override
    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Return a value of a hyperparameter that no ended trial had."""
        group = Group([self._axes[param_name]])
        good, bad = (self._values[rows] for rows in self._split())
        chances = self._chances(group)
        return self._propose((param_name,), group, good, bad, chances)[param_name]

    def _chances(self, group: Group) -> Floats:
        """Return the random numbers that a proposal of the group takes."""
        chances: Floats = self._random.random_sample((1 + len(group.axes), DRAWN))
        return chances

    def _possible(self, name: str, params: Params) -> bool:
        """Return whether the proposal may have a hyperparameter, given what is known of it."""
        if name not in self._when:
            return True
        other, values = self._when[name]
        return other not in params or params[other] in values

    def _propose(
        self, names: Sequence[str], group: Group, good: Floats, bad: Floats, chances: Floats
    ) -> dict[str, Any]:
        columns = [self._columns[name] for name in names]
        better, worse = (Parzen(group, _whole(values[:, columns])) for values in (good, bad))
        drawn = better.draw(chances)
        for at, name in enumerate(names):
            if name in self._settled:
                drawn[:, at] = self._settled[name]
        best = int(np.argmax(better.log_density(drawn) - worse.log_density(drawn)))
        pairs = zip(names, drawn[best].tolist(), strict=True)
        return {name: self._space[name].to_external_repr(value) for name, value in pairs}

    def _split(self) -> tuple[Rows, Rows]:
        """Return the good trials and all others, the oldest first."""
        state = self._state[: self._count]
        ended = np.flatnonzero(state == _ENDED)
        order = ended[np.lexsort(self._ranks[ended].T)]
        most = min(math.ceil(BEST_SHARE * len(ended)), BEST_MOST)
        good = np.sort(order[:most])
        others = state != _ABSENT
        others[good] = False
        return good, np.flatnonzero(others)

    def _learn(self, study: Study) -> None:
        """Take in what is new in the study, or has ended since."""
        trials = study.get_trials(deepcopy=False)
        before = dict(self._together)
        settled = [at for at in self._running if trials[at].state is not TrialState.RUNNING]
        for number in [*settled, *range(self._seen, len(trials))]:
            self._note(trials[number], maximize=study.direction is StudyDirection.MAXIMIZE)
        self._seen = len(trials)
        if self._together != before:
            self._groups = self._grouped()

    def _note(self, trial: FrozenTrial, *, maximize: bool) -> None:
        number = trial.number
        row = self._running.pop(number, None)
        if trial.state is TrialState.FAIL:  # as is every proposal's: it has no row
            if row is not None:
                self._state[row] = _ABSENT
            return
        if row is None:
            row = self._new_row()
        names = trial.params.keys() & self._columns.keys()
        for name in names:
            value = self._space[name].to_internal_repr(trial.params[name])
            self._values[row, self._columns[name]] = value
        if trial.state is TrialState.RUNNING:
            self._running[number] = row
            self._state[row] = _RUNNING
            return
        self._state[row] = _ENDED
        self._ranks[row] = _rank(trial, maximize=maximize)
        together = frozenset(names)
        self._together[together] = min(number, self._together.get(together, number))

    def _new_row(self) -> int:
        """Return an empty row behind the others; the room for more doubles when it is used up."""
        row = self._count
        if row == len(self._state):
            more = max(row, LEAST_ROWS)
            empty = np.full((more, len(self._space)), np.nan)
            self._values = np.concatenate([self._values, empty])
            self._state = np.concatenate([self._state, np.zeros(more, dtype=np.int8)])
            self._ranks = np.concatenate([self._ranks, np.zeros((more, 3))])
        self._count += 1
        return row

    def _grouped(self) -> Mapping[tuple[str, ...], Group]:
        """Return the largest sets of names that every ended trial had all or none of."""
        groups: list[frozenset[str]] = []
        for names in sorted(self._together, key=lambda names: self._together[names]):
            parts = [part for group in groups for part in (group & names, group - names)]
            groups = [part for part in [*parts, names.difference(*groups)] if part]
        ordered = [tuple(sorted(group)) for group in groups]
        return {names: Group([self._axes[name] for name in names]) for names in ordered}


def _whole(values: Floats) -> Floats:
    """Return the trials that had all of some hyperparameters."""
    whole: Floats = values[~np.isnan(values).any(axis=1)]
    return whole


def _rank(trial: FrozenTrial, *, maximize: bool) -> tuple[float, float, float]:
    """Return what trials are ordered by, the last number first; the least is the best.

    Complete trials by their value, then pruned ones: those that came further first.
    """
    sign = -1.0 if maximize else 1.0
    if trial.state is TrialState.COMPLETE:
        return sign * (trial.value or 0.0), 0.0, 0.0
    if not trial.intermediate_values:
        return 0.0, 1.0, 1.0
    step, value = max(trial.intermediate_values.items())
    return sign * value, -float(step), 1.0
