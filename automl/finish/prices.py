"""What members cost: seconds of the finish, of which there are few, and a file's time for a row.

The times for a row are estimates from what a trial tells, not measured, so that equal searches give
equal files. Beside each other, half of those of 165 trials of 15 tables were within a third of what
was measured. What a network makes of arrays, texts, each column or its own members is counted
(`automl/training/work.py`), for its weights are used many times a row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2, log10
from types import MappingProxyType

from automl import families
from automl.core.catalog import FamilyName, Modality
from automl.core.study import Plan, finish_reserve
from automl.core.trial import Trial
from automl.export.portable import probed
from automl.finish.entries import Entry
from automl.search.prepare import Prepared
from automl.training import work

FINISH_SECONDS: Mapping[FamilyName, float] = MappingProxyType(
    {
        FamilyName.DECISION_TREE: 1.5,
        FamilyName.RANDOM_FOREST: 1.5,
        FamilyName.EXTRA_TREES: 1.5,
        FamilyName.LIGHTGBM: 4.0,
        FamilyName.CATBOOST: 0.8,
    }
)
"""Seconds of the finish for a million leaves; for a million weights of others there are `OTHERS`.
A member must be rebuilt, written, loaded and compared, and then sent: large forests gain little. Of
20 studies of a minute the members took 0.4 to 1.0 of that, 0.7 in the median."""

OTHERS = 0.3

BESIDE = 1.0
"""Seconds of the finish for all that is not the members': estimate, importances, report."""

LEAST = 2.0
"""Seconds that the members may take, however small the budget: it has some to spare."""

MOST = 10.0
"""Seconds that the members may take together, whatever the budget: about 100 MB of trees."""

MOST_SCORING = 60.0
"""And where rows are arrays and no seconds are the budget: what the model of an hour may take."""

NEAR = 1_000
"""Leaves of a tree that stays in a core's nearest cache."""

FARTHEST = 30_000
"""Leaves of a tree from which on all steps take as long."""

SOUGHT = 48
"""Leaves of a tree of LightGBM that many rows do not walk (`lightgbm/exits.py`)."""

TAX = 3e-5
"""Of the ensemble's error on a table, for each microsecond: a member of 100 must spare three
thousandths of it. Up to four cost nothing that twelve tables could tell; six cost one of them 1 %.
"""

TAX_OTHERWISE = 1e-5
"""The same where rows are arrays or texts: networks over these take far longer, all of them."""

ENCODED = 0.3
"""Microseconds for what a network or linear model sees of the columns, each fold its own."""

MULTIPLIED = 5e4
"""Multiplications by weights in a microsecond: 43,000 to 100,000 were measured in convolutions of
one, two and three dimensions."""

COUNTED = frozenset({FamilyName.FT_TRANSFORMER, FamilyName.TABM})
"""Families of tables of which that is counted too: they use their weights for each column, or for
each of the members inside."""

PROBED = 3
"""A probed row is predicted by the file, by what was trained, and perhaps by a member alone."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a member costs: seconds of the finish, microseconds of a core for one row of many."""

    seconds: float
    row_micros: float


def prices(prepared: Prepared, entries: Sequence[Entry]) -> list[Price]:
    """Return about what each costs as a member."""
    return [_price(prepared, entry.trial) for entry in entries]


def _price(prepared: Prepared, trial: Trial) -> Price:
    written = FINISH_SECONDS.get(trial.candidate.family, OTHERS) * (trial.parameters or 0) / 1e6
    counted = _counted(prepared, trial)
    if counted is None:
        return Price(written, row_micros(trial, prepared.plan.outputs))
    micros = counted / MULTIPLIED
    if prepared.plan.modality is Modality.TABLE:
        micros += ENCODED * len(prepared.fits(trial.candidate))
    return Price(written + 1e-6 * micros * _scored(prepared), micros)


def tax(plan: Plan, price: Price) -> float:
    """Return which part of the error a member of that price must spare."""
    return price.row_micros * (TAX if plan.modality is Modality.TABLE else TAX_OTHERWISE)


def _counted(prepared: Prepared, trial: Trial) -> int | None:
    """Return the multiplications for a row, all fits; None where `row_micros` tells better."""
    candidate, plan = trial.candidate, prepared.plan
    model = families.model(candidate.family)
    if not families.is_network(model):
        return None
    fits = prepared.fits(candidate)
    layout = prepared.fitted(fits[0], candidate)[0].layout
    often = layout.shape or layout.vocabulary or candidate.family in COUNTED
    if not often:
        return None
    return len(fits) * work.multiplications(model, candidate.params, layout, plan.outputs)


def _scored(prepared: Prepared) -> int:
    """Return how many rows the finish predicts."""
    tested = 0 if prepared.test is None else len(prepared.test[1])
    return tested + PROBED * probed(prepared.plan)


def row_micros(trial: Trial, outputs: int) -> float:
    """Return about how long the trial's folds take for a row.

    A step down a tree takes 7 ns, and 12 more for each time that it has ten times the leaves of one
    in the nearest cache. But for LightGBM's trees of at most `SOUGHT` leaves, all splits are
    answered: 1 ns and 0.5 for each. CatBoost's trees are looked up, in 2 ns and one for each sum.
    Forests are one fit, of as many trees as folds had time for, and lead to a look-up where classes
    are many. Networks: 70 weights in 1 ns.
    """
    sums = outputs if outputs > 2 else 1
    parameters, epochs = trial.parameters or 1, trial.epochs or 1
    folds = max(1, len(trial.fold_values))
    match trial.candidate.family:
        case FamilyName.LIGHTGBM:
            leaves = parameters / (epochs * sums)
            walked = _walk(leaves)
            sought = 0.001 + 0.0005 * leaves
            return epochs * sums * (sought if leaves <= SOUGHT else walked)
        case FamilyName.CATBOOST:
            return (0.002 + 0.001 * sums) * epochs
        case FamilyName.DECISION_TREE:
            return folds * _walk(parameters / folds)
        case FamilyName.RANDOM_FOREST | FamilyName.EXTRA_TREES:
            grown = max(1, round(epochs / folds))
            trees = min(grown, int(trial.candidate.params.get("trees", grown)))
            return trees * (_walk(parameters / trees) + (0.01 if sums > 1 else 0.0))
        case _:
            return 1.4e-5 * parameters + ENCODED * folds


def _walk(leaves: float) -> float:
    """Return the microseconds from the root of a tree to a leaf."""
    size = min(max(2.0, leaves), FARTHEST)
    return (0.007 + 0.012 * max(0.0, log10(size / NEAR))) * log2(size)


def most(prepared: Prepared) -> float:
    """Return how many seconds the members of a model may take together."""
    seconds, plan = prepared.spec.budget.seconds, prepared.plan
    if seconds is None:
        return MOST_SCORING if plan.shape else MOST
    left = max(LEAST, finish_reserve(seconds, plan.outputs) - BESIDE)
    return left if plan.shape else min(MOST, left)
