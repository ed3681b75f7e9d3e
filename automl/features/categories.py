"""Category columns: their codes or slots, then how often the values of the wide ones occur."""

from collections.abc import Sequence

from automl.core.catalog import ColumnKind
from automl.core.frame import Frame
from automl.core.learner import View
from automl.core.schema import Column
from automl.features import categorical, frequency
from automl.features.chain import Chain


def coded(column: Column) -> bool:
    """Return whether a column may become codes in `View.EMBEDDING`."""
    return column.kind is ColumnKind.CATEGORICAL and column.unique > categorical.FEW


def fit(frame: Frame, columns: Sequence[Column], view: View, room: Frame) -> Chain:
    """Return both blocks for those columns."""
    codes = categorical.fit(frame, columns, view, room)
    return Chain((codes, frequency.fit(frame, columns, room)))
