"""How many rows the leaves of a forest had better have: small forests of some rows tell.

Of noisy targets leaves of one row learn the noise, and take longest to grow: on credit_default
(12,000 rows) extra trees had an AUC of 0.741 with leaves of one row, 0.780 with leaves of 16, after
17 and 10 s. Where the target is a function of the features it is the other way: phoneme 0.964 and
0.937.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from automl.core.balance import row_weights
from automl.core.catalog import TaskType
from automl.core.frame import Floats, Ints
from automl.core.hyperparameter import Params
from automl.core.learner import Fold

LEAST, CHOSEN = "least", "chosen"
"""What ``leaf_rows`` says: as many rows as ``min_samples_leaf`` has, or the best of `TIMES`."""

TIMES = (1, 4, 16)
_ROWS, _CELLS = 24_000, 4_000_000
"""Looked at, at most: of thousands of columns a single tree takes long."""
_TREES = 8
_CLEARLY = 0.93
"""Larger leaves must have so much less error: what trees know by heart differs from tree to tree,
and ensembles average it away. At 0.96 to 1.03 of the error leaves of four rows made the ensemble of
electricity 4 % worse; at 0.91 to 0.94 leaves of 16 made that of credit_default 0.4 % better.
"""
_FEWEST = 8
"""Leaves that there should be at least."""


def smallest(params: Params, fold: Fold, forest: Callable[[int], Any]) -> int:
    """Return the rows that a leaf needs.

    A quarter of some of the fold's training rows, in time the newest, judges small forests of the
    others, by squared error: that of a few trees and how far these are apart tell that of as many
    as there will be. Leaves of one row know a group by heart, so no group is on both sides.

    Args:
        params: The candidate's hyperparameters.
        fold: What to learn from.
        forest: Returns scikit-learn's forest with leaves of so many rows.
    """
    least = int(params["min_samples_leaf"])
    if params.get("leaf_rows", LEAST) == LEAST:
        return least
    most = min(_ROWS, _CELLS // fold.train.x.shape[1])
    rows = np.random.default_rng(fold.seed).permutation(len(fold.train.y))[:most]
    judges, learners = _sides(fold, rows)
    sizes = [least * times for times in TIMES if least * times * _FEWEST <= len(learners)]
    if len(sizes) < 2:
        return least
    errors = [_error(forest(size), params, fold, learners, judges) for size in sizes]
    best = int(np.argmin(errors))
    return sizes[best] if errors[best] < _CLEARLY * errors[0] else least


def _sides(fold: Fold, rows: Ints) -> tuple[Ints, Ints]:
    """Return which of the rows judge, about a quarter, and which are learned from."""
    if fold.kin is None:
        judges, learners = np.split(rows, [len(rows) // 4])
        return judges, learners
    aside = fold.kin.take(rows).judges(4, fold.train.y[rows])
    return rows[aside], rows[~aside]


def _error(forest: Any, params: Params, fold: Fold, learners: Ints, judges: Ints) -> float:
    """Return about what all trees' squared error would be on rows that judge."""
    weights = row_weights(params, fold.train.y, fold.outputs)
    forest.set_params(n_estimators=_TREES)
    forest.fit(
        fold.train.x[learners],
        fold.train.y[learners],
        sample_weight=None if weights is None else weights[learners],
    )
    answers = _answers(forest, fold, judges)
    truth = fold.train.y[judges]
    if fold.task is TaskType.CLASSIFICATION:
        truth = truth[:, None] == forest.classes_
    else:
        truth = truth[:, None]
    apart = answers.var(axis=0, ddof=1).sum(axis=1).mean()
    together = ((answers.mean(axis=0) - truth) ** 2).sum(axis=1).mean()
    return float(together - apart / _TREES + apart / int(params["trees"]))


def _answers(forest: Any, fold: Fold, rows: Ints) -> Floats:
    """Return what each tree says of the rows, ``(trees, rows, outputs)``."""
    x = fold.train.x[rows]
    leaves = forest.apply(x)
    return np.stack(
        [tree.tree_.value[leaf, 0, :] for tree, leaf in zip(forest, leaves.T, strict=True)]
    )
