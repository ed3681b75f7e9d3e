"""A booster's text as arrays, and as one TreeEnsemble of the model file.

LightGBM compares doubles, ONNX float32. Every threshold is rounded DOWN to float32: for a float32
``x`` then ``x ≤ t`` holds exactly when it did before. Written from the text because that is many
times faster than the JSON dump and the public converters.

``TreeEnsemble`` (``ai.onnx.ml`` 5) rather than ``TreeEnsembleRegressor``: it knows sets of
categories, where the older one needs a chain of nodes, one a category, and its file is 2.5 to 4
times smaller at equal speed or better (measured).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats, Ints
from automl.core.graph import ML, Graph

_CATEGORICAL, _DEFAULT_LEFT, _MISSING_NAN = 1, 2, 8  # bits of LightGBM's decision_type
_ZERO = np.float32(1e-35)
"""LightGBM takes anything up to this size as 0 when it predicts."""
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

_LEQ, _MEMBER = 0, 6  # TreeEnsemble's nodes_modes


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
    splits = np.maximum(forest.leaves - 1, 1)  # a tree of one leaf needs a node that leads there
    tree = np.repeat(np.arange(len(splits)), splits)
    real = np.repeat(forest.leaves > 1, splits)
    first_split, first_leaf = _starts(splits)[tree], _starts(forest.leaves)[tree]

    def spread(values: npt.NDArray[Any], alone: int) -> npt.NDArray[Any]:
        """Return the splits' ``values`` with ``alone`` where a tree has none."""
        spread = np.full(len(tree), alone, values.dtype)
        spread[real] = values
        return spread

    left, right = spread(forest.left, ~0), spread(forest.right, ~0)
    categorical = spread(forest.decision & _CATEGORICAL, 0) != 0
    return graph.node(
        "TreeEnsemble",
        x,
        domain=ML,
        n_targets=targets,
        aggregate_function=1,  # sum
        tree_roots=_starts(splits).tolist(),
        nodes_modes=np.where(categorical, _MEMBER, _LEQ).astype(np.uint8),
        nodes_featureids=spread(forest.feature, 0).tolist(),
        nodes_splits=np.where(categorical, 0, spread(_thresholds(forest), 0)),
        nodes_trueleafs=(left < 0).astype(int).tolist(),
        nodes_truenodeids=np.where(left < 0, first_leaf + ~left, first_split + left).tolist(),
        nodes_falseleafs=(right < 0).astype(int).tolist(),
        nodes_falsenodeids=np.where(right < 0, first_leaf + ~right, first_split + right).tolist(),
        nodes_missing_value_tracks_true=spread(_missing_left(forest), 0).tolist(),
        leaf_targetids=np.repeat(np.arange(len(splits)) % targets, forest.leaves).tolist(),
        leaf_weights=forest.value.astype(np.float32),
        **_members(forest),
    )


def round_down(values: Floats) -> npt.NDArray[np.float32]:
    """Return the largest float32 not above each value."""
    near = values.astype(np.float32)
    return np.where(near > values, np.nextafter(near, np.float32(-np.inf)), near)


def _thresholds(forest: Forest) -> npt.NDArray[np.float32]:
    """Return what float32 cells are held against; see ``_ZERO`` for those next to 0."""
    exact = round_down(forest.threshold)
    tiny = np.where(forest.threshold < 0, np.nextafter(-_ZERO, np.float32(-1)), _ZERO)
    return np.where(np.abs(forest.threshold) <= _ZERO, tiny, exact)


def _missing_left(forest: Forest) -> Ints:
    """Return 1 where NaN goes left: a feature complete in training takes it as 0."""
    knows = forest.decision & _MISSING_NAN != 0
    left: Any = np.where(knows, forest.decision & _DEFAULT_LEFT != 0, forest.threshold >= 0)
    return np.where(forest.decision & _CATEGORICAL == 0, left, 0).astype(np.int64)


def _members(forest: Forest) -> dict[str, npt.NDArray[np.float32]]:
    """Return the codes that go left at each categorical split, each set ended by NaN."""
    sets = [np.append(codes, np.nan) for codes in forest.categories if len(codes)]
    return {"membership_values": np.concatenate(sets).astype(np.float32)} if sets else {}


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


def _starts(counts: Ints) -> Ints:
    """Return where each of the end-to-end blocks of those sizes starts."""
    return np.cumsum(counts) - counts
