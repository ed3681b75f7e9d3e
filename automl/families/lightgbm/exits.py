"""Trees that are not walked: all their splits are answered at once, and the answers tell the exits.

A walk waits at every split for the one before, and guesses wrong where to; answers are combined
many at a time. So many rows take a half to a quarter as long, but a single one ten times.

Of each split the side with fewer leaves is the *small* one. A split *holds* for a row that goes to
its small side, and to that of every split on whose small side this one stands. Leaves are put in
order with every small side last, and a split gets the number of the leaf that its small side begins
with, from 1 on. Then a row's leaf is the largest number among the splits that hold, or 0: whatever
has a larger one stands on a small side that the row did not go to.

Reference: QuickScorer (Lucchese et al., 2015) answers all splits first, too, and finds the leaf by
the bits that each false answer clears. ONNX Runtime combines bits one by one, but bools many at a
time; the largest of bytes it takes as fast only from 1.24 or 1.25 on, and files shall not need it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.frame import Ints
from automl.core.graph import ElementType, Graph
from automl.families.forest import Trees, starts
from automl.families.lightgbm import questions

_SPLITS = 48
"""Splits of a tree on the mean: with 30 walking takes twice as long, with 99 no longer."""
_MOST = 255
"""Splits of any tree: what a byte can count."""
_TOGETHER = 256
"""Trees whose exits are sought together: of 1,024 rows 256 KiB of answers, a few of
which stay in a core's second cache."""

_LEAF = -1
"""The column where what is true of leaves is kept, and nobody looks."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Splits by their numbers from 1 on: (trees, most splits of a tree), −1 where there is none."""

    split: Ints
    """Its place among all splits."""
    above: Ints
    """The split, by its place in this array, on whose small side it stands; −1 if on none."""
    depth: Ints
    """On how many small sides it stands."""
    leaf: Ints
    """(trees, most leaves of a tree): the place among all leaves."""
    right: npt.NDArray[np.bool_]
    """(splits,): whether the right side is the small one."""


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """What is known of the rows: a value, bools, facts × n; ``never`` is a fact that never holds.

    ``answer`` and ``above``, as the layout's, are the facts that a split says yes and that what is
    above it holds.
    """

    value: str
    answer: Ints
    above: Ints
    never: int


def fit(trees: Trees) -> bool:
    """Return whether seeking exits is faster than walking, and the file not much larger."""
    splits = trees.leaves - 1
    few = 0 < splits.sum() <= _SPLITS * len(splits) and splits.max() <= _MOST
    return bool(few and questions.fit(trees))


def emit(
    trees: Trees, graph: Graph, x: str, *, weights: npt.NDArray[np.float32], count: int
) -> str:
    """Write the trees' sums to ``graph``: n × ``count`` float64.

    Args:
        trees: One for each sum, round after round.
        graph: The program to append to.
        x: Its float32 features, of at least one row.
        weights: What each leaf adds.
        count: How many sums a row has.
    """
    layout = lay_out(trees)
    table = _emit_table(layout, trees, graph, x)
    rounds = np.arange(len(trees.leaves)).reshape(-1, count)
    rounds = rounds[np.argsort(trees.leaves[rounds].max(axis=1), kind="stable")]
    parts = []
    for some in np.array_split(rounds, max(1, round(rounds.size / _TOGETHER))):
        own = some.ravel()
        exits = _emit_exits(graph, table, own, int(trees.leaves[own].max()) - 1)
        leaves = weights[np.maximum(layout.leaf[own, : trees.leaves[own].max()], 0)]
        # Doubles: over a thousand trees the rounding of float32 adds up to 1e-5.
        wide = graph.node("Cast", graph.constant(leaves), to=ElementType.DOUBLE)
        found = graph.node("GatherElements", wide, exits, axis=1)
        found = graph.node("Reshape", found, graph.constant([*some.shape, -1], np.int64))
        parts.append(graph.node("ReduceSum", found, graph.constant([0], np.int64), keepdims=0))
    total = parts[0] if len(parts) == 1 else graph.node("Sum", *parts)
    return graph.node("Transpose", total, perm=[1, 0])


def lay_out(trees: Trees) -> Layout:
    """Return the splits in the order of the numbers by which exits are known."""
    real = np.arange(1, trees.leaves.max()) < trees.leaves[:, None]
    left, right = np.full((2, *real.shape), ~0)
    left[real], right[real] = trees.left, trees.right
    smaller_right, before = _sides(left, right, real)
    large, small = np.where(smaller_right, (left, right), (right, left))
    begin, above, depth = _order(large, small, before, real)
    number = begin + before

    def by_number(values: npt.NDArray[Any]) -> Ints:
        placed = np.full(real.shape, -1)
        placed[np.nonzero(real)[0], number[real]] = values
        return placed

    first = starts(trees.leaves)
    leaf = np.full((len(real), real.shape[1] + 1), -1)
    leaf[trees.leaves == 1, 0] = first[trees.leaves == 1]
    for side, place in ((large, begin), (small, number + 1)):
        ends = real & (side < 0)
        tree = np.nonzero(ends)[0]
        leaf[tree, place[ends]] = first[tree] + ~side[ends]
    return Layout(
        split=by_number(np.arange(real.sum())),
        above=by_number(above[real]),
        depth=by_number(depth[real]),
        leaf=leaf,
        right=smaller_right[real],
    )


