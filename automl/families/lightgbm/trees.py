"""A booster's text as arrays, and as one TreeEnsemble of the model file.

LightGBM compares doubles, ONNX float32. Every threshold is rounded DOWN to float32: for a float32
``x`` then ``x ≤ t`` holds exactly when it did before. Written from the text because that is many
times faster than the JSON dump and the public converters.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats, Ints
from automl.core.graph import ML, Graph

_CATEGORICAL, _DEFAULT_LEFT, _MISSING_NAN = 1, 2, 8  # bits of LightGBM's decision_type
_FIELDS = {
    "num_leaves": np.int64,
    "split_feature": np.int64,
    "threshold": np.float64,
    "decision_type": np.int64,
    "left_child": np.int64,
    "right_child": np.int64,
    "leaf_value": np.float64,
    "cat_boundaries": np.int64,
    "cat_threshold": np.uint32,
}
_KEPT = frozenset({*_FIELDS, "num_cat", "is_linear", "shrinkage"})
_END = "end of trees"

_MODES = np.array(["BRANCH_LEQ", "BRANCH_EQ", "LEAF"], dtype=object)
_LEQ, _EQ, _LEAF = range(3)
_NODE = np.dtype(
    [
        ("tree", np.int64),
        ("id", np.int64),
        ("mode", np.int64),
        ("feature", np.int64),
        ("value", np.float32),
        ("true", np.int64),
        ("false", np.int64),
        ("missing_true", np.int64),
    ]
)
_Nodes = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees, end to end: each array of splits or leaves holds one tree after the other.

    ``left`` and ``right`` count within their tree: from 0 for splits, ``~leaf`` for leaves.
    """

    leaves: Ints  # (trees,)
    feature: Ints  # (splits,), as all down to ``categories``
    threshold: Floats
    decision: Ints
    left: Ints
    right: Ints
    categories: tuple[Ints, ...]  # the codes that go left, empty for a numeric split
    value: Floats  # (leaves,)


def compact(text: str) -> str:
    """Return the booster's text without what prediction does not need (about half of it)."""
    head, *trees = text[: text.index(_END)].split("\nTree=")
    lines = [line for line in head.splitlines() if not line.startswith("tree_sizes=")]
    for index, tree in enumerate(trees):
        kept = [line for line in tree.splitlines() if line.partition("=")[0] in _KEPT]
        lines += ["", f"Tree={index}", *kept, ""]
    return "\n".join([*lines, "", _END, ""])


def parse(text: str) -> Forest:
    """Return the trees of a booster's text."""
    found: dict[str, list[str]] = {name: [] for name in _FIELDS}
    for line in text[text.index("\nTree=") : text.index(_END)].splitlines():
        name, _, content = line.partition("=")
        if name in found:
            found[name].append(content)
    arrays: dict[str, Any] = {
        name: np.array(" ".join(found[name]).split(), dtype=dtype)
        for name, dtype in _FIELDS.items()
    }
    return Forest(
        leaves=arrays["num_leaves"],
        feature=arrays["split_feature"],
        threshold=arrays["threshold"],
        decision=arrays["decision_type"],
        left=arrays["left_child"],
        right=arrays["right_child"],
        categories=_category_sets(arrays),
        value=arrays["leaf_value"],
    )


def emit(forest: Forest, graph: Graph, x: str, *, targets: int) -> str:
    """Write the sum of the trees of each target: n × ``targets`` float32 raw scores."""
    nodes = np.concatenate([_splits(forest), _leaves(forest)])
    nodes = nodes[np.lexsort((nodes["id"], nodes["tree"]))]
    leaves = nodes[nodes["mode"] == _LEAF]
    return graph.node(
        "TreeEnsembleRegressor",
        x,
        domain=ML,
        n_targets=targets,
        nodes_treeids=nodes["tree"],
        nodes_nodeids=nodes["id"],
        nodes_featureids=nodes["feature"],
        nodes_modes=list(_MODES[nodes["mode"]]),
        nodes_values=nodes["value"],
        nodes_truenodeids=nodes["true"],
        nodes_falsenodeids=nodes["false"],
        nodes_missing_value_tracks_true=nodes["missing_true"],
        target_treeids=leaves["tree"],
        target_nodeids=leaves["id"],
        target_ids=leaves["tree"] % targets,
        target_weights=forest.value.astype(np.float32),
    )


