"""Trees as arrays, whoever grew them, and as ``TreeEnsemble`` operators of the model file.

Training libraries compare doubles, ONNX float32. Every threshold is rounded DOWN to float32: for a
float32 ``x`` then ``x ≤ t`` holds exactly when it did before.

``TreeEnsemble`` (``ai.onnx.ml`` 5) rather than ``TreeEnsembleRegressor``: it knows sets of
categories, where the older one needs a chain of nodes, one a category, and its file is 2.5 to 4
times smaller at equal speed or better (measured).
"""

from array import array
from collections.abc import Iterator
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
_NODES = 1 << 13
"""Splits and leaves of the trees that are walked together: ONNX Runtime takes 128 rows at a time
through all trees of a ``TreeEnsemble``, and these, of 24 bytes each, stay in a core's second cache
until the next 128 come."""


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
        targets: The column that each tree adds to; each column has one.
        count: How many columns there are.
        weights: What each leaf adds.
    """
    columns = []
    for column in range(count):  # one by one: with more a row ONNX Runtime takes longer
        own = np.flatnonzero(targets == column)
        sums = [_walk(trees, own[some], graph, x, weights) for some in _together(trees.leaves[own])]
        columns.append(sums[0] if len(sums) == 1 else graph.node("Sum", *sums))
    return columns[0] if count == 1 else graph.node("Concat", *columns, axis=1)


def emit_lookup(
    trees: Trees,
    graph: Graph,
    x: str,
    *,
    row: npt.NDArray[Any],
    table: npt.NDArray[Any],
) -> str:
    """Write the sums over the trees of the rows of ``table`` that their leaves lead to.

    A leaf of a ``TreeEnsemble`` holds one number only, so it holds which row is its own, and each
    tree has one for itself.

    Args:
        trees: At least one.
        graph: The program to append to.
        x: Its float32 features.
        row: The row of each leaf.
        table: Of any numbers, which are added up as float64.

    Returns:
        A float64 value, n × columns of the table.
    """
    count, numbers = len(trees.leaves), row.astype(np.float32)
    found = emit(trees, graph, x, targets=np.arange(count), count=count, weights=numbers)
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


def _together(leaves: npt.NDArray[Any]) -> Iterator[slice]:
    """Yield which trees are walked together: of at most `_NODES` nodes, or one that has more."""
    first, nodes = 0, 0
    for tree, size in enumerate((2 * leaves.astype(np.int64) - 1).tolist()):
        if first < tree and nodes + size > _NODES:
            yield slice(first, tree)
            first, nodes = tree, 0
        nodes += size
    yield slice(first, len(leaves))


def _walk(trees: Trees, some: Ints, graph: Graph, x: str, weights: npt.NDArray[np.float32]) -> str:
    """Write the sum of ``some`` of the trees, n × 1."""
    own = _taken(trees, some)
    splits = np.maximum(own.leaves - 1, 1)  # a tree of one leaf needs a node that leads there
    tree = np.repeat(np.arange(len(splits)), splits)
    real = np.repeat(own.leaves > 1, splits)
    first_split, first_leaf = starts(splits)[tree], starts(own.leaves)[tree]

    def spread(values: npt.NDArray[Any], alone: int) -> npt.NDArray[Any]:
        """Return the splits' ``values`` with ``alone`` where a tree has none."""
        spread = np.full(len(tree), alone, values.dtype)
        spread[real] = values
        return spread

    left, right = (spread(side.astype(np.int64), ~0) for side in (own.left, own.right))
    categorical = np.zeros(len(own.left), bool) if own.categorical is None else own.categorical
    sets = {} if own.members is None else {"membership_values": own.members}
    return graph.node(
        "TreeEnsemble",
        x,
        domain=ML,
        n_targets=1,
        aggregate_function=_SUM,
        tree_roots=_ints(starts(splits)),
        nodes_modes=np.where(spread(categorical, 0), _MEMBER, _LEQ).astype(np.uint8),
        nodes_featureids=_ints(spread(own.feature, 0)),
        nodes_splits=spread(np.where(categorical, np.float32(0), own.threshold), 0),
        nodes_trueleafs=_ints(left < 0),
        nodes_truenodeids=_ints(np.where(left < 0, first_leaf + ~left, first_split + left)),
        nodes_falseleafs=_ints(right < 0),
        nodes_falsenodeids=_ints(np.where(right < 0, first_leaf + ~right, first_split + right)),
        nodes_missing_value_tracks_true=_ints(spread(own.missing_left, 0)),
        leaf_targetids=_ints(np.zeros(own.leaves.sum())),
        leaf_weights=weights[_places(trees.leaves, some)],
        **(sets if categorical.any() else {}),
    )


def _taken(trees: Trees, some: Ints) -> Trees:
    """Return some of the trees."""
    splits = _places(trees.leaves - 1, some)
    categorical, members = trees.categorical, trees.members
    if categorical is not None and members is not None:
        lengths = np.diff(np.flatnonzero(np.isnan(members)), prepend=-1)
        own = (np.cumsum(categorical) - 1)[splits][categorical[splits]]
        categorical, members = categorical[splits], members[_places(lengths, own)]
    return Trees(
        leaves=trees.leaves[some],
        feature=trees.feature[splits],
        threshold=trees.threshold[splits],
        missing_left=trees.missing_left[splits],
        left=trees.left[splits],
        right=trees.right[splits],
        categorical=categorical,
        members=members,
    )


def _places(counts: npt.NDArray[Any], some: Ints) -> Ints:
    """Return the places, one after the other, in some of the end-to-end blocks of those sizes."""
    sizes = counts[some]
    return np.repeat(starts(counts)[some] - starts(sizes), sizes) + np.arange(sizes.sum())


def round_down(values: Floats) -> npt.NDArray[np.float32]:
    """Return the largest float32 not above each value."""
    near = values.astype(np.float32)
    return np.where(near > values, np.nextafter(near, np.float32(-np.inf)), near)


def _ints(values: npt.NDArray[Any]) -> "array[int]":
    """Return whole numbers as an attribute, each in as few bytes as the largest takes."""
    numbers = values.astype(np.int64)
    ends = numbers.min(initial=0), numbers.max(initial=0)
    kind = np.result_type(*map(np.min_scalar_type, ends))
    return array(kind.char, numbers.astype(kind).tobytes())


def starts(counts: npt.NDArray[Any]) -> Ints:
    """Return where each of the end-to-end blocks of those sizes starts."""
    starts: Ints = np.cumsum(counts, dtype=np.int64) - counts
    return starts
