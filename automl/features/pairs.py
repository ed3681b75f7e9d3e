"""Sums, differences, products and ratios of two columns of numbers, where they tell more.

Trees ask one column at a time: a ratio takes them a staircase of questions, and a slanted border in
a plane of two columns (latitude and longitude) another. Which pairs are worth a column is decided
on the training rows of each fold alone, see `chosen`.

Reference: Horn, Pack and Rieger, The autofeat Python Library for Automated Feature Engineering and
Selection, 2019.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.catalog import ColumnKind
from automl.core.frame import Floats, Frame, Scalars, Strings
from automl.core.graph import Graph
from automl.core.learner import View
from automl.core.schema import Column
from automl.features import additive, numeric
from automl.features.numeric import Numbers
from automl.features.outputs import Target, outputs

Pair: TypeAlias = tuple[str, str, str]
"""A column, a key of ``OPERATIONS``, and another column."""

MOST = 10
"""Columns made of pairs."""

MOST_COLUMNS = 12
"""Columns that are paired, those that tell most by themselves."""

SAMPLE = 4_000
"""Rows that pairs are judged on."""

ALIKE = 0.99
"""The correlation of ranks from which on two columns say the same to a tree."""

_SEEN = frozenset({ColumnKind.NUMERIC, ColumnKind.BOOLEAN, ColumnKind.CATEGORICAL})
"""The kinds of columns that are told apart from what their pairs tell."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One of the four; ``scaled`` where it needs its columns in units of their own spread."""

    node: str
    apply: Callable[[Floats, Floats], Floats]
    scaled: bool
    turns: bool = False
    """Whether the other way round is worth a look too."""


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "+": Operation("Add", np.add, scaled=True),
        "−": Operation("Sub", np.subtract, scaled=True),
        "×": Operation("Mul", np.multiply, scaled=False),
        "÷": Operation("Div", np.divide, scaled=False, turns=True),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The chosen pairs: ``numbers`` takes what they give, which are columns named for them."""

    pairs: tuple[Pair, ...]
    spreads: Mapping[str, float]
    """Of every column that some pair needs in units of it."""
    numbers: Numbers

    @property
    def names(self) -> tuple[str, ...]:
        """The two columns' names with the sign between them."""
        return self.numbers.names

    @property
    def codes(self) -> tuple[tuple[int, int], ...]:
        """None of these are codes."""
        return ()

    def fill(self, frame: Frame, x: npt.NDArray[np.float32]) -> None:
        """Write the scaled results into ``x``."""
        cells = {name: numeric.known(frame.numbers(name)) for name in self._paired}
        self.numbers.fill(_derived(Frame(cells, frame.rows), self.pairs, self.spreads), x)

    def emit(self, graph: Graph, inputs: Mapping[str, str]) -> str:
        """Write the operations, and what becomes of their results."""
        inputs = self._emit_known(graph, inputs)
        units = {
            name: graph.node("Div", inputs[name], graph.constant([[spread]], np.float64))
            for name, spread in self.spreads.items()
        }
        found = {}
        for left, sign, right in self.pairs:
            operation = OPERATIONS[sign]
            cells = units if operation.scaled else inputs
            found[_name(left, sign, right)] = graph.node(operation.node, cells[left], cells[right])
        return self.numbers.emit(graph, found)

    @property
    def _paired(self) -> list[str]:
        return sorted({name for pair in self.pairs for name in pair[::2]})

    def _emit_known(self, graph: Graph, inputs: Mapping[str, str]) -> dict[str, str]:
        """Write `numeric.known` for the paired columns, all at once."""
        count = len(self._paired)
        raw = graph.node("Concat", *(inputs[name] for name in self._paired), axis=1)
        cells = numeric.emit_known(graph, raw)
        columns = graph.nodes_out("Split", cells, count=count, axis=1, num_outputs=count)
        return dict(zip(self._paired, columns, strict=True))


