"""Dates: what the calendar says of them, how old they are, and whether they are there.

Trees get the parts as numbers; linear models and networks get month, weekday and hour as points on
a circle, where December is beside January.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from automl.core import moments
from automl.core.catalog import ColumnKind
from automl.core.frame import Floats, Frame
from automl.core.graph import Graph
from automl.core.learner import Scaling, View
from automl.core.schema import Column, DateFormat
from automl.features import numeric
from automl.features.numeric import Numbers

AGE = "age"
PARTS: Mapping[View, tuple[str, ...]] = {
    View.ORDINAL: ("year", "month", "day", "weekday", "hour", AGE),
    View.ONE_HOT: (
        "year",
        "day",
        AGE,
        *(f"{name} {label}" for name in moments.CYCLES for label in ("sine", "cosine")),
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Dates:
    """All date columns: ``numbers`` takes their parts, which are columns named for both."""

    formats: Mapping[str, DateFormat]
    numbers: Numbers

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names with what is taken of them."""
        return self.numbers.names

    @property
    def codes(self) -> tuple[tuple[int, int], ...]:
        """None of these are codes."""
        return ()

    def fill(self, frame: Frame, x: npt.NDArray[np.float32]) -> None:
        """Write the scaled parts and flags into ``x``."""
        self.numbers.fill(_parsed(frame, self.formats), x)

    def emit(self, graph: Graph, inputs: Mapping[str, str]) -> str:
        """Write the parsing of every column, and what becomes of the parts."""
        parts: dict[str, str] = {}
        for name, format_ in self.formats.items():
            found = moments.emit(graph, inputs[name], format_)
            parts |= {f"{name} {part}": value for part, value in found.items()}
        return self.numbers.emit(graph, parts)


def fit(
    frame: Frame,
    columns: Sequence[Column],
    view: View,
    room: Frame,
    scaling: Scaling = Scaling.ROBUST,
) -> Dates:
    """Return the parts of those columns, scaled by the rows of ``frame``."""
    formats = {column.name: column.date for column in columns if column.date is not None}
    parsed = _parsed(frame, formats)
    wide = parsed if room is frame else _parsed(room, formats)
    parts = [
        Column(f"{name} {part}", ColumnKind.NUMERIC, "number", 0, 0)
        for name in formats
        for part in PARTS[view]
    ]
    numbers = numeric.fit(parsed, parts, view, wide, scaling)
    ages = {f"{name} {AGE}" for name in formats}
    flagged = tuple(index for index in numbers.flagged if numbers.columns[index] in ages)
    return Dates(formats, replace(numbers, flagged=flagged, given=False))


def _parsed(frame: Frame, formats: Mapping[str, DateFormat]) -> Frame:
    """Return the parts of every date column as columns of numbers."""
    columns: dict[str, Floats] = {}
    for name, format_ in formats.items():
        cells = frame.strings(name)
        codes = cells.codes if len(cells.values) else np.zeros(len(cells), np.int32)
        for part, values in moments.parse((*cells.values, ""), format_).items():
            columns[f"{name} {part}"] = values[codes]
    return Frame(columns, frame.rows)