def round_down(values: Floats) -> npt.NDArray[np.float32]:
    """Return the largest float32 not above each value."""
    near = values.astype(np.float32)
    return np.where(near > values, np.nextafter(near, np.float32(-np.inf)), near)


def _category_sets(arrays: dict[str, Any]) -> tuple[Ints, ...]:
    """Return each split's codes that go left, out of LightGBM's bit sets."""
    sets = [np.empty(0, np.int64)] * len(arrays["decision_type"])
    # Each tree's boundaries start at 0 again: only rises are sets, and these tile all words.
    lengths = np.diff(arrays["cat_boundaries"])
    ends = np.cumsum(lengths[lengths > 0])
    splits = np.flatnonzero(arrays["decision_type"] & _CATEGORICAL)
    for split, words in zip(splits, np.split(arrays["cat_threshold"], ends[:-1]), strict=False):
        bits = np.unpackbits(words.astype("<u4").view(np.uint8), bitorder="little")
        sets[split] = np.flatnonzero(bits)
    return tuple(sets)


def _splits(forest: Forest) -> _Nodes:
    """Return one node a split, more where it is one by categories."""
    nodes = np.zeros(len(forest.feature), _NODE)
    count = forest.leaves - 1
    nodes["tree"] = np.repeat(np.arange(len(count)), count)
    nodes["id"] = _within(count)
    nodes["feature"] = forest.feature
    nodes["value"] = round_down(forest.threshold)
    first_leaf = np.repeat(count, count)
    nodes["true"] = np.where(forest.left < 0, first_leaf + ~forest.left, forest.left)
    nodes["false"] = np.where(forest.right < 0, first_leaf + ~forest.right, forest.right)
    # A feature without missing cells in training takes NaN as 0.
    left = np.where(
        forest.decision & _MISSING_NAN, forest.decision & _DEFAULT_LEFT, forest.threshold >= 0
    )
    nodes["missing_true"] = left != 0
    return _chained(nodes, forest)


def _chained(nodes: _Nodes, forest: Forest) -> _Nodes:
    """Turn a split by a set of codes into a chain of questions for one code each.

    All of a chain lead to the same node when true; only the last leads on to the right when false.
    """
    sets = forest.categories
    sizes = np.array([max(len(codes), 1) for codes in sets], np.int64)
    nodes = np.repeat(nodes, sizes)
    step = _within(sizes)
    categorical = np.repeat(forest.decision & _CATEGORICAL, sizes) != 0
    nodes["mode"][categorical] = _EQ
    nodes["missing_true"][categorical] = 0
    nodes["value"][categorical] = np.concatenate([np.empty(0, np.int64), *sets])

    further = np.bincount(nodes["tree"][step > 0], minlength=len(forest.leaves))
    used = np.repeat(2 * forest.leaves - 1, further)  # ids of the splits and leaves come first
    nodes["id"][step > 0] = used + _within(further)
    goes_on = np.flatnonzero(step + 1 < np.repeat(sizes, sizes))
    nodes["false"][goes_on] = nodes["id"][goes_on + 1]
    return nodes


def _leaves(forest: Forest) -> _Nodes:
    nodes = np.zeros(len(forest.value), _NODE)
    nodes["tree"] = np.repeat(np.arange(len(forest.leaves)), forest.leaves)
    nodes["id"] = _within(forest.leaves) + np.repeat(forest.leaves - 1, forest.leaves)
    nodes["mode"] = _LEAF
    return nodes


def _within(counts: Ints) -> Ints:
    """Return 0…n−1 for each n of ``counts``, end to end."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
