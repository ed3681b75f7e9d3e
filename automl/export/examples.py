"""Which judged rows to show: some that the model gets right, and some that it does not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats, Frame, Ints
from automl.core.model import Input
from automl.core.report import Example
from automl.core.study import Plan
from automl.export.sight import seen

EACH = 8
"""So many right ones and so many wrong ones."""

Rows = npt.NDArray[np.intp]


def examples(
    plan: Plan,
    item: Input,
    read: Callable[[Rows], Frame],
    *,
    truth: npt.NDArray[Any],
    judged: Floats,
    labels: Ints,
) -> list[Example]:
    """Return rows that the model gets right, then others: a function of the arguments alone.

    Args:
        plan: of the study.
        item: the model's one input.
        read: gives the judged rows at those places.
        truth: the judged rows' targets, ``(rows,)``.
        judged: what the model says of them, ``(rows, outputs)``.
        labels: of classes, the index that it says, ``(rows,)``.
    """
    if plan.classes:
        right, wrong = _typical(judged, labels, truth == labels), _surest(truth, judged, labels)
    else:
        order = np.argsort(np.abs(judged[:, 0] - truth), kind="stable")
        right, wrong = order[:EACH], order[EACH:][::-1][:EACH]
    places = np.concatenate([right, wrong]).astype(np.intp)
    shown = seen(read(places).columns[item.name], item.kind)
    found = []
    for index, (place, row) in enumerate(zip(places.tolist(), shown, strict=True)):
        actual, predicted = truth[place], labels[place] if plan.classes else judged[place, 0]
        found.append(
            Example(
                seen=row,
                right=index < len(right),
                actual=plan.classes[actual] if plan.classes else float(actual),
                predicted=plan.classes[predicted] if plan.classes else float(predicted),
                probability=float(judged[place, predicted]) if plan.classes else None,
            )
        )
    return found


def _typical(judged: Floats, labels: Ints, right: npt.NDArray[np.bool_]) -> Rows:
    """Return rows of every class in turn, those first that are neither its surest nor least."""
    rows = np.flatnonzero(right)
    sure = judged[rows, labels[rows]]
    place = _within(labels[rows], sure)
    size = np.bincount(labels[rows], minlength=judged.shape[1])[labels[rows]]
    off_middle = np.abs(2 * place - (size - 1))
    turn = _within(labels[rows], off_middle)
    return rows[np.lexsort((labels[rows], -size, turn))][:EACH]


def _surest(truth: Ints, judged: Floats, labels: Ints) -> Rows:
    """Return mistakes, every pair of classes in turn, those first that are confused most often."""
    rows = np.flatnonzero(truth != labels)
    pair = truth[rows] * judged.shape[1] + labels[rows]
    size = np.bincount(pair, minlength=1)[pair]
    turn = _within(pair, -judged[rows, labels[rows]])
    return rows[np.lexsort((pair, -size, turn))][:EACH]


def _within(groups: Ints, values: npt.NDArray[Any]) -> Ints:
    """Return each row's place among those of its group, by rising value."""
    order = np.lexsort((values, groups))
    ordered = groups[order]
    first = np.searchsorted(ordered, ordered)
    place = np.empty(len(groups), np.int64)
    place[order] = np.arange(len(groups)) - first
    return place
