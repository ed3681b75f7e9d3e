"""From a study's history to its next candidate.

A pure function of its arguments. In replay order (a budget of trials alone) the history it looks
at ends at trial n−8 and costs play no part, so the answer depends on data, spec and number alone.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count
from statistics import median

import numpy as np

from automl import families
from automl.core import metric
from automl.core.catalog import FamilyName, Modality, TrialState
from automl.core.hyperparameter import Params, Space
from automl.core.study import REPLAY_WINDOW, Plan, StudySpec
from automl.core.trial import Candidate, Trial
from automl.search import hurry
from automl.search.beside import companion
from automl.search.cost import expected
from automl.search.hurry import hurried
from automl.search.memory import Memory
from automl.search.portfolio import portfolio
from automl.search.portfolios import image
from automl.search.spaces import planned

EXPLORATION = 0.05
"""Share of the draws that every family keeps, however far behind: ensembles live on difference."""

SHARPNESS = 0.2
"""How fast a family's share falls with its error: at 1.2 times the least it has 0.4 of the share
that the best has, at twice the least 0.03."""

LEAST_ERROR = 1e-3
"""Errors below this part of the baseline's are not told apart."""

UNTIMED = 0.25
"""While this share of the search's seconds is left, a family never timed may be started."""

ROUGHLY = 3.0
"""A family never timed may seem so many times too dear: estimates are rough."""

PLANNED_SHORTER = 2.0
"""A family that plans its schedule to the time there is may usually take so many times that."""

TRIES = 8
"""So often another one is drawn for a candidate that was tried already. Then it is tried once more:
of a small space all may have been."""

HOPELESS = 50
"""So many trials that failed, and none that completed, end a search: the portfolio is behind it,
and every family had its chance. What is broken then is not the candidates."""

PLANNED_WHOLLY = (Modality.IMAGE, Modality.VOLUME)
"""Where all families do, and learn from a part of the rows where not even an epoch fits: until one
of them was timed, whoever comes early begins the next candidate whatever it is foreseen to take."""


def ask(
    plan: Plan,
    spec: StudySpec,
    history: Sequence[Trial],
    number: int,
    *,
    seconds_left: float | None = None,
    memory: Memory | None = None,
    beside: Candidate | None = None,
    since: int = 0,
) -> Candidate | None:
    """Return the candidate of trial ``number``, or None when nothing is worth starting.

    Args:
        plan: the study's plan.
        spec: its spec; the seed and the budget count here.
        history: all trials so far by number; in replay order the newest are ignored.
        number: the trial to be asked for.
        seconds_left: of the search, None in replay order.
        memory: what earlier asks of the same study left; it changes the speed, not the answer.
        beside: what it shall be able to train together with, as one program, and differ from.
        since: the first trial of those that tell whether the search is hopeless; a study that was
            resumed has another chance.
    """
    if spec.budget.replay:
        history = [trial for trial in history if trial.number <= number - REPLAY_WINDOW]
    tried = _by_family(history)
    complete = _complete(tried)
    if not complete and _failures(history, since) >= HOPELESS:
        return None
    measured = _costs(complete)
    costs = expected(plan, measured)
    fitting = _fitting(plan, spec, costs, measured, seconds_left)
    maximize, warm = metric.maximize(plan.metric), memory or Memory()
    if beside is not None:
        if beside.family not in fitting:
            return None
        own, space = tried.get(beside.family, ()), planned(spec, plan, beside.family)
        seeds = (_seed(spec.seed, f"{number}/{attempt}") for attempt in count())
        return companion(beside, space, own, warm, maximize=maximize, seeds=seeds)
    head = portfolio(spec, plan)
    if number < len(head) and (number == 0 or head[number].family in fitting):
        candidate = image.settled(head[number], number, history, plan)
        return hurried(candidate, spec, plan, complete, seconds_left)
    if not fitting:
        return None
    spaces = {name: planned(spec, plan, name) for name in fitting}
    costs = {} if spec.budget.replay else costs
    name = _draw_family(plan, spaces, complete, costs, _seed(spec.seed, number))
    own = tried.get(name, ())
    seeds = (_seed(spec.seed, f"{number}/again/{n}" if n else number) for n in range(1 + TRIES))
    candidate = _untried(name, spaces[name], own, warm, maximize=maximize, seeds=seeds)
    return hurried(candidate, spec, plan, complete, seconds_left)


def _untried(
    name: FamilyName,
    space: Space,
    own: Sequence[Trial],
    memory: Memory,
    *,
    maximize: bool,
    seeds: Iterable[int],
) -> Candidate:
    """Return a candidate of the family that none of its trials had, if one of the seeds gives one.

    A candidate that was tried has its seeds too: the same would come out.
    """
    known = [trial.candidate.params for trial in own]
    params: Params = {}
    for seed in seeds:
        params = memory.propose(name, space, own, maximize=maximize, seed=seed)
        if params not in known:
            break
    return Candidate(name, params)


