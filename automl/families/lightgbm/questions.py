"""What splits ask of a row, each different question once.

A question is whether a row goes to the right of a split, or to the left, as its asker wants. Trees
and rounds ask the same again, since LightGBM knows at most 255 borders of a feature.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.frame import Ints
from automl.core.graph import ElementType, Graph
from automl.families.forest import Trees

_TABLE = 32
"""Bytes a split for which codes are in which sets: beyond, the file would grow too much."""
_MOST = 4_000
"""Different borders: the answers of 1,024 rows to 4,800 no longer stay in a core's caches, and with
300 trees took a third longer than walking; to 3,500 no longer than that with 800 trees."""
_TOGETHER = 128
"""Borders compared at once: of 1,024 rows half a MiB of cells."""
_ABOVE, _NOT_ABOVE, _NOT_UPTO, _UPTO, _IN, _OUT = range(6)
"""Of a missing cell the first says no, the second yes; the third yes, the fourth no."""


def fit(trees: Trees) -> bool:
    """Return whether the answers stay small, and so do sets of categories as tables."""
    sets = trees.categorical
    borders = ~sets if sets is not None else np.ones(len(trees.feature), bool)
    asked = np.stack([trees.feature[borders], trees.threshold[borders]])
    if np.unique(asked, axis=1).shape[1] > _MOST:
        return False
    if sets is None or not sets.any():
        return True
    feature, largest = trees.feature[sets], _largest(trees)
    codes = np.zeros(int(feature.max()) + 1)
    np.maximum.at(codes, feature, largest)
    return bool((codes[feature] + 3).sum() <= _TABLE * len(trees.feature))


def emit(trees: Trees, graph: Graph, x: str, *, right: npt.NDArray[np.bool_]) -> tuple[str, Ints]:
    """Write the answers, bools, questions × n, and return which one is each split's.

    Args:
        trees: Whose splits ask.
        graph: The program to append to.
        x: Its float32 features.
        right: Whether going right is a yes, for each split, else going left is.
    """
    feature = trees.feature.astype(np.int64)
    kind = np.where(
        trees.missing_left, np.where(right, _ABOVE, _NOT_ABOVE), np.where(right, _NOT_UPTO, _UPTO)
    )
    detail = trees.threshold.astype(np.float32).view(np.uint32).astype(np.int64)
    sets: list[Ints] = []
    if trees.categorical is not None and trees.categorical.any():
        kind = np.where(trees.categorical, np.where(right, _OUT, _IN), kind)
        sets, detail[trees.categorical] = _different(trees)
    # Borders first, and all that one operator answers side by side.
    group = np.where(kind < _IN, kind << 32, _IN << 32 | feature)
    order = np.lexsort((detail, feature, kind, group))
    asked = np.stack([group, kind, feature, detail])[:, order]
    new = np.append(True, (asked[:, 1:] != asked[:, :-1]).any(axis=0))
    place = np.empty(len(order), np.int64)
    place[order] = np.cumsum(new) - 1
    return _emit_all(graph, x, asked[:, new], sets), place


def _emit_all(graph: Graph, x: str, asked: Ints, sets: Sequence[Ints]) -> str:
    """Write the answers to different questions, each of a group, kind, feature, border or set."""
    cells = graph.node("Transpose", x, perm=[1, 0])
    codes = _emit_codes(graph, cells) if sets else ""
    parts = []
    for group in np.unique(asked[0]):
        _, kind, feature, detail = asked[:, asked[0] == group]
        if kind[0] < _IN:
            border = detail.astype(np.uint32).view(np.float32)
            for start in range(0, len(border), _TOGETHER):
                some = slice(start, start + _TOGETHER)
                parts.append(_emit_borders(graph, cells, int(kind[0]), feature[some], border[some]))
        else:
            own = [sets[which] for which in detail]
            parts.append(_emit_sets(graph, codes, int(feature[0]), own, kind == _OUT))
    return parts[0] if len(parts) == 1 else graph.node("Concat", *parts, axis=0)


def _emit_borders(
    graph: Graph, cells: str, kind: int, feature: Ints, border: npt.NDArray[np.float32]
) -> str:
    column = graph.node("Gather", cells, graph.constant(feature, np.int32), axis=0)
    op = "Greater" if kind in {_ABOVE, _NOT_ABOVE} else "LessOrEqual"
    said = graph.node(op, column, graph.constant(border[:, None], np.float32))
    return said if kind in {_ABOVE, _UPTO} else graph.node("Not", said)


def _emit_codes(graph: Graph, cells: str) -> str:
    """Write the cells as rows of tables, int32: 0 for what is missing, else the code and one."""
    zero, one = graph.constant(0, np.float32), graph.constant(1, np.float32)
    known = graph.node("GreaterOrEqual", cells, zero)  # not so of NaN
    code = graph.node("Where", known, graph.node("Add", cells, one), zero)
    return graph.node(
        "Cast", graph.node("Min", code, graph.constant(2.0**30, np.float32)), to=ElementType.INT32
    )


def _emit_sets(
    graph: Graph, codes: str, column: int, asked: Sequence[Ints], out: npt.NDArray[np.bool_]
) -> str:
    """Write which of the sets have a row's code, or where asked have not: sets × n.

    The table's first row is for missing cells, its last for codes beyond all sets.
    """
    most = int(max(own.max() for own in asked)) + 1
    table = np.zeros((most + 2, len(asked)), bool)
    for place, own in enumerate(asked):
        table[own + 1, place] = True
    code = graph.node("Gather", codes, graph.constant(column, np.int32), axis=0)
    row = graph.node("Min", code, graph.constant(most + 1, np.int32))
    found = graph.node("Gather", graph.constant(table ^ out), row, axis=0)
    return graph.node("Transpose", found, perm=[1, 0])


def _different(trees: Trees) -> tuple[list[Ints], Ints]:
    """Return the different sets, and which each categorical split's is."""
    number: dict[bytes, int] = {}
    sets: list[Ints] = []
    which = []
    for own in _sets(trees):
        if (key := own.tobytes()) not in number:
            number[key] = len(sets)
            sets.append(own)
        which.append(number[key])
    return sets, np.array(which)


def _sets(trees: Trees) -> list[Ints]:
    members: Any = trees.members
    ends = np.flatnonzero(np.isnan(members))
    return [part[~np.isnan(part)].astype(np.int64) for part in np.split(members, ends + 1)[:-1]]


def _largest(trees: Trees) -> Ints:
    return np.array([own.max() for own in _sets(trees)])
