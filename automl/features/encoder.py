"""From a frame of raw columns to one float32 matrix, and the same steps as a graph.

Rows that are arrays or texts have encoders of their own (`features/arrays.py`).

In `View.SPARSE` the runs of free text follow the other columns, and the matrix is sparse.

An encoder is fitted on the training rows of a fold alone. The matrix holds the columns by kind,
not in the dataset's order; ``names`` says what is where.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy import sparse

from automl.core.catalog import ColumnKind
from automl.core.frame import Frame
from automl.core.graph import Graph, Sparse
from automl.core.kin import Kin
from automl.core.learner import Layout, Matrix, Reading, Scaling, View
from automl.core.schema import Column
from automl.features import (
    arrays,
    boolean,
    categories,
    dates,
    dropped,
    numeric,
    pairs,
    text,
    tokens,
    wide,
)
from automl.features.base import Block, Encoder, Kind
from automl.features.chain import Chain
from automl.features.numeric import Numbers
from automl.features.outputs import Target
from automl.features.tokens import WORDS
from automl.features.wide import Wide

KINDS: Mapping[ColumnKind, Kind] = MappingProxyType(
    {
        ColumnKind.NUMERIC: numeric,
        ColumnKind.BOOLEAN: boolean,
        ColumnKind.CATEGORICAL: categories,
        ColumnKind.DATETIME: dates,
        ColumnKind.TEXT: text,
    }
)
"""The kinds that give features, in the order of the matrix."""


@dataclass(frozen=True, slots=True)
class Columns:
    """A fitted view of a table. Where nothing varies there is one feature, always 0."""

    inputs: tuple[str, ...]
    """The columns it reads."""
    chain: Chain
    wide: tuple[Wide, ...] = ()
    """Columns of free text, each run of words a feature behind those of the chain."""

    @property
    def names(self) -> tuple[str, ...]:
        """What each feature is called."""
        runs = tuple(name for block in self.wide for name in block.names)
        return (*self.chain.names, *runs) or ("nothing",)

    @property
    def width(self) -> int:
        """How many features a row has."""
        return len(self.chain.names) + sum(block.width for block in self.wide) or 1

    @property
    def layout(self) -> Layout:
        """What each feature holds, and of which column it is; that not where there are runs."""
        first = self.chain.blocks[0]  # see KINDS
        numbers = range(len(first.valued)) if isinstance(first, Numbers) else ()
        origins = () if self.wide else _origins(self.chain.names, self.inputs)
        return Layout(self.width, self.chain.codes, tuple(numbers), origins)

    def transform(self, frame: Frame) -> Matrix:
        """Return the features: ``(rows, width)``, a CSR array where there are runs."""
        runs = [block.rows(frame) for block in self.wide]
        x = np.zeros((frame.rows, self.width - sum(part.shape[1] for part in runs)), np.float32)
        self.chain.fill(frame, x)
        return sparse.hstack([x, *runs], format="csr") if runs else x

    def emit(self, graph: Graph, inputs: Mapping[str, str]) -> str:
        """Write ``transform`` to the graph.

        Args:
            graph: The program to append to.
            inputs: Column names to their raw values there: n × 1, float64 or string.

        Returns:
            The name of a float32 value, n × width, equal to ``transform``; where there are runs,
            that of a sparse matrix.
        """
        if self.wide:
            return self._emit_sparse(graph, inputs)
        if self.chain.names:
            return self.chain.emit(graph, inputs)
        shape = graph.node("Shape", inputs[self.inputs[0]])
        return graph.node("ConstantOfShape", shape, value=np.zeros(1, np.float32))

    def _emit_sparse(self, graph: Graph, inputs: Mapping[str, str]) -> str:
        dense = self.chain.emit(graph, inputs) if self.chain.names else None
        cells, start = [], 0
        for block in self.wide:
            cells += block.emit(graph, inputs, start)
            start += block.width
        return graph.lists(Sparse(dense, len(self.chain.names), tuple(cells)))


def fit(
    frame: Frame,
    columns: Sequence[Column],
    view: View,
    *,
    scaling: Scaling = Scaling.ROBUST,
    outputs: int = 2,
    target: Target | None = None,
    paired: bool = False,
    reading: Reading = WORDS,
    room: Frame | None = None,
    kin: Kin | None = None,
) -> Encoder:
    """Return the encoder of those columns, learned from the rows of ``frame`` alone.

    With many ``outputs`` fewer runs of text are kept, since each has a weight for each.

    ``scaling`` is of the numbers where the view is not `View.ORDINAL`; nothing else depends on it.
    With a ``target``, ``(rows,)``, which way free text leans is a column; if ``paired``, pairs of
    numbers that tell more of it are columns too. ``reading`` is of `View.TOKENS` alone.
    ``kin`` are rows that tell each other nothing of the target; equal texts never do.

    Encoders of one `Layout` are fitted on rows of one ``room``, which says how many columns there
    are: those of what ``frame`` has not are always 0. It is ``frame`` where it is None, and for
    `View.ORDINAL`, which needs no room.

    Raises:
        ValueError: there is no column to start from.
    """
    if not columns:
        raise ValueError("an encoder needs at least one column")
    if view is View.ARRAY:
        return arrays.fit(columns)
    if view is View.TOKENS:
        return tokens.fit(frame, columns, reading)
    used = [column for column in columns if column.kind not in dropped.KINDS]
    runs: tuple[Wide, ...] = ()
    rest = used
    if view is View.SPARSE:
        texts = [column for column in used if column.kind is ColumnKind.TEXT]
        rest = [column for column in used if column not in texts]
        runs, view = wide.fit(frame, texts, outputs), View.ONE_HOT
    if view is View.ORDINAL:
        scaling, room = Scaling.ROBUST, None
    by_kind = {kind: [column for column in rest if column.kind is kind] for kind in KINDS}
    blocks = tuple(
        _fit(frame, chosen, view, room or frame, kind=kind, scaling=scaling, y=target, kin=kin)
        for kind, chosen in by_kind.items()
    )
    derived = pairs.fit(frame, used, target if paired else None)
    return Columns(
        tuple(column.name for column in used or columns[:1]), Chain((*blocks, derived)), runs
    )


def _origins(names: Sequence[str], inputs: Sequence[str]) -> tuple[int, ...]:
    """Return the column of each feature: the longest one whose name its name begins with."""
    places = {name: place for place, name in enumerate(inputs)}
    return tuple(
        next(places[name[:end]] for end in range(len(name), -1, -1) if name[:end] in places)
        for name in names
    )


def learned_from(encoder: Encoder, frame: Frame) -> Matrix:
    """Return the encoded rows that the encoder was fitted on, each as if it had not been there."""
    x = encoder.transform(frame)
    if isinstance(encoder, Columns) and not encoder.wide:
        encoder.chain.cross(x)
    return x


def _fit(
    frame: Frame,
    columns: Sequence[Column],
    view: View,
    room: Frame,
    *,
    kind: ColumnKind,
    scaling: Scaling,
    y: Target | None,
    kin: Kin | None,
) -> Block:
    if view is View.EMBEDDING and kind is not ColumnKind.CATEGORICAL:
        view = View.ONE_HOT  # only categories look different in it
    match kind:
        case ColumnKind.NUMERIC:
            return numeric.fit(frame, columns, view, room, scaling)
        case ColumnKind.DATETIME:
            return dates.fit(frame, columns, view, room, scaling)
        case ColumnKind.TEXT:
            return text.fit(frame, columns, view, room, y, kin=kin)
        case _:
            return KINDS[kind].fit(frame, columns, view, room)
