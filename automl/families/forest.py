"""Trees as arrays, whoever grew them, and as one ``TreeEnsemble`` of the model file.

Training libraries compare doubles, ONNX float32. Every threshold is rounded DOWN to float32: for a
float32 ``x`` then ``x ≤ t`` holds exactly when it did before.

``TreeEnsemble`` (``ai.onnx.ml`` 5) rather than ``TreeEnsembleRegressor``: it knows sets of
categories, where the older one needs a chain of nodes, one a category, and its file is 2.5 to 4
times smaller at equal speed or better (measured).
"""

from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats, Ints
from automl.core.graph import ML, ElementType, Graph

_LEQ, _MEMBER = 0, 6  # TreeEnsemble's nodes_modes
_SUM = 1
_CELLS = 512
"""Numbers looked up at once in the file, a row: 4 KiB, whatever the trees and columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """Trees, end to end: each array of splits or leaves holds one tree after the other.

    ``left`` and ``right`` count within their tree: from 0 for splits, ``~leaf`` for leaves; a
    tree's first split is its root, and a tree of one leaf has none. ``x ≤ threshold`` goes left,
    or at a ``categorical`` split the codes of its set in ``members``, each set ended by NaN.
    """

    leaves: npt.NDArray[Any]  # (trees,)
    feature: npt.NDArray[Any]  # (splits,), as all down to ``categorical``
    threshold: npt.NDArray[np.float32]
    missing_left: npt.NDArray[np.bool_]
    left: npt.NDArray[Any]
    right: npt.NDArray[Any]
    categorical: npt.NDArray[np.bool_] | None = None
    members: npt.NDArray[np.float32] | None = None


def emit(
    trees: Trees,
    graph: Graph,
    x: str,
    *,
    targets: Ints,
    count: int,
    weights: npt.NDArray[np.float32],
) -> str:
    """Write the trees' sums to ``graph``: n × ``count`` float32.

    Args:
        trees: At least one.
        graph: The program to append to.
        x: Its float32 features.
        targets: The column that each tree adds to.
        count: How many columns there are.
        weights: What each leaf adds.
    """
    splits = np.maximum(trees.leaves - 1, 1)  # a tree of one leaf needs a node that leads there
    tree = np.repeat(np.arange(len(splits)), splits)
    real = np.repeat(trees.leaves > 1, splits)
    first_split, first_leaf = starts(splits)[tree], starts(trees.leaves)[tree]

    def spread(values: npt.NDArray[Any], alone: int) -> npt.NDArray[Any]:
        """Return the splits' ``values`` with ``alone`` where a tree has none."""
        spread = np.full(len(tree), alone, values.dtype)
        spread[real] = values
        return spread

    left, right = (spread(side.astype(np.int64), ~0) for side in (trees.left, trees.right))
    categorical = (
        np.zeros(len(trees.left), bool) if trees.categorical is None else trees.categorical
    )
    sets = {} if trees.members is None else {"membership_values": trees.members}
    return graph.node(
        "TreeEnsemble",
        x,
        domain=ML,
        n_targets=count,
        aggregate_function=_SUM,
        tree_roots=_ints(starts(splits)),
        nodes_modes=np.where(spread(categorical, 0), _MEMBER, _LEQ).astype(np.uint8),
        nodes_featureids=_ints(spread(trees.feature, 0)),
        nodes_splits=spread(np.where(categorical, np.float32(0), trees.threshold), 0),
        nodes_trueleafs=_ints(left < 0),
        nodes_truenodeids=_ints(np.where(left < 0, first_leaf + ~left, first_split + left)),
        nodes_falseleafs=_ints(right < 0),
        nodes_falsenodeids=_ints(np.where(right < 0, first_leaf + ~right, first_split + right)),
        nodes_missing_value_tracks_true=_ints(spread(trees.missing_left, 0)),
        leaf_targetids=_ints(np.repeat(targets, trees.leaves)),
        leaf_weights=weights,
        **(sets if categorical.any() else {}),
    )


def emit_lookup(
    trees: Trees,
    graph: Graph,
    x: str,
    *,
    row: npt.NDArray[Any],
    table: npt.NDArray[Any],
) -> str:
    """Write the sums over the trees of the rows of ``table`` that their leaves lead to.

    A leaf of a ``TreeEnsemble`` holds one number only, so it holds which row is its own.

    Args:
        trees: At least one.
        graph: The program to append to.
        x: Its float32 features.
        row: The row of each leaf.
        table: Of any numbers, which are added up as float64.

    Returns:
        A float64 value, n × columns of the table.
    """
    count = len(trees.leaves)
    found = emit(
        trees, graph, x, targets=np.arange(count), count=count, weights=row.astype(np.float32)
    )
    rows = graph.node("Cast", found, to=ElementType.INT64)
    values = graph.constant(table)
    axis = graph.constant([1], np.int64)
    size = max(1, _CELLS // table.shape[1])
    total = ""
    for start in range(0, count, size):
        bounds = [graph.constant([bound], np.int64) for bound in (start, start + size)]
        cells = graph.node("Gather", values, graph.node("Slice", rows, *bounds, axis), axis=0)
        # Doubles: whole numbers of a forest's size add up exactly, and all kernels have them.
        wide = graph.node("Cast", cells, to=ElementType.DOUBLE)
        part = graph.node("ReduceSum", wide, axis, keepdims=0)
        total = graph.node("Add", total, part) if total else part
    return total


def round_down(values: Floats) -> npt.NDArray[np.float32]:
    """Return the largest float32 not above each value."""
    near = values.astype(np.float32)
    return np.where(near > values, np.nextafter(near, np.float32(-np.inf)), near)


def _ints(values: npt.NDArray[Any]) -> "array[int]":
    """Return whole numbers as an attribute: a fifth of what a list of them takes."""
    return array("q", values.astype(np.int64).tobytes())


def starts(counts: npt.NDArray[Any]) -> Ints:
    """Return where each of the end-to-end blocks of those sizes starts."""
    starts: Ints = np.cumsum(counts, dtype=np.int64) - counts
    return starts
