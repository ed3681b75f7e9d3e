"""Few rows of many features: an L2 penalty leaves no weight outside the space that they span.

In an orthonormal basis of it rows are as wide as there are of them, and loss and penalty are what
they were: the weights found there, turned back, are those that would have been found at full width.

Reference: Hastie & Tibshirani, Efficient quadratic regularization for expression arrays, 2004.
"""

from dataclasses import replace

import numpy as np
from scipy import sparse
from scipy.linalg import qr

from automl.core.frame import Floats
from automl.families.linear.problem import Rows

_WIDE = 1.5
"""Features to a row from which turning pays."""
_FEATURES = 256
_WORK = 4e10  # rows² × features: above, turning takes longer than it spares


def basis_of(rows: Rows) -> Floats | None:
    """Return an orthonormal basis of what the rows span, ``(features, rows)``; None: not worth it.

    Only for weights without an L1 penalty, which sees single features.
    """
    count, features = rows.x.shape
    wide = features >= _FEATURES and features >= _WIDE * count
    if sparse.issparse(rows.x) or not wide or count**2 * features > _WORK:
        return None
    basis: Floats = qr(rows.x.T, mode="economic", check_finite=False)[0]
    return basis


def turned(rows: Rows, basis: Floats | None) -> Rows:
    """Return the rows in the basis, as they are without one."""
    return rows if basis is None else replace(rows, x=rows.x @ basis)


def turned_back(weights: Floats, basis: Floats | None) -> Floats:
    """Return weights of features for those of the basis, the intercept last."""
    return weights if basis is None else np.vstack([basis @ weights[:-1], weights[-1:]])
