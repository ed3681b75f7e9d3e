"""Which columns CatBoost is given for those of a fold, and its trees in the fold's own columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats, Ints
from automl.core.learner import Fold
from automl.families.catboost.classes import Classes
from automl.families.catboost.oblivious import Oblivious

FEW = 64
"""Columns of up to so many categories become a column a category; of the others it sees codes."""

MOST_CELLS = 50_000_000
"""Cells that these may have together, 200 MB; where rows are many, the least categories first."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """For each column: the one it comes from, and the code that is its 1; NaN: the cell itself."""

    source: Ints
    code: Floats

    @classmethod
    def of(cls, fold: Fold) -> "Columns":
        """Return the columns for a fold; two categories alone are told apart by their codes."""
        codes = {column: _codes(fold, column, count) for column, count in fold.layout.codes}
        few = _few(codes, len(fold.train.x))
        found: list[tuple[int, float]] = []
        for column in range(fold.train.x.shape[1]):
            if column in few:
                found += [(column, float(code)) for code in codes[column]]
            else:
                found.append((column, np.nan))
        source, code = zip(*found, strict=True)
        return cls(np.array(source, np.int64), np.array(code))

    def spread(self, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return ``x`` as CatBoost sees it."""
        spread = x[:, self.source]
        hot = ~np.isnan(self.code)
        spread[:, hot] = spread[:, hot] == self.code[hot]
        return spread

    def trees(self, model: Mapping[str, Any], rounds: int, classes: Classes) -> Oblivious:
        """Return the first trees of CatBoost's ``model``, which is its JSON, for unspread rows."""
        trees = model["oblivious_trees"][:rounds]
        splits = [tree["splits"] or () for tree in trees]  # null where a tree asks nothing
        questions = [question for asked in splits for question in asked]
        seen = np.array([question["float_feature_index"] for question in questions], np.int64)
        border = np.array([question["border"] for question in questions], np.float64)
        code = self.code[seen]
        scale, bias = model["scale_and_bias"]
        leaves = [np.reshape(tree["leaf_values"], (-1, len(bias))) for tree in trees]
        return Oblivious(
            depth=np.array([len(asked) for asked in splits], np.uint8),
            feature=self.source[seen].astype(np.int32),
            border=np.where(np.isnan(code), border, code).astype(np.float32),
            equals=~np.isnan(code),
            leaves=classes.whole(scale * np.concatenate(leaves), 0.0).astype(np.float32),
            bias=classes.whole(np.array([bias]), classes.absent)[0],
        )


def _codes(fold: Fold, column: int, count: int) -> range:
    """Return the codes of a column; −1 is one of them where cells are missing."""
    return range(-bool((fold.train.x[:, column] < 0).any()), count)


def _few(codes: Mapping[int, range], rows: int) -> set[int]:
    """Return the columns that become a column a category."""
    few = [column for column, own in codes.items() if len(own) > 2 and own.stop <= FEW]
    few.sort(key=lambda column: len(codes[column]))
    ends = np.cumsum([len(codes[column]) for column in few])
    return set(few[: np.searchsorted(ends, MOST_CELLS // rows, side="right")])