def _sides(
    left: Ints, right: Ints, real: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.bool_], Ints]:
    """Return whether the right side has fewer splits, and how many the other has.

    Node after node, all trees at once: what is below a node has a higher number within its tree.
    """
    most = real.shape[1]
    left, right = np.maximum((left, right), _LEAF)
    size = np.zeros((len(real), most + 1), np.int64)
    for node in reversed(range(most)):
        own = np.flatnonzero(real[:, node])
        size[own, node] = 1 + size[own, left[own, node]] + size[own, right[own, node]]
    tree = np.arange(len(real))[:, None]
    of_left, of_right = size[tree, left], size[tree, right]
    return of_right <= of_left, np.maximum(of_left, of_right)


def _order(
    large: Ints, small: Ints, before: Ints, real: npt.NDArray[np.bool_]
) -> tuple[Ints, Ints, Ints]:
    """Return the least number below each node, as the leaf with it is, and `Layout`'s other two."""
    most = real.shape[1]
    begin, above, depth = np.zeros((3, len(real), most + 1), np.int64)
    above[:] = -1
    for node in range(most):
        own = np.flatnonzero(real[:, node])
        number = begin[own, node] + before[own, node]
        for side, first, upper, deeper in (
            (large[own, node], begin[own, node], above[own, node], 0),
            (small[own, node], number + 1, own * most + number, 1),
        ):
            below = np.maximum(side, _LEAF)
            begin[own, below], above[own, below] = first, upper
            depth[own, below] = depth[own, node] + deeper
    return begin[:, :most], above[:, :most], depth[:, :most]


def _emit_table(layout: Layout, trees: Trees, graph: Graph, x: str) -> _Table:
    """Write what is known of the rows: the answers, and which splits hold that have some above."""
    answers, place = questions.emit(trees, graph, x, right=layout.right)
    asked = np.where(layout.split >= 0, place[layout.split], -1)
    parts, holds = _emit_holding(layout, asked, graph, answers, count=int(place.max()) + 1)
    never = int(max(place.max(), holds.max())) + 1
    one = graph.node("Gather", answers, graph.constant([0], np.int32), axis=0)
    parts.append(graph.node("And", one, graph.constant([[False]])))
    parts.append(graph.node("Or", one, graph.constant([[True]])))
    return _Table(
        graph.node("Concat", *parts, axis=0),
        answer=np.where(layout.split >= 0, asked, never),
        above=np.where(layout.above >= 0, holds[layout.above], never + 1),
        never=never,
    )


def _emit_holding(
    layout: Layout, asked: Ints, graph: Graph, answers: str, *, count: int
) -> tuple[list[str], Ints]:
    """Write whether splits hold that stand above others.

    Args:
        layout: Of the splits.
        asked: The answer of each.
        graph: The program to append to.
        answers: All of them.
        count: How many these are.

    Returns:
        What a table of it consists of, the answers first; for each such split, and for those with
        none above, by its place in the layout the row of the table.
    """
    upper, depth, asked = layout.above.ravel(), layout.depth.ravel(), asked.ravel()
    needed = np.isin(np.arange(upper.size), upper)
    holds = np.where(depth == 0, asked, -1)
    parts, before = [answers], 0
    for level in range(1, int(depth.max())):
        some = np.flatnonzero(needed & (depth == level))
        says = graph.node("Gather", answers, graph.constant(asked[some], np.int32), axis=0)
        rows = graph.constant(holds[upper[some]] - before, np.int32)
        parts.append(graph.node("And", says, graph.node("Gather", parts[-1], rows, axis=0)))
        holds[some], before, count = count + np.arange(len(some)), count, count + len(some)
    return parts, holds


def _emit_exits(graph: Graph, table: _Table, own: Ints, most: int) -> str:
    """Write which leaves rows get to, as numbers: int32, trees × n.

    Args:
        graph: The program to append to.
        table: What is known of the rows.
        own: The trees.
        most: The most splits that one of them has.
    """
    lanes = next(lanes for lanes in (8, 4, 2, 1) if lanes == 1 or lanes * len(own) <= _TOGETHER)
    steps = -(-most // lanes)  # few trees go some numbers at a time: an operator has its price
    spare = ((0, 0), (0, steps * lanes - most))
    answer, above = (
        np.pad(facts[own, :most], spare, constant_values=table.never)
        .reshape(len(own), lanes, steps)
        .transpose(2, 1, 0)
        for facts in (table.answer, table.above)
    )
    largest = graph.constant([[[0]]], np.uint8)
    for step in range(steps):
        says = graph.node("Gather", table.value, graph.constant(answer[step], np.int32), axis=0)
        reached = graph.node("Gather", table.value, graph.constant(above[step], np.int32), axis=0)
        holds = graph.node("And", says, reached)
        numbers = graph.constant(1 + step + steps * np.arange(lanes)[:, None, None], np.uint8)
        largest = graph.node("Where", holds, numbers, largest)
    if lanes > 1:
        parts = graph.nodes_out("Split", largest, count=lanes, axis=0, num_outputs=lanes)
        largest = parts[0]
        for part in parts[1:]:
            some_hold = graph.node("Cast", part, to=ElementType.BOOL)
            largest = graph.node("Where", some_hold, part, largest)
    flat = graph.node("Squeeze", largest, graph.constant([0], np.int64))
    return graph.node("Cast", flat, to=ElementType.INT32)
