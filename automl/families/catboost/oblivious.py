"""CatBoost's trees as arrays: every node of a level asks the same, so a tree is a few questions.

A row's answers, as bits, are the number of its leaf. In the file such a tree is written out node by
node, without the nodes under which all leaves are equal (often those that no row ever reached).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats, Ints
from automl.core.graph import ElementType, Graph
from automl.families.forest import Trees, emit, emit_lookup, starts

_INNER = -1
_TOGETHER = 100
"""Trees whose sum the file keeps in float32: over a thousand, rounding adds up to 1e-5."""


@dataclass(frozen=True, slots=True, eq=False)
class Oblivious:
    """Trees, end to end; a tree of ``depth`` d has d questions and 2 ** d leaves.

    The answer to question i is bit i of a row's leaf: whether its cell is above ``border``, or
    where ``equals``, whether it is that very code. Missing cells answer no.
    """

    depth: npt.NDArray[np.uint8]  # (trees,)
    feature: npt.NDArray[Any]  # (questions,), as the next two
    border: npt.NDArray[np.float32]
    equals: npt.NDArray[np.bool_]
    leaves: npt.NDArray[np.float32]  # (leaves, outputs)
    bias: Floats  # (outputs,)

    def sums(self, x: npt.NDArray[np.float32]) -> Floats:
        """Return what the trees add up to: ``(rows, outputs)``."""
        columns = np.ascontiguousarray(x.T)
        total = np.tile(self.bias, (len(x), 1))
        first = starts(self.depth)
        first_leaf = starts(2 ** self.depth.astype(np.int64))
        for tree, depth in enumerate(self.depth.tolist()):
            leaf = np.full(len(x), first_leaf[tree])
            for bit, question in enumerate(range(first[tree], first[tree] + depth)):
                leaf += self._answer(question, columns).astype(np.int64) << bit
            total += self.leaves[leaf]
        return total

    def _answer(self, question: int, columns: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        cells, border = columns[self.feature[question]], self.border[question]
        answer: npt.NDArray[np.bool_] = cells == border if self.equals[question] else cells > border
        return answer

    def emit(self, graph: Graph, x: str) -> str:
        """Write ``sums`` to ``graph``: n × outputs, float64."""
        bias = graph.constant(self.bias[None], np.float64)
        if not len(self.depth):
            rows = graph.node("Gather", graph.node("Shape", x), graph.constant([0], np.int64))
            width = graph.constant([len(self.bias)], np.int64)
            shape = graph.node("Concat", rows, width, axis=0)
            return graph.node("Expand", bias, shape)
        table, row = np.unique(self.leaves, axis=0, return_inverse=True)
        trees, kept = self._written(row.reshape(-1))
        count = len(self.depth)
        if len(self.bias) > 1:
            return graph.node("Add", emit_lookup(trees, graph, x, row=kept, table=table), bias)
        targets = np.arange(count) // _TOGETHER
        parts = emit(
            trees, graph, x, targets=targets, count=int(targets[-1]) + 1, weights=table[kept, 0]
        )
        wide = graph.node("Cast", parts, to=ElementType.DOUBLE)
        axis = graph.constant([1], np.int64)
        return graph.node("Add", graph.node("ReduceSum", wide, axis, keepdims=1), bias)

    def _written(self, row: Ints) -> tuple[Trees, Ints]:
        """Return the trees node by node, and what stands in their leaves, of ``row``."""
        first, first_leaf = starts(self.depth), starts(2 ** self.depth.astype(np.int64))
        parts: list[_Nodes] = []
        for depth in np.unique(self.depth).tolist():
            which = np.flatnonzero(self.depth == depth)
            questions = first[which, None] + np.arange(depth)
            leaves = row[first_leaf[which, None] + np.arange(2**depth)]
            parts.append(_unfold(questions, leaves))
        question = np.concatenate([part.question for part in parts])
        low, high = (np.concatenate([getattr(p, side) for p in parts]) for side in ("no", "yes"))
        equals = self.equals[question]
        # The file's nodes are true to the left: at most the border, or in the set.
        return Trees(
            leaves=np.concatenate([part.count for part in parts]),
            feature=self.feature[question],
            threshold=self.border[question],
            missing_left=~equals,
            left=np.where(equals, high, low),
            right=np.where(equals, low, high),
            categorical=equals,
            members=_sets(self.border[question[equals]]),
        ), np.concatenate([part.leaf for part in parts])


def stump(bias: Floats) -> Oblivious:
    """Return no trees, but a ``bias``."""
    return Oblivious(
        depth=np.zeros(0, np.uint8),
        feature=np.zeros(0, np.int32),
        border=np.zeros(0, np.float32),
        equals=np.zeros(0, bool),
        leaves=np.zeros((0, len(bias)), np.float32),
        bias=bias,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Nodes:
    """Trees of one depth: what each node asks, where its answers lead, and its leaves."""

    question: Ints
    no: Ints
    yes: Ints
    count: Ints  # leaves of each tree
    leaf: Ints


def _unfold(questions: Ints, leaves: Ints) -> _Nodes:
    """Return trees node by node, out of ``(trees, depth)`` and ``(trees, 2 ** depth)``.

    Level n asks question n, so its nodes are the answers so far, and the next ones lie 2 ** n on.
    """
    depth = questions.shape[1]
    levels = [leaves]
    for size in 2 ** np.arange(depth)[::-1]:
        low, high = levels[0][:, :size], levels[0][:, size:]
        levels.insert(0, np.where(low == high, low, _INNER))
    value = np.concatenate(levels, axis=1)
    level = np.repeat(np.arange(depth), 2 ** np.arange(depth))
    no = np.arange(len(level)) + 2**level
    yes = no + 2**level
    reached = np.zeros(value.shape, bool)
    reached[:, 0] = True
    for parent, (one, other) in enumerate(zip(no, yes, strict=True)):
        splits = reached[:, parent] & (value[:, parent] == _INNER)
        reached[:, one] = reached[:, other] = splits
    inner, end = reached & (value == _INNER), reached & (value != _INNER)
    place = np.where(inner, np.cumsum(inner, axis=1) - 1, ~(np.cumsum(end, axis=1) - 1))
    tree, node = np.nonzero(inner)
    return _Nodes(
        question=questions[tree, level[node]],
        no=place[tree, no[node]],
        yes=place[tree, yes[node]],
        count=end.sum(axis=1),
        leaf=value[end],
    )


def _sets(codes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return one set for each code, ended as `Trees` wants it."""
    return np.column_stack([codes, np.full_like(codes, np.nan)]).reshape(-1)
