"""Which features may weigh more than others: those that classes have in different shares.

Each feature is multiplied by the logarithm of how much more often one class has it than the
others. Under a penalty that makes it cheap for a linear model to use what naive Bayes would use,
without the independence that naive Bayes believes in.

Reference: Wang and Manning (2012), "Baselines and bigrams: simple, good sentiment and topic
classification"; of more than two classes the root of the mean square over classes against the rest.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from automl.core.frame import Floats
from automl.core.hyperparameter import Params
from automl.core.learner import Examples, Fold, Matrix

_ADDED = 1.0
"""To every count: nothing is impossible because it was not seen."""


def emphasis_of(params: Params, examples: Examples, classes: int) -> Floats | None:
    """Return what each feature is to be multiplied by, ``(features,)``; None for all alike."""
    if classes == 1 or params.get("emphasis", "none") == "none":
        return None
    ratios = _log_ratios(examples.x, examples.y, classes)
    sizes = np.sqrt((ratios**2).mean(axis=0))
    usual = float(np.sqrt((sizes**2).mean()))
    return np.asarray(sizes / usual if usual > 0 else np.ones_like(sizes))


def emphasized(fold: Fold, sizes: Floats | None) -> Fold:
    """Return the fold with its features multiplied by their ``sizes``."""
    if sizes is None:
        return fold
    train, valid = (Examples(_scaled(part.x, sizes), part.y) for part in (fold.train, fold.valid))
    return replace(fold, train=train, valid=valid)


def _log_ratios(x: Matrix, y: npt.NDArray[Any], classes: int) -> Floats:
    """Return how much likelier a feature is in a class than in the others: ``(classes, features)``.

    As the logarithm of the quotient of two shares, each of all features that those rows have.
    """
    members = sparse.csr_array((np.ones(len(y)), (y, np.arange(len(y)))), shape=(classes, len(y)))
    counts = members @ (x > 0).astype(np.float64)
    inside = np.asarray(counts.toarray() if sparse.issparse(counts) else counts)
    outside = inside.sum(axis=0) - inside
    return _log_shares(inside) - _log_shares(outside)


def _log_shares(counts: Floats) -> Floats:
    shares = counts + _ADDED
    return np.asarray(np.log(shares / shares.sum(axis=1, keepdims=True)))


def _scaled(x: Matrix, sizes: Floats) -> Matrix:
    return sparse.csr_array(x @ sparse.diags_array(sizes)) if sparse.issparse(x) else x * sizes
