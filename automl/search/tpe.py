"""TPE over a history kept as arrays: what Optuna's sampler would propose, sooner.

Optuna's own turns every trial into numbers again for each group of hyperparameters at every ask,
and works out densities one by one. Here a trial becomes a row once, `parzen.py` does the rest, and
only for hyperparameters that turn out to matter. What is proposed is the same
(`tests/search/test_tpe.py`).
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from automl.core.catalog import TrialState
from automl.core.hyperparameter import Hyperparameter, Space, Value
from automl.core.trial import Trial
from automl.search.near import fixed
from automl.search.parzen import Floats, Group, Parzen, axis

DRAWN = 24
"""Values drawn from the good trials' estimator, of which the most promising is proposed."""

BEST_SHARE = 0.1
BEST_MOST = 25
"""The good trials: this share of those that ended, at most so many."""

_ABSENT, _RUNNING, _ENDED = 0, 1, 2

Names = tuple[str, ...]
Rows = npt.NDArray[np.int64]


class TPE:
    """Trials as rows, and proposals learned from them.

    Multivariate and grouped; running trials count among the bad ones.

    Args:
        space: what trials may have; those of a single choice are left out.
        maximize: whether a higher value is better.
    """

    def __init__(self, space: Space, *, maximize: bool) -> None:
        searched = sorted((item for item in space if not fixed(item)), key=lambda item: item.name)
        self._space = {item.name: item for item in searched}
        self._axes = {name: axis(item) for name, item in self._space.items()}
        self._columns = {name: at for at, name in enumerate(self._space)}
        self._sign = -1.0 if maximize else 1.0
        self._places: dict[int, int] = {}  # the trials' numbers to their rows
        self._values = np.full((0, len(self._space)), np.nan)
        self._state = np.zeros(0, dtype=np.int8)
        self._ranks = np.zeros((0, 3))
        self._together: dict[frozenset[str], int] = {}
        self._groups: Mapping[Names, Group] = {}
        self._split = self._divided()

    @property
    def ended(self) -> int:
        """How many trials there is something to learn from."""
        return int(np.count_nonzero(self._state == _ENDED))

    def learn(self, trials: Sequence[Trial]) -> None:
        """Take in trials that are new, or have ended since."""
        if not trials:
            return
        self._grow([trial.number for trial in trials if trial.number not in self._places])
        before = dict(self._together)
        for trial in trials:
            self._note(trial)
        if self._together != before:
            self._groups = self._grouped()
        self._split = self._divided()

    def best(self) -> dict[str, Value] | None:
        """Return the hyperparameters of the best complete trial, the first of equal ones."""
        complete = np.flatnonzero((self._state == _ENDED) & (self._ranks[:, 2] == 0.0))
        if not len(complete):
            return None
        row = self._values[complete[np.argmin(self._ranks[complete, 0])]]
        pairs = zip(self._space, row.tolist(), strict=True)
        return {name: _value(self._space[name], at) for name, at in pairs if not math.isnan(at)}

    def propose(self, space: Space, seed: int) -> dict[str, Value]:
        """Return hyperparameters of a space, conditions respected.

        Args:
            space: what they shall have. Where it has a single choice and what was learned from had
                more, this one is given, and the others are chosen to go with it.
            seed: what the proposal depends on, beside what was learned.
        """
        random = np.random.RandomState(seed)
        settled = {
            item.name: _number(self._space[item.name], item.default)
            for item in space
            if fixed(item) and item.name in self._space
        }
        # All groups' numbers are drawn, as Optuna does; densities only of what matters.
        drawn = {names: _chances(random, names) for names in self._groups}
        groups = {name: names for names in drawn for name in names}
        found: dict[str, float] = {}
        params: dict[str, Value] = {}
        for item in space:
            if not item.active(params):
                continue
            if fixed(item):
                params[item.name] = item.default
                continue
            if item.name not in found:
                names = groups.get(item.name, (item.name,))
                chances = drawn[names] if names in drawn else _chances(random, names)
                found |= self._choose(names, chances, settled)
            params[item.name] = _value(self._space[item.name], found[item.name])
        return params

    def _choose(
        self, names: Names, chances: Floats, settled: Mapping[str, float]
    ) -> Mapping[str, float]:
        """Return the most promising of the values that those chances give."""
        better, worse = self._estimated(names)
        drawn = better.draw(chances)
        for at, name in enumerate(names):
            if name in settled:
                drawn[:, at] = settled[name]
        best = int(np.argmax(better.log_density(drawn) - worse.log_density(drawn)))
        return dict(zip(names, drawn[best].tolist(), strict=True))

    def _estimated(self, names: Names) -> tuple[Parzen, Parzen]:
        """Return the estimators of the good trials and of all others."""
        group = self._groups.get(names) or Group([self._axes[name] for name in names])
        columns = np.array([self._columns[name] for name in names])
        good, bad = self._split
        return Parzen(group, self._seen(good, columns)), Parzen(group, self._seen(bad, columns))

    def _seen(self, rows: Rows, columns: Rows) -> Floats:
        """Return what those of the trials that had all the hyperparameters had."""
        values = self._values[rows].take(columns, axis=1)
        whole: Floats = values[~np.isnan(values).any(axis=1)]
        return whole

    def _divided(self) -> tuple[Rows, Rows]:
        """Return the good trials and all others, the oldest first."""
        ended = np.flatnonzero(self._state == _ENDED)
        order = ended[np.lexsort(self._ranks[ended].T)]
        most = min(math.ceil(BEST_SHARE * len(ended)), BEST_MOST)
        bad = self._state != _ABSENT
        bad[order[:most]] = False
        return np.sort(order[:most]), np.flatnonzero(bad)

    def _grow(self, fresh: Sequence[int]) -> None:
        rows = range(len(self._state), len(self._state) + len(fresh))
        self._places.update(zip(fresh, rows, strict=True))
        empty = np.full((len(fresh), len(self._space)), np.nan)
        self._values = np.concatenate([self._values, empty])
        self._state = np.concatenate([self._state, np.zeros(len(fresh), dtype=np.int8)])
        self._ranks = np.concatenate([self._ranks, np.zeros((len(fresh), 3))])

    def _note(self, trial: Trial) -> None:
        place, params = self._places[trial.number], trial.candidate.params
        self._state[place] = _STATES.get(trial.state, _ABSENT)
        if self._state[place] == _ABSENT:
            return
        names = frozenset(params.keys() & self._columns.keys())
        for name in names:
            self._values[place, self._columns[name]] = _number(self._space[name], params[name])
        if self._state[place] == _ENDED:
            self._ranks[place] = _rank(trial, self._sign)
            self._together[names] = min(place, self._together.get(names, place))

    def _grouped(self) -> Mapping[Names, Group]:
        """Return the largest sets of names that every ended trial had all or none of."""
        groups: list[frozenset[str]] = []
        for names in sorted(self._together, key=lambda names: self._together[names]):
            parts = [part for group in groups for part in (group & names, group - names)]
            groups = [part for part in [*parts, names.difference(*groups)] if part]
        ordered = [tuple(sorted(group)) for group in groups]
        return {names: Group([self._axes[name] for name in names]) for names in ordered}


