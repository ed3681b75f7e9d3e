"""Truth values: 0/1 numbers keep their value, words become categories of two."""

from collections.abc import Sequence

import numpy as np

from automl.core.frame import Frame
from automl.core.learner import View
from automl.core.schema import Column
from automl.features import categorical, numeric
from automl.features.base import Block
from automl.features.chain import Chain


def fit(frame: Frame, columns: Sequence[Column], view: View, room: Frame) -> Block:
    """Return −1 for 0 and 1 for 1; missing is NaN for trees, else 0 with a flag.

    A number beyond 0 and 1 in later rows counts as the nearer of the two.
    """
    names = tuple(column.name for column in columns if column.cells == "number")
    ones = np.ones(len(names))
    numbers = numeric.assemble(
        frame,
        names,
        room=room,
        center=ones * 0.5,
        scale=ones * 0.5,
        limit=1.0,
        bend=0.0,
        impute=view is View.ONE_HOT,
    )
    words = [column for column in columns if column.cells == "string"]
    return Chain((numbers, categorical.fit(frame, words, view, room)))
