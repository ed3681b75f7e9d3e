"""Averages of trees whose leaves hold predictions: from scikit-learn's trees to a `Fitted`.

Leaves are few numbers: equal predictions are stored once. A leaf's class probabilities, of more
than two classes, are whole parts of 65,535, so that sums over trees are exact in any order and the
file gives what ``predict`` gives; a ``TreeEnsemble`` a tree leads to the leaves, and a lookup to
their probabilities, because a leaf of it holds one number only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.tree._tree import NODE_DTYPE, Tree  # the routing in C; no public way to it is as fast

from automl.core.frame import Floats, Ints
from automl.core.graph import ElementType, Graph
from automl.core.state import State
from automl.families.forest import Trees, emit, emit_lookup, round_down, starts

WHOLE = 65_535
"""What a probability of 1 is stored as."""
_ARRAYS = ("leaves", "feature", "threshold", "missing_left", "left", "right")


@dataclass(frozen=True, slots=True, eq=False)
class FittedForest:
    """Trees with the predictions of their leaves; ``outputs`` is 1 for regression.

    ``table`` is ``(different leaves, columns)``: float32 targets or chances of the second of two
    classes in one column, or parts of `WHOLE`. ``row`` is each leaf's row in it. ``epochs`` is what
    the training counted: trees, or sizes of a tree tried.
    """

    trees: Trees
    row: npt.NDArray[Any]
    table: npt.NDArray[Any]
    outputs: int
    epochs: int

    @property
    def parameters(self) -> int:
        """Leaves."""
        return len(self.row)

    def predict(self, x: npt.NDArray[np.float32]) -> Floats:
        """Return ``(rows, outputs)``: class probabilities, or the standardized target."""
        return mean(self.sums(x), len(self.trees.leaves), self.outputs)

    def sums(self, x: npt.NDArray[np.float32]) -> Floats:
        """Return what the trees' leaves add up to: ``(rows, columns)``."""
        total = np.zeros((len(x), self.table.shape[1]))
        first_leaf = starts(self.trees.leaves)
        for index, (first, leaves) in enumerate(zip(first_leaf, self.trees.leaves, strict=True)):
            leaf = _route(self.trees, index, x.shape[1]).apply(x) - (int(leaves) - 1)
            total += self.table[self.row[first + leaf]]
        return total

    def state(self) -> State:
        """Return the trees and their leaves."""
        arrays = {name: getattr(self.trees, name) for name in _ARRAYS}
        header = {"outputs": self.outputs, "epochs": self.epochs}
        return State(header, {**arrays, "row": self.row, "table": self.table})

    def emit(self, graph: Graph, x: str) -> str:
        """Write the trees, the lookup of their leaves, and the mean to ``graph``."""
        count = len(self.trees.leaves)
        if self.outputs > 2:
            total = emit_lookup(self.trees, graph, x, row=self.row, table=self.table)
            axis = graph.constant([1], np.int64)
            return graph.node("Div", total, graph.node("ReduceSum", total, axis, keepdims=1))
        weights = (self.table[self.row, 0].astype(np.float64) / count).astype(np.float32)
        scores = emit(
            self.trees, graph, x, targets=np.zeros(count, np.int64), count=1, weights=weights
        )
        scores = graph.node("Cast", scores, to=ElementType.DOUBLE)
        if self.outputs == 1:
            return scores
        first = graph.node("Sub", graph.constant(1.0, np.float64), scores)
        return graph.node("Concat", first, scores, axis=1)


def mean(sums: Floats, trees: int, outputs: int) -> Floats:
    """Return the predictions ``(rows, outputs)`` that the ``sums`` of that many trees mean."""
    average: Floats = sums / (sums.sum(axis=1, keepdims=True) if outputs > 2 else trees)
    return np.hstack([1.0 - average, average]) if outputs == 2 else average


def convert(
    grown: Sequence[Any], *, outputs: int, classes: Ints, smoothing: float, epochs: int
) -> FittedForest:
    """Return scikit-learn's ``grown`` trees (their ``tree_``) as a fitted forest.

    Args:
        grown: At least one.
        outputs: Classes of the task, or 1 for regression.
        classes: Those that the trees know, in their order; not read for regression.
        smoothing: Rows like the average one that each leaf of classes is mixed with.
        epochs: What the training counted.
    """
    arrays: dict[str, npt.NDArray[Any]] = {
        "leaves": np.array([tree.n_leaves for tree in grown]),
        **{
            name: np.concatenate([part[name] for part in map(_splits, grown)])
            for name in _ARRAYS
            if name != "leaves"
        },
    }
    # Tree by tree: of many classes, leaves as they were grown take four times what is stored.
    leaves = np.concatenate(
        [
            _stored(
                _leaf_values(tree)[:, :1]
                if outputs == 1
                else _chances(tree, outputs, classes, smoothing),
                outputs,
            )
            for tree in grown
        ]
    )
    return _fitted(arrays, leaves, np.arange(len(leaves)), outputs=outputs, epochs=epochs)


