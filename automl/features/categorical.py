"""Categories: a lookup of the values seen in the training rows, with a slot for all others.

Values are ranked by how often they occur, so equal rows give equal codes whatever their order.
Everything works on a column's codes; Python strings are touched once a distinct value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from automl.core.catalog import ColumnKind
from automl.core.frame import Frame, Strings
from automl.core.graph import ML, ElementType, Graph
from automl.core.learner import View
from automl.core.schema import Column
from automl.features.chain import Chain

MOST = 64
"""Columns that one category column may become, beside those for other and missing values."""

MOST_CODES = 1_000
"""Values of a column that have a code, the most frequent: a file must not list a hundred thousand
strings for every fold, and what so few rows share is noise."""

RARE = 5
"""Values in fewer training rows share one column: a weight of their own would be noise."""

FEW = 9
"""Columns of up to so many values have a column a value in `View.EMBEDDING` too: RealMLP's rule."""

NOTHING = -1
"""The code of what has no slot."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One column: the codes of ``values`` are their positions.

    ``other`` is the code of values not listed, ``missing`` that of missing cells; either may be
    ``NOTHING``. With ``folded``, true is also True and TRUE: programs and formats write truth
    values differently. There are at least ``room`` codes; those of nothing come last.
    """

    column: str
    values: tuple[str, ...]
    other: int = NOTHING
    missing: int = NOTHING
    folded: bool = False
    room: int = 0

    @property
    def known(self) -> dict[str, int]:
        """The code of every string that has one; the empty string is a missing cell."""
        known = {value: code for code, value in enumerate(self.values)} | {"": self.missing}
        if self.folded:
            for code, value in enumerate(self.values):
                for word in (value.lower(), value.capitalize(), value.upper()):
                    known.setdefault(word, code)
        return known

    def codes(self, cells: Strings) -> npt.NDArray[np.int64]:
        """Return the code of every cell."""
        known = self.known
        table = [known.get(value, self.other) for value in cells.values]
        return np.array([*table, self.missing], np.int64)[cells.codes]  # −1 takes the last

    def slots(self) -> tuple[str, ...]:
        """Return what each code from 0 stands for."""
        names = [f"{self.column}={value}" for value in self.values]
        if self.other != NOTHING:
            names.append(f"{self.column} is another value")
        if self.missing != NOTHING:
            names.append(f"{self.column} is missing")
        names += (f"{self.column} never {n + 1}" for n in range(self.room - len(names)))
        return tuple(names)

    def emit(self, graph: Graph, cells: str) -> str:
        """Write the codes of string ``cells`` to the graph: int64, n × 1."""
        known = self.known
        return graph.node(
            "LabelEncoder",
            cells,
            domain=ML,
            keys_strings=tuple(known),
            values_int64s=tuple(known.values()),
            default_int64=self.other,
        )


@dataclass(frozen=True, slots=True)
class Categories:
    """Category columns: their codes, or one column of 0 and 1 for each slot."""

    lookups: tuple[Lookup, ...]
    one_hot: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, or those of their slots."""
        if self.one_hot:
            return tuple(slot for lookup in self.lookups for slot in lookup.slots())
        return tuple(lookup.column for lookup in self.lookups)

    @property
    def codes(self) -> tuple[tuple[int, int], ...]:
        """Every position with its lookup's slots, unless one-hot."""
        if self.one_hot:
            return ()
        return tuple((place, len(lookup.slots())) for place, lookup in enumerate(self.lookups))

    def fill(self, frame: Frame, x: npt.NDArray[np.float32]) -> None:
        """Write codes or ones into ``x``."""
        rows = np.arange(frame.rows)
        start = 0
        for place, lookup in enumerate(self.lookups):
            codes = lookup.codes(frame.strings(lookup.column))
            if self.one_hot:
                known = codes != NOTHING
                x[rows[known], start + codes[known]] = 1.0
                start += len(lookup.slots())
            else:
                x[:, place] = codes

    def emit(self, graph: Graph, inputs: Mapping[str, str]) -> str:
        """Write the lookups and, if one-hot, one comparison for all their slots."""
        codes = [lookup.emit(graph, inputs[lookup.column]) for lookup in self.lookups]
        joined = graph.node("Concat", *codes, axis=1)
        if self.one_hot:
            widths = [len(lookup.slots()) for lookup in self.lookups]
            owner = np.repeat(np.arange(len(widths)), widths)
            slot = np.concatenate([np.arange(width) for width in widths])
            spread = graph.node("Gather", joined, graph.constant(owner, np.int64), axis=1)
            joined = graph.node("Equal", spread, graph.constant(slot[None], np.int64))
        return graph.node("Cast", joined, to=ElementType.FLOAT)