def _chances(random: np.random.RandomState, names: Names) -> Floats:
    """Return what values of these are drawn with, see `Parzen.draw`."""
    chances: Floats = random.random_sample((1 + len(names), DRAWN))
    return chances


def _number(item: Hyperparameter, value: Value) -> float:
    """Return a value as a number: a choice's place, or what it is."""
    if not item.allows(value):
        raise ValueError(f"{value!r} is no value of the hyperparameter {item.name}")
    return float(value if item.choices is None else item.choices.index(value))


def _value(item: Hyperparameter, number: float) -> Value:
    """Return the value that `_number` made a number of."""
    if item.choices is not None:
        return item.choices[int(number)]
    return int(number) if item.type == "int" else number


def _rank(trial: Trial, sign: float) -> tuple[float, float, float]:
    """Return what trials are ordered by, the last number first; the least is the best.

    Complete trials by their value, then pruned ones: those that came further first.
    """
    if trial.state is TrialState.COMPLETE:
        return sign * (trial.value or 0.0), 0.0, 0.0
    reached = [(rung, value) for rung, value in enumerate(trial.rungs) if value is not None]
    if not reached:
        return 0.0, 1.0, 1.0
    rung, value = reached[-1]
    return sign * value, -float(rung), 1.0


_STATES = {
    TrialState.COMPLETE: _ENDED,
    TrialState.PRUNED: _ENDED,
    TrialState.RUNNING: _RUNNING,
    TrialState.WAITING: _RUNNING,
}