def join(parts: Sequence[FittedForest], *, epochs: int) -> FittedForest:
    """Return one forest of all the trees of the ``parts``: what `convert` makes of them at once."""
    arrays = {
        name: np.concatenate([getattr(part.trees, name) for part in parts]) for name in _ARRAYS
    }
    first = starts(np.array([len(part.table) for part in parts]))
    row = np.concatenate([at + part.row for at, part in zip(first, parts, strict=True)])
    table = np.concatenate([part.table for part in parts])
    return _fitted(arrays, table, row, outputs=parts[0].outputs, epochs=epochs)


def _fitted(
    arrays: dict[str, npt.NDArray[Any]],
    table: npt.NDArray[Any],
    row: npt.NDArray[Any],
    *,
    outputs: int,
    epochs: int,
) -> FittedForest:
    """Return a forest whose leaves are the ``row`` of each in ``table``, where rows may repeat."""
    arrays |= {name: _small(arrays[name]) for name in ("leaves", "feature", "left", "right")}
    table, place = np.unique(table, axis=0, return_inverse=True)
    arrays |= {"row": _small(place.reshape(-1)[row]), "table": table}
    return load(State({"outputs": outputs, "epochs": epochs}, arrays))


def load(state: State) -> FittedForest:
    """Return what ``FittedForest.state`` once wrote down."""
    trees = Trees(**{name: state.arrays[name] for name in _ARRAYS})
    return FittedForest(trees, state.arrays["row"], state.arrays["table"], **state.header)


def _splits(tree: Any) -> dict[str, npt.NDArray[Any]]:
    """Return the splits of one of scikit-learn's trees, children counted as `Trees` has them."""
    inner = tree.children_left >= 0
    place = np.where(inner, np.cumsum(inner) - 1, ~(np.cumsum(~inner) - 1))
    return {
        "feature": tree.feature[inner],
        "threshold": round_down(tree.threshold[inner]),
        "missing_left": tree.missing_go_to_left[inner].astype(bool),
        "left": place[tree.children_left[inner]],
        "right": place[tree.children_right[inner]],
    }


def _leaf_values(tree: Any) -> Floats:
    values: Floats = tree.value[tree.children_left < 0, 0, :]
    return values


def _chances(tree: Any, outputs: int, classes: Ints, smoothing: float) -> Floats:
    """Return each leaf's probabilities of all classes, mixed with those of the whole tree."""
    rows = tree.weighted_n_node_samples[tree.children_left < 0, None]
    mixed = (_leaf_values(tree) * rows + tree.value[0, 0] * smoothing) / (rows + smoothing)
    chances = np.zeros((len(mixed), outputs))
    chances[:, classes] = mixed
    return chances


def _stored(leaves: Floats, outputs: int) -> npt.NDArray[Any]:
    if outputs > 2:
        return np.round(leaves * WHOLE).astype(np.uint16)
    return leaves[:, -1:].astype(np.float32)


def _small(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    fits = values.size == 0 or max(abs(int(values.min())), int(values.max())) < 2**15
    return values.astype(np.int16 if fits else np.int32)


def _route(trees: Trees, index: int, width: int) -> Any:
    """Return a tree as scikit-learn walks rows of ``width`` cells: its splits, then its leaves.

    Made when it is wanted: it takes 144 bytes a leaf, where the arrays take about 20.
    """
    leaves = int(trees.leaves[index])
    first = int(starts(trees.leaves)[index]) - index  # a tree has one split less than leaves
    part = slice(first, first + leaves - 1)
    nodes = np.zeros(2 * leaves - 1, NODE_DTYPE)
    nodes["left_child"] = nodes["right_child"] = -1
    for name, side in (("left_child", trees.left), ("right_child", trees.right)):
        child = side[part].astype(np.int64)
        nodes[name][: leaves - 1] = np.where(child < 0, leaves - 1 + ~child, child)
    nodes["feature"][: leaves - 1] = trees.feature[part]
    nodes["threshold"][: leaves - 1] = trees.threshold[part]
    nodes["missing_go_to_left"][: leaves - 1] = trees.missing_left[part]
    tree = Tree(width, np.ones(1, np.intp), 1)
    tree.__setstate__(
        {
            "max_depth": 0,
            "node_count": len(nodes),
            "nodes": nodes,
            "values": np.zeros((len(nodes), 1, 1)),
        }
    )
    return tree
