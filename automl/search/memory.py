"""What a search remembers of its families' trials between asks, so that each is taken in once.

A memory is no second truth: it can be thrown away at any time and is built again from the rows.
Warm or new, the same rows give the same proposal for the same seed (`tests/search/test_memory.py`).
"""

from collections.abc import Sequence

import numpy as np

from automl.core.catalog import FamilyName
from automl.core.hyperparameter import Params, Space, Value, defaults
from automl.core.trial import Trial
from automl.search.near import fixed, near
from automl.search.tpe import TPE

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
        numbers = {trial.number for trial in trials}
        family = self._families.get(name)
        if family is None or not family.known <= numbers:
            family = self._families[name] = _Family(space, maximize=maximize)
        family.learn(trials)
        return family.draw(seed, within or space)


class _Family:
    """One family's trials, and what is proposed from them."""

    def __init__(self, space: Space, *, maximize: bool) -> None:
        self._space = space
        self._tpe = TPE(space, maximize=maximize)
        self._ended: set[int] = set()
        self.known: set[int] = set()

    def learn(self, trials: Sequence[Trial]) -> None:
        """Take note of new trials, and of the ends of known ones."""
        still_open = [trial for trial in trials if trial.number not in self._ended]
        news = [t for t in still_open if t.state.ended or t.number not in self.known]
        self._tpe.learn(news)
        self.known.update(trial.number for trial in news)
        self._ended.update(trial.number for trial in news if trial.state.ended)

    def draw(self, seed: int, space: Space) -> dict[str, Value]:
        """Return a proposal in a space, conditions respected; nothing is remembered.

        The space may be narrower than what was learned from: then its fixed dimensions are given,
        and the others are chosen to go with them.
        """
        if self._tpe.ended >= STARTUP_TRIALS:
            return self._tpe.propose(space, seed)
        given = {item.name: item.default for item in space if fixed(item)}
        return near(space, {**self._center(), **given}, np.random.default_rng(seed))

    def _center(self) -> Params:
        """Return the best complete trial's hyperparameters, the defaults without one."""
        best = self._tpe.best()
        if best is None:
            return defaults(self._space)
        return {**{item.name: item.default for item in self._space if fixed(item)}, **best}
