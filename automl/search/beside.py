"""A candidate that can train beside another: alike but for what a group's members may differ in.

What the two share is settled, and the rest is proposed as ever: a step from the family's best,
later what TPE thinks goes best with what is settled. Trials that run count as bad as the worst
(constant liar), so the members of a group are drawn apart.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from automl.core.hyperparameter import Params, Space
from automl.core.trial import Candidate, Trial
from automl.search import group
from automl.search.memory import Memory

TRIES = 8
"""Of so many proposals one is new and has the same shape, or there is none worth a trial."""


def companion(
    other: Candidate,
    space: Space,
    trials: Sequence[Trial],
    memory: Memory,
    *,
    maximize: bool,
    seeds: Iterator[int],
) -> Candidate | None:
    """Return a candidate that no trial had, to train beside ``other``; None when none is found.

    Args:
        other: whose group it joins.
        space: the family's dimensions in this study.
        trials: the family's trials by number.
        memory: what earlier asks of the study left.
        maximize: whether a higher value is better.
        seeds: of the proposals, one each.
    """
    shape = free, _ = group.shape(other)
    within = _settled(space, other.params, free)
    known = [other.params, *(trial.candidate.params for trial in trials)]
    for seed, _ in zip(seeds, range(TRIES), strict=False):
        params = memory.propose(
            other.family, space, trials, maximize=maximize, seed=seed, within=within
        )
        found = Candidate(other.family, params)
        if params not in known and group.shape(found) == shape:
            return found
    return None


def _settled(space: Space, params: Params, free: Collection[str]) -> Space:
    """Return the dimensions of a group's members: all but the free ones as they are here."""
    return tuple(
        item
        if item.name in free
        else replace(item, choices=(params[item.name],), default=params[item.name])
        for item in space
        if item.name in free or item.name in params
    )