def fit(frame: Frame, columns: Sequence[Column], view: View, room: Frame) -> Chain:
    """Return what is one-hot of those columns, then what is codes.

    A column with one value in the rows of ``room`` tells nothing and is left out.
    """
    hot: list[Lookup] = []
    coded: list[Lookup] = []
    for column in columns:
        found = ranked(room.strings(column.name))
        if not found.tells:
            continue
        if view is View.ORDINAL:
            shape, blocks = _with_codes, coded
        elif view is View.EMBEDDING and len(found.values) > FEW:
            shape, blocks = _with_every_slot, coded
        else:
            shape, blocks = _with_slots, hot
        lookup = shape(column, found)
        if room is not frame:
            own = shape(column, ranked(frame.strings(column.name)))
            lookup = replace(own, room=len(lookup.slots()))
        blocks.append(lookup)
    return Chain((Categories(tuple(hot), one_hot=True), Categories(tuple(coded), one_hot=False)))


class Ranked(NamedTuple):
    """What a column holds: its values, the most frequent first, and how often each occurs."""

    values: tuple[str, ...]
    counts: npt.NDArray[np.intp]
    missing: bool
    """Whether any cell is."""

    @property
    def tells(self) -> bool:
        """Whether not all cells are alike."""
        return len(self.values) + self.missing > 1


def ranked(cells: Strings) -> Ranked:
    """Return what the present cells are."""
    counts = np.bincount(cells.codes + 1, minlength=len(cells.values) + 1)
    missing, counts = int(counts[0]), counts[1:]
    for code, value in enumerate(cells.values[:1]):  # sorted: only the first can be empty
        if value == "":
            missing, counts[code] = missing + int(counts[code]), 0
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    return Ranked(tuple(cells.values[code] for code in order), counts[order], missing > 0)


def _with_codes(column: Column, found: Ranked) -> Lookup:
    """Return a code for every value, up to the most, and none for others and missing."""
    folded = column.kind is ColumnKind.BOOLEAN
    return Lookup(column.name, found.values[:MOST_CODES], folded=folded)


def _with_every_slot(column: Column, found: Ranked) -> Lookup:
    """Return codes for the values that are not rare, then one for others and one for missing."""
    lookup = _with_codes(column, found)
    if not found.tells:
        return replace(lookup, values=(), other=0, missing=0)
    kept = min(len(lookup.values), int(np.count_nonzero(found.counts >= RARE)))
    return replace(lookup, values=lookup.values[:kept], other=kept, missing=kept + 1)


def _with_slots(column: Column, found: Ranked) -> Lookup:
    """Return slots for the values that are not rare, and for others and missing where there are."""
    lookup = _with_codes(column, found)
    if not found.tells:
        return replace(lookup, values=())
    kept = slots = min(MOST, int(np.count_nonzero(found.counts >= RARE)))
    other = NOTHING
    if kept < len(lookup.values):
        other, slots = slots, slots + 1
    missing = slots if found.missing else NOTHING
    return replace(lookup, values=lookup.values[:kept], other=other, missing=missing)