def fit(frame: Frame, columns: Sequence[Column], y: Target | None) -> Pairs:
    """Return the pairs of those columns that tell most of ``y`` beyond the columns themselves.

    Args:
        frame: training rows.
        columns: all that are features.
        y: what to tell, ``(rows,)``: classes as int64, or numbers; None for no pairs.
    """
    pairs: tuple[Pair, ...] = ()
    spreads: dict[str, float] = {}
    if y is not None:
        rows = np.random.default_rng(0).permutation(frame.rows)[:SAMPLE]
        sample = frame.take(rows)
        names = [column.name for column in columns if column.pairable]
        spreads = {name: numeric.robust(sample.numbers(name))[1] for name in names}
        pairs = chosen(sample, columns, spreads, y[rows])
    scaled = {name for pair in pairs if OPERATIONS[pair[1]].scaled for name in pair[::2]}
    spreads = {name: spread for name, spread in spreads.items() if name in scaled}
    derived = _derived(frame, pairs, spreads)
    made = [Column(name, ColumnKind.NUMERIC, "number", 0, 0) for name in derived.columns]
    numbers = numeric.fit(derived, made, View.ORDINAL, derived)
    return Pairs(pairs, spreads, replace(numbers, given=False))


def chosen(
    frame: Frame, columns: Sequence[Column], spreads: Mapping[str, float], y: Target
) -> tuple[Pair, ...]:
    """Return the pairs worth a column, the most telling first.

    An additive model of all columns takes off what they tell one by one; of the pairs that explain
    most of the rest those go that another one ranks alike. At most two are of the same columns.
    """
    if len(spreads) < 2:
        return ()
    rest, names = _unexplained(frame, columns, spreads, outputs(y))
    judged = [
        (additive.explained(additive.bins(cells), rest), pair, cells)
        for pair, cells in _possible(frame, names, spreads)
    ]
    judged.sort(key=lambda item: -item[0])
    least = additive.by_chance(frame.rows)
    kept: dict[Pair, Floats] = {}
    taken: set[str] = set()
    for share, pair, cells in judged:
        if share < least or len(kept) == MOST:
            break
        same = sum({left, right} == {pair[0], pair[2]} for left, _, right in kept)
        ranks = _ranks(cells)
        if same == 2 or _name(*pair) in taken or any(_alike(ranks, r) for r in kept.values()):
            continue
        kept[pair] = ranks
        taken.add(_name(*pair))
    return tuple(kept)


def _unexplained(
    frame: Frame, columns: Sequence[Column], spreads: Mapping[str, float], y: Floats
) -> tuple[Floats, list[str]]:
    """Return what no column explains by itself, and the names of those to pair."""
    seen = [column.name for column in columns if column.kind in _SEEN]
    rest, parts = additive.backfit([_binned(frame.scalars(name)) for name in seen], y)
    told = dict(zip(seen, parts, strict=True))
    return rest, sorted(spreads, key=lambda name: -told[name])[:MOST_COLUMNS]


def _binned(cells: Scalars) -> additive.Bins:
    if isinstance(cells, Strings):
        return cells.codes.astype(np.intp) + 1
    return additive.bins(cells)


def _possible(
    frame: Frame, names: Sequence[str], spreads: Mapping[str, float]
) -> Iterator[tuple[Pair, Floats]]:
    for left, right in combinations(names, 2):
        for sign, operation in OPERATIONS.items():
            yield (left, sign, right), _result(frame, (left, sign, right), spreads)
            if operation.turns:
                yield (right, sign, left), _result(frame, (right, sign, left), spreads)


def _result(frame: Frame, pair: Pair, spreads: Mapping[str, float]) -> Floats:
    left, sign, right = pair
    operation = OPERATIONS[sign]
    a, b = frame.numbers(left), frame.numbers(right)
    with np.errstate(all="ignore"):  # what is infinite is cut, what is no number is missing
        if operation.scaled:
            a, b = a / spreads[left], b / spreads[right]
        return operation.apply(a, b)


def _derived(frame: Frame, pairs: Sequence[Pair], spreads: Mapping[str, float]) -> Frame:
    """Return the results of every pair as columns of numbers."""
    return Frame({_name(*pair): _result(frame, pair, spreads) for pair in pairs}, frame.rows)


def _name(left: str, sign: str, right: str) -> str:
    return f"{left} {sign} {right}"


def _ranks(cells: Floats) -> Floats:
    """Return the ranks of the cells, centred and of length one; missing ones are in the middle."""
    ranks = np.zeros(len(cells))
    present = np.flatnonzero(~np.isnan(cells))
    order = present[np.argsort(cells[present], kind="stable")]
    ranks[order] = np.arange(len(order)) - (len(order) - 1) / 2
    return ranks / max(float(np.linalg.norm(ranks)), 1e-300)


def _alike(a: Floats, b: Floats) -> bool:
    return abs(float(a @ b)) > ALIKE
