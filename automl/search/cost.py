"""What a trial is expected to take, before any was timed.

A straight line through the seconds that each family's defaults took of one processor on adult,
california_housing, german_credit, letter and phoneme (November 2026; 750 to 32,000 rows, 5 to 20
columns, 1 to 26 outputs); of the FT-Transformer on concrete and phoneme alone. It is right within a
factor of two or three, which is enough to order families and to leave out what cannot end in time;
what a study measures of its own trials corrects it at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from statistics import fmean, median
from types import MappingProxyType

from automl import families
from automl.core.catalog import FamilyName, Modality
from automl.core.hyperparameter import LARGE_SIDE
from automl.core.study import Budget, Plan, finish_reserve
from automl.families.rocket import space as rocket
from automl.search.spelling import spelled


@dataclass(frozen=True, slots=True)
class Rate:
    """Seconds a fold: some always, some more for each million cells and output."""

    fold: float
    cells: float
    outputs: float
    """What each output behind the second adds, as a share."""
    wide: float = 0.0
    """For each million cells of the columns beyond `WIDE` and of at most `BINNED` rows."""


RATES: Mapping[FamilyName, Rate] = MappingProxyType(
    {
        FamilyName.LINEAR: Rate(0.01, 0.2, 0.3),
        FamilyName.DECISION_TREE: Rate(0.01, 1.5, 0.01),
        FamilyName.RANDOM_FOREST: Rate(0.2, 7.0, 0.01),
        FamilyName.EXTRA_TREES: Rate(0.2, 7.0, 0.01),
        FamilyName.LIGHTGBM: Rate(0.05, 2.0, 0.3, wide=8.0),
        FamilyName.CATBOOST: Rate(0.8, 5.0, 0.5, wide=100.0),
        FamilyName.MLP: Rate(0.3, 50.0, 0.01),
        FamilyName.RESNET: Rate(0.3, 80.0, 0.01),
        FamilyName.REALMLP: Rate(0.6, 85.0, 0.01),
        FamilyName.TABM: Rate(0.5, 80.0, 0.01),
        FamilyName.FT_TRANSFORMER: Rate(1.0, 600.0, 0.01),
    }
)
NARROW = 10
"""Columns that every row costs beside its own: losses, orders, histograms."""

WIDE, BINNED = 100, 1_000
"""Boosted trees look through every column's bins for each leaf, however few rows are in it: a fold
of 104 rows and 5,000 columns took LightGBM 4.7 s and 300 of them CatBoost 5.8 s, ten and six times
what their cells alone would."""

TEXT_COLUMNS = 18
"""Columns that a free text becomes: its directions, which way it leans, and how much it says."""

TEXT = 1.3e-4
"""Seconds to encode a text."""

TEXT_RATES: Mapping[FamilyName, Rate] = MappingProxyType(
    {
        FamilyName.LINEAR: Rate(0.1, 30.0, 0.5),
        FamilyName.EMBEDDING_BAG: Rate(0.3, 18.0, 0.01),
        FamilyName.TEXT_CNN: Rate(0.5, 80.0, 0.01),
        FamilyName.RNN: Rate(0.5, 200.0, 0.01),
        FamilyName.TRANSFORMER: Rate(0.5, 500.0, 0.01),
    }
)
"""For texts alone: some for each million words rather than cells."""

SIGNS_A_WORD = 6
"""And networks that read characters see so many for each word. Beyond what always is, convolutions
and a recurrent network took 1.5 to 8.3 times what the words of 3,000 and 6,000 names foretell, and
16 times those of 1,200 misspelled sentences: with characters more epochs pay."""

PLACES: Mapping[FamilyName, tuple[int, float]] = MappingProxyType(
    {
        FamilyName.RESNET: (16, 0.75),
        FamilyName.CNN: (32, 1.1),
        FamilyName.DENSENET: (12, 2.0),
    }
)
"""Of networks over images and volumes: a width, and with it an epoch's seconds for each million
places of the training rows. Channels of the data hardly count."""

WIDER = 1.25
"""The power of the width that these seconds grow with: 16 to 32 channels took 2.4 times as long."""

A_ROW = 1e-4
"""Seconds of an epoch for a row, whatever its size."""

EPOCHS = 30
"""Of these networks' defaults."""

SMALL_FIRST = (FamilyName.RESNET, FamilyName.CNN, FamilyName.DENSENET)
SMALL_PART = 0.7
"""The families whose defaults see large images small at first, and the part of the time that their
epochs then take on average."""

DENSE = 3_000
"""Places of a volume up to which the residual network's first convolution looks at all of them.
At every second of 16³ it learned from 1,600 volumes a second of one core, else from 187."""

SERIES_RATES: Mapping[FamilyName, Rate] = MappingProxyType(
    {
        FamilyName.ROCKET: Rate(0.1, 10.0, 0.01),
        FamilyName.CNN: Rate(0.5, 65.0, 0.01),
        FamilyName.RESNET: Rate(0.5, 65.0, 0.01),
        FamilyName.DENSENET: Rate(0.5, 90.0, 0.01),
        FamilyName.RNN: Rate(0.5, 550.0, 0.01),
        FamilyName.INCEPTION: Rate(0.5, 200.0, 0.01),
    }
)
"""For series: some for each million steps; channels hardly count. Networks: all their epochs, of
300 to 500 rows and 26 to 430 steps, in November 2026 (docs/history/modalities.md). Kernels,
whose ridge costs extra: of eight sets of 200 to 8,000 rows, 26 to 1,000 steps and 1 to 12 channels
(0.7 to 2 times the CPU seconds of a busy machine)."""

