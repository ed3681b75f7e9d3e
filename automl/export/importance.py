"""Which columns the model relies on: how much worse it gets when a column's cells are shuffled.

Asked of the model file itself, so the answer is about what is handed out. The work is bounded by
counts, so that equal searches give equal reports; under a budget of seconds by the clock too.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.catalog import ColumnKind
from automl.core.frame import Floats, Frame, Scalars, Strings
from automl.core.report import ColumnImportance
from automl.export import parity
from automl.export.portable import Portable
from automl.export.tuning import omega

MOST_ROWS = 500
FEWEST_ROWS = 100
REPEATS = 3
_WORK = 600_000_000
"""Nanoseconds of scoring on one slow core, by `_row_cost`."""
_GROUPS = 10
_MANY = 500
"""From so many columns on a cheaper relation tells them apart: half a millisecond each adds up."""

ALONE = (ColumnKind.TEXT, ColumnKind.IMAGE, ColumnKind.SERIES, ColumnKind.VOLUME)
"""Kinds of a column that is not shuffled where it is the only one."""

Score = Callable[[npt.NDArray[Any], Floats], float]


@dataclass(frozen=True, slots=True)
class Importance:
    """Columns by falling importance, and how many of all were not shuffled."""

    rows: int
    columns: tuple[ColumnImportance, ...]
    left_out: int


def importance(
    file: Portable,
    frame: Frame,
    truth: npt.NDArray[Any],
    *,
    score: Score,
    maximize: bool,
    seed: int,
    seconds: float | None,
) -> Importance:
    """Return the drop of the score for each column, the mean and spread of three shuffles.

    The columns most related to the predictions come first, so that what is left out for lack of
    time matters least.

    Args:
        file: the checked model.
        frame: rows to judge on; at most 500 are used.
        truth: their targets, ``(rows,)``.
        score: gives the study's metric.
        maximize: whether a higher score is better.
        seed: of the shuffles.
        seconds: after which no further column is begun; None: only counts bound the work.

    Reference:
        Breiman, Random Forests, 2001, section 10; Fisher, Rudin and Dominici, All Models are Wrong,
        but Many are Useful, 2019.
    """
    if len(file.inputs) == 1 and file.inputs[0].kind in ALONE:
        return Importance(0, (), 0)  # shuffling the one input would only say that it matters
    begun = time.monotonic()
    affordable = int(_WORK / _row_cost(file) / REPEATS)
    rows = _spread(truth, min(MOST_ROWS, max(FEWEST_ROWS, affordable // len(file.inputs))))
    frame, truth = frame.take(rows), truth[rows]
    feeds = parity.feeds(frame, file.inputs)
    plain = file.session.run(feeds)
    names = _by_relation(frame, plain, [item.name for item in file.inputs])
    names = names[: max(1, affordable // max(1, len(rows)))]
    repeated = {name: np.tile(cells, (REPEATS, 1)) for name, cells in feeds.items()}
    best, random = score(truth, plain), np.random.default_rng(seed)
    found: list[ColumnImportance] = []
    for name in names:
        if seconds is not None and found and time.monotonic() - begun > seconds:
            break
        order = np.concatenate([random.permutation(len(rows)) for _ in range(REPEATS)])
        answers = file.session.run({**repeated, name: feeds[name][order]})
        drops = [best - score(truth, part) for part in np.split(answers, REPEATS)]
        found.append(_column(name, drops if maximize else [-drop for drop in drops]))
    found.sort(key=lambda item: (-item["mean"], item["column"]))
    return Importance(len(rows), tuple(found), len(file.inputs) - len(found))


def _column(name: str, drops: Sequence[float]) -> ColumnImportance:
    finite = np.nan_to_num(np.array(drops))
    return ColumnImportance(
        column=name, mean=round(float(finite.mean()), 9), std=round(float(finite.std()), 9)
    )


def _row_cost(file: Portable) -> float:
    """Return about how many nanoseconds a row takes: a visited leaf or weight is a nanosecond."""
    return 1_000.0 * (1 + len(file.inputs)) + file.parameters


def _spread(truth: npt.NDArray[Any], count: int) -> npt.NDArray[np.intp]:
    """Return that many rows, evenly spread over the sorted targets, so that classes keep shares."""
    order = np.argsort(truth, kind="stable")
    kept = np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(np.intp)
    return np.sort(order[kept])


def _by_relation(frame: Frame, predictions: Floats, names: Sequence[str]) -> list[str]:
    """Return the columns, those first whose cells tell most of the predictions."""
    relation = _relation if len(names) <= _MANY else _straight
    related = {name: relation(frame.scalars(name), predictions) for name in names}
    return sorted(names, key=lambda name: -related[name])


def _relation(cells: Scalars, predictions: Floats) -> float:
    groups = cells.codes + 1 if isinstance(cells, Strings) else _tenths(cells)
    groups = np.unique(groups, return_inverse=True)[1].astype(np.intp)
    return max(omega(groups, column) for column in predictions.T)


def _straight(cells: Scalars, predictions: Floats) -> float:
    """Return the same for one of very many columns: numbers' linear relation alone."""
    if isinstance(cells, Strings):
        return _relation(cells, predictions)
    present = ~np.isnan(cells)
    if not present.any():
        return 0.0
    told = predictions - predictions.mean(axis=0)
    centred = np.where(present, cells - cells[present].mean(), 0.0)
    length = np.linalg.norm(centred) * np.linalg.norm(told, axis=0)
    along = np.abs(centred @ told)
    return float(np.max(np.divide(along, length, out=np.zeros_like(along), where=length > 0)))


def _tenths(cells: Floats) -> npt.NDArray[np.intp]:
    present = cells[~np.isnan(cells)]
    if len(present) == 0:
        return np.zeros(len(cells), np.intp)
    edges = np.unique(np.quantile(present, np.linspace(0, 1, _GROUPS + 1)[1:-1]))
    return np.where(np.isnan(cells), _GROUPS, np.searchsorted(edges, cells)).astype(np.intp)
