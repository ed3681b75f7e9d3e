"""A booster's text as arrays, and as TreeEnsembles of the model file.

Written from the text because that is many times faster than the JSON dump and the public
converters.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats, Ints
from automl.core.graph import ElementType, Graph
from automl.families.forest import Trees, round_down
from automl.families.forest import emit as write
from automl.families.lightgbm import exits

_CATEGORICAL, _DEFAULT_LEFT, _MISSING_NAN = 1, 2, 8  # bits of LightGBM's decision_type
_ZERO = np.float32(1e-35)
"""LightGBM takes anything up to this size as 0 when it predicts."""
MANY = 64
"""Rows from which on trees are not walked: with so many of them both take about as long."""
MOST = 2_048
"""Rows up to which they are not, twice a block of `automl.export.scoring`: whoever gives the file
more at once by other means has them walked, for the answers of all to all questions would not fit
into the memory of a small machine."""
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


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees, end to end: each array of splits or leaves holds one tree after the other.

    ``left`` and ``right`` count within their tree: from 0 for splits, ``~leaf`` for leaves.
    """

    leaves: Ints  # (trees,)
    feature: Ints  # (splits,), as all down to ``right``
    threshold: Floats
    decision: Ints
    left: Ints
    right: Ints
    members: npt.NDArray[np.float32]
    """The codes that go left at each categorical split, each set ended by NaN."""
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
        members=_members(arrays),
        value=arrays["leaf_value"],
    )


def emit(forest: Forest, graph: Graph, x: str, *, targets: int) -> str:
    """Write the sum of the trees of each target: n × ``targets`` float64 raw scores.

    In two forms where that pays: from `MANY` rows to `MOST` trees are not walked (`exits`).
    """
    categorical = forest.decision & _CATEGORICAL != 0
    trees = Trees(
        leaves=forest.leaves,
        feature=forest.feature,
        threshold=_thresholds(forest),
        missing_left=_missing_left(forest),
        left=forest.left,
        right=forest.right,
        categorical=categorical,
        members=forest.members,
    )
    weights = forest.value.astype(np.float32)

    def walk() -> str:
        belongs = np.arange(len(forest.leaves)) % targets
        sums = write(trees, graph, x, targets=belongs, count=targets, weights=weights)
        return graph.node("Cast", sums, to=ElementType.DOUBLE)

    def seek() -> str:
        return exits.emit(trees, graph, x, weights=weights, count=targets)

    if not exits.fit(trees):
        return walk()
    many = graph.shared("GreaterOrEqual", graph.rows(), graph.constant([MANY], np.int64))
    bounded = graph.shared("LessOrEqual", graph.rows(), graph.constant([MOST], np.int64))
    return graph.either(graph.shared("And", many, bounded), seek, walk)


def _thresholds(forest: Forest) -> npt.NDArray[np.float32]:
    """Return what float32 cells are held against; see ``_ZERO`` for those next to 0."""
    exact = round_down(forest.threshold)
    tiny = np.where(forest.threshold < 0, np.nextafter(-_ZERO, np.float32(-1)), _ZERO)
    return np.where(np.abs(forest.threshold) <= _ZERO, tiny, exact)


def _missing_left(forest: Forest) -> npt.NDArray[np.bool_]:
    """Return whether NaN goes left: a feature complete in training takes it as 0."""
    knows = forest.decision & _MISSING_NAN != 0
    left: Any = np.where(knows, forest.decision & _DEFAULT_LEFT != 0, forest.threshold >= 0)
    return np.where(forest.decision & _CATEGORICAL == 0, left, False)


def _members(arrays: dict[str, Any]) -> npt.NDArray[np.float32]:
    """Return the codes that go left, set after set, out of LightGBM's bit sets."""
    # Each tree's boundaries start at 0 again: only rises are sets, and these tile all words.
    lengths = np.diff(arrays["cat_boundaries"])
    ends = np.cumsum(lengths[lengths > 0])
    words = arrays["cat_threshold"].astype("<u4").view(np.uint8)
    bits = np.flatnonzero(np.unpackbits(words, bitorder="little"))
    sets = np.searchsorted(ends, bits // 32, side="right")
    codes = (bits - 32 * np.append(0, ends)[sets]).astype(np.float32)
    last = np.flatnonzero(np.diff(sets, append=-1)) + 1
    return np.insert(codes, last, np.nan)
