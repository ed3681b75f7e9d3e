"""How often a category occurs, for columns of so many that most have no code of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl.core.frame import Frame
from automl.core.graph import Graph
from automl.core.schema import Column
from automl.features.categorical import MOST_CODES, Lookup, ranked

MANY = 50
"""Columns with more values than this have the feature."""


@dataclass(frozen=True, slots=True, eq=False)
class Frequencies:
    """A number from 0 to 1 a column: ``tables`` gives it by the lookup's code."""

    lookups: tuple[Lookup, ...]
    tables: tuple[npt.NDArray[np.float32], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names with a note."""
        return tuple(f"{lookup.column} frequency" for lookup in self.lookups)

    @property
    def codes(self) -> tuple[tuple[int, int], ...]:
        """None of these are codes."""
        return ()

    def fill(self, frame: Frame, x: npt.NDArray[np.float32]) -> None:
        """Write the frequencies into ``x``."""
        for place, (lookup, table) in enumerate(zip(self.lookups, self.tables, strict=True)):
            x[:, place] = table[lookup.codes(frame.strings(lookup.column))]

    def emit(self, graph: Graph, inputs: Mapping[str, str]) -> str:
        """Write the lookups and their tables."""
        parts = [
            graph.node("Gather", graph.constant(table), lookup.emit(graph, inputs[lookup.column]))
            for lookup, table in zip(self.lookups, self.tables, strict=True)
        ]
        return graph.node("Concat", *parts, axis=1)


def fit(frame: Frame, columns: Sequence[Column], room: Frame) -> Frequencies:
    """Return the frequencies of the columns with many values in the rows of ``room``.

    Where there are not many in ``frame``, they are 0.
    """
    lookups, tables = [], []
    for column in columns:
        values, counts, _ = ranked(frame.strings(column.name))
        few = len(values) <= MANY
        if few and (room is frame or len(ranked(room.strings(column.name)).values) <= MANY):
            continue
        if few:
            lookups.append(_lookup(column.name, ()))
            tables.append(np.zeros(2, np.float32))
            continue
        lookups.append(_lookup(column.name, values[:MOST_CODES]))
        # A value that is not listed counts as one that occurs once, a missing cell as none.
        logs = np.log1p(np.array([*counts[:MOST_CODES], 1, 0], np.float64))
        tables.append((logs / logs.max()).astype(np.float32))
    return Frequencies(tuple(lookups), tuple(tables))


def _lookup(column: str, values: tuple[str, ...]) -> Lookup:
    return Lookup(column, values, other=len(values), missing=len(values) + 1)