def _draw_family(
    plan: Plan,
    spaces: Mapping[FamilyName, Space],
    complete: Mapping[FamilyName, Sequence[Trial]],
    prices: Mapping[FamilyName, float],
    seed: int,
) -> FamilyName:
    """Return a family: the nearer its error to the least of all and the cheaper, the likelier.

    By the root of the price: what is dear has to gain more, but not in the same measure, as it is
    often the better for it; and what costs next to nothing is no bargain for that alone.
    """
    names = list(spaces)
    if len(names) == 1:
        return names[0]
    random = np.random.default_rng(seed)
    least = _least_errors(plan, complete)
    errors = [least.get(name) for name in names]
    known = [error for error in errors if error is not None]
    if not known:
        return names[int(random.integers(len(names)))]
    # What was never tried is taken for middling.
    middling = float(np.median(known))
    gaps = [math.log((middling if error is None else error) / min(known)) for error in errors]
    weights = np.array([EXPLORATION + math.exp(-gap / SHARPNESS) for gap in gaps])
    weights *= [math.sqrt(_freedom(spaces[name])) for name in names]
    if prices:
        usual = float(np.median([prices[name] for name in names]))
        weights /= [math.sqrt(max(prices[name], usual / 4)) for name in names]
    return names[int(random.choice(len(names), p=weights / weights.sum()))]


def _freedom(dimensions: Space) -> int:
    """Return how many dimensions are open: a large space has more left to find."""
    return max(1, sum(d.choices is None or len(d.choices) > 1 for d in dimensions))


def _by_family(history: Iterable[Trial]) -> dict[FamilyName, list[Trial]]:
    """Return the trials of each family that has some."""
    found = defaultdict[FamilyName, list[Trial]](list)
    for trial in history:
        found[trial.candidate.family].append(trial)
    return found


def _complete(tried: Mapping[FamilyName, Sequence[Trial]]) -> dict[FamilyName, list[Trial]]:
    """Return the complete trials of each family that has some."""
    state = TrialState.COMPLETE
    complete = {name: [each for each in own if each.state is state] for name, own in tried.items()}
    return {name: own for name, own in complete.items() if own}


def _failures(history: Iterable[Trial], since: int) -> int:
    """Return how many trials failed, from that number on."""
    return sum(each.state is TrialState.FAILED and each.number >= since for each in history)


def _least_errors(
    plan: Plan, complete: Mapping[FamilyName, Sequence[Trial]]
) -> Mapping[FamilyName, float]:
    """Return the least error of each family that has a complete trial."""
    best = max if metric.maximize(plan.metric) else min
    floor = max(LEAST_ERROR * metric.error(plan.metric, plan.baseline), 1e-12)
    found: dict[FamilyName, float] = {}
    for name, trials in complete.items():
        if values := [trial.value for trial in trials if trial.value is not None]:
            found[name] = max(metric.error(plan.metric, best(values)), floor)
    return found


def _costs(complete: Mapping[FamilyName, Sequence[Trial]]) -> dict[FamilyName, float]:
    """Return the median seconds of each family's complete trials."""
    found: dict[FamilyName, float] = {}
    for name, trials in complete.items():
        if seconds := [trial.seconds for trial in trials if trial.seconds is not None]:
            found[name] = median(seconds)
    return found


def _fitting(
    plan: Plan,
    spec: StudySpec,
    costs: Mapping[FamilyName, float],
    measured: Collection[FamilyName],
    seconds_left: float | None,
) -> list[FamilyName]:
    """Return the families of which a trial is worth starting."""
    roughly = ROUGHLY if measured or plan.modality not in PLANNED_WHOLLY else math.inf
    return [
        name
        for name in plan.families
        if _affordable(costs[name], name, spec, seconds_left, None if name in measured else roughly)
    ]


def _affordable(
    cost: float,
    name: FamilyName,
    spec: StudySpec,
    seconds_left: float | None,
    roughly: float | None,
) -> bool:
    """Return whether a trial of the family is worth starting.

    ``roughly`` is how many times too dear it may seem, None where its cost was measured.
    """
    if seconds_left is None or spec.budget.seconds is None:
        return True
    if families.scheduled(name):
        cost /= PLANNED_SHORTER
    if roughly is None:
        return cost <= seconds_left * (hurry.MOST if name in hurry.PROPORTIONAL else 1.0)
    return seconds_left >= UNTIMED * spec.budget.seconds and cost <= roughly * seconds_left


def _seed(seed: int, number: int | str) -> int:
    digest = hashlib.sha256(f"ask/{seed}/{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big")