SHORT = 50
"""Steps that every row costs networks beside its own: calls, batches, the optimizer."""

PRODUCTS, VECTORS = 4.5e-11, 1.5e-10
"""Seconds of the kernels' ridge: for the larger of training rows and features times the square of
the smaller, and for the smaller one's cube. 2,480 rows of 9,996 features took 4.9 s, 8,000 of 2,520
5.6 s."""

READ_STEPS = 64
"""Recurrent cells see no more than about these: a longer series is read in pieces."""

BETWEEN = 0.5
"""Seconds from one trial to the next: asking, loading, storing."""

UNKNOWN = Rate(0.5, 80.0, 0.1)
"""Of a family that nobody measured: as slow as networks get."""


def seconds(plan: Plan, name: FamilyName) -> float:
    """Return what a trial with the family's defaults is expected to take, all its fits."""
    if plan.modality in (Modality.IMAGE, Modality.VOLUME):
        return plan.folds * (0.3 + EPOCHS * epoch(plan, name))
    if plan.modality is Modality.SERIES:
        return _of_series(plan, name)
    words = plan.modality is Modality.TEXT and name in TEXT_RATES
    rate = TEXT_RATES[name] if words else RATES.get(name, UNKNOWN)
    trained = _trained(plan)
    width = prod(plan.shape) if plan.shape else len(plan.features) + TEXT_COLUMNS * plan.texts
    cells = trained * (_units(plan, name) if words else width + NARROW) / 1e6
    binned = min(trained, BINNED) * max(0, width - WIDE) / 1e6
    training = rate.cells * cells + rate.wide * binned
    training *= 1.0 + rate.outputs * max(0, plan.outputs - 2)
    fits = plan.folds + families.spec(name).refit
    return fits * (rate.fold + TEXT * trained * plan.texts + training)


def _units(plan: Plan, name: FamilyName) -> float:
    """Return how many words, or characters, of a text the family's first candidate reads."""
    return plan.words * (SIGNS_A_WORD if name in spelled(plan) else 1)


def _of_series(plan: Plan, name: FamilyName) -> float:
    rate, steps = SERIES_RATES.get(name, UNKNOWN), plan.shape[-1]
    seen = min(steps, READ_STEPS) if name is FamilyName.RNN else steps
    if name is FamilyName.ROCKET:
        training = rate.cells * _trained(plan) * seen / 1e6 + _ridge(_trained(plan))
    else:
        training = rate.cells * _trained(plan) * (seen + SHORT) / 1e6
    fits = plan.folds + families.spec(name).refit
    return fits * (rate.fold + training * (1.0 + rate.outputs * max(0, plan.outputs - 2)))


def _ridge(rows: int) -> float:
    fewer, more = sorted((rows, rocket.features(rows)))
    return PRODUCTS * more * fewer**2 + VECTORS * fewer**3


def epoch(
    plan: Plan, name: FamilyName, width: int | None = None, *, every: int | None = None
) -> float:
    """Return what one pass over a fold of images or volumes is expected to take, in seconds.

    ``every`` is the stride of the residual network's first convolution, where not the usual one.
    """
    usual, rate = PLACES.get(name, PLACES[FamilyName.RESNET])
    wider = float(((width or usual) / usual) ** WIDER)
    places = _places(plan)
    if name is FamilyName.RESNET:
        places //= (every or stride(plan)) ** _axes(plan)
    part = SMALL_PART if _small_first(plan, name) else 1.0
    return part * _trained(plan) * (rate * wider * places / 1e6 + A_ROW)


def _small_first(plan: Plan, name: FamilyName) -> bool:
    large = plan.modality is Modality.IMAGE and min(plan.shape[:2]) >= LARGE_SIDE
    return large and name in SMALL_FIRST


def stride(plan: Plan) -> int:
    """Return every how many places of an array the residual network had better look first."""
    return 2 if plan.modality is Modality.VOLUME and _places(plan) > DENSE else 1


def _axes(plan: Plan) -> int:
    return 3 if plan.modality is Modality.VOLUME else 2


def _places(plan: Plan) -> int:
    return prod(plan.shape[: _axes(plan)])


def _trained(plan: Plan) -> int:
    """Return how many rows a fold trains on."""
    rows = plan.rows - plan.test_rows
    return rows - rows // plan.folds if plan.folds > 1 else rows


def expected(plan: Plan, measured: Mapping[FamilyName, float]) -> dict[FamilyName, float]:
    """Return the seconds of a trial of each family: as measured, else as foreseen.

    What was measured also says how fast this machine is on this data, and so corrects the others.
    """
    pace = [took / seconds(plan, name) for name, took in measured.items()]
    factor = median(pace) if pace else 1.0
    return {name: measured.get(name, factor * seconds(plan, name)) for name in plan.families}


def trials(plan: Plan, budget: Budget) -> int | None:
    """Return about how many trials the budget buys from one worker; None without seconds.

    Families are given about the same seconds rather than as many trials. Of 21 studies of tables
    of numbers and categories, 60 s on two workers (November 2026), it is right within a factor of
    two for 18 and of three for 20; the mean of the families' seconds was for 3 and 7.
    """
    if budget.seconds is None:
        return budget.trials
    left = budget.seconds - finish_reserve(budget.seconds, plan.outputs)
    costs = expected(plan, {}).values()
    bought = max(1, int(left * fmean(1 / (each + BETWEEN) for each in costs)))
    return bought if budget.trials is None else min(bought, budget.trials)
