"""Numbers: centred and scaled in float64 before any cast.

Epoch seconds and prices differ by less than float32 resolves; a tree's thresholds on them would be
wrong in the file. Median and quartiles keep the bulk of a heavy-tailed column well resolved where
mean and standard deviation would crush it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl.core.frame import Floats, Frame
from automl.core.graph import ElementType, Graph
from automl.core.learner import Scaling, View
from automl.core.schema import Column
from automl.features import warp
from automl.features.warp import Warp

BEND = 4.0
"""Scaled values approach ±BEND smoothly in the one-hot view: outliers stay finite and ordered."""

_LIMIT = {View.ORDINAL: 1e30, View.ONE_HOT: 1e6}
"""Scaled values beyond are cut: float32, and the bend's square, must hold."""

_FAR = 20.0
"""Standard deviations beyond which a standardized cell is cut."""

_TOGETHER = 1 << 14
"""Cells that are scaled at once: with few rows a column's arithmetic costs less than its calls."""

_QUARTILES_OF_NORMAL = 1.349
"""Between the quartiles of a normal distribution lie so many standard deviations."""


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """Scaled columns, then flags of missing cells: ``(x − center) / scale``, cut, maybe bent.

    ``valued`` and ``flagged`` are positions in ``columns``. Without ``impute`` NaN stays NaN, else
    it becomes 0, the centre. Of what is never anything but 0 ``scale`` is NaN, and ``flagged`` is
    among ``never``.
    """

    columns: tuple[str, ...]
    center: Floats
    scale: Floats
    valued: tuple[int, ...]
    flagged: tuple[int, ...]
    limit: float
    bend: float
    """0 for none."""
    impute: bool
    warp: Warp | None = None
    """What follows the cut; as many columns as ``columns``."""
    never: tuple[int, ...] = ()
    given: bool = True
    """Whether these are the user's cells, of which the infinite are missing, as wherever rows are
    read; what was computed of them is cut."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, and theirs with a note for the flags."""
        return (
            *(self.columns[index] for index in self.valued),
            *(f"{self.columns[index]} is missing" for index in self.flagged),
        )

    @property
    def codes(self) -> tuple[tuple[int, int], ...]:
        """None of these are codes."""
        return ()

    def fill(self, frame: Frame, x: npt.NDArray[np.float32]) -> None:
        """Write the scaled numbers and flags into ``x``."""
        step = max(1, _TOGETHER // max(1, frame.rows))
        with np.errstate(over="ignore"):  # 1e308 beyond a tiny scale: infinite, then cut
            for start in range(0, len(self.valued), step):
                some = self.valued[start : start + step]
                cells = np.stack([self._cells(frame, index) for index in some])
                z = (cells - self.center[[*some], None]) / self.scale[[*some], None]
                x[:, start : start + len(some)] = self._scaled(z, some).T
        for place, index in enumerate(self.flagged, start=len(self.valued)):
            if index not in self.never:
                x[:, place] = np.isnan(self._cells(frame, index))

    def _cells(self, frame: Frame, index: int) -> Floats:
        cells = frame.numbers(self.columns[index])
        return known(cells) if self.given else cells

    def _scaled(self, z: Floats, columns: Sequence[int]) -> Floats:
        """Return what becomes of some columns: ``(columns, rows)``."""
        z = np.clip(z, -self.limit, self.limit)
        if self.warp is not None:
            bent = [self.warp.apply(row, index) for row, index in zip(z, columns, strict=True)]
            z = np.stack(bent)
        if self.impute:
            z = np.where(np.isnan(z), 0.0, z)
        if self.bend:
            part = z / self.bend
            z = z / np.sqrt(part * part + 1.0)
        return z

    def emit(self, graph: Graph, inputs: Mapping[str, str]) -> str:
        """Write the same steps to the graph, all columns at once."""
        raw = graph.node("Concat", *(inputs[name] for name in self.columns), axis=1)
        if self.given:
            raw = emit_known(graph, raw)
        parts = []
        if self.valued:
            parts.append(self._emit_values(graph, _pick(graph, raw, self.valued)))
        if self.flagged:
            missing = graph.node("IsNaN", _pick(graph, raw, self.flagged))
            flags = graph.node("Cast", missing, to=ElementType.FLOAT)
            if self.never:
                ever = [index not in self.never for index in self.flagged]
                flags = graph.node("Mul", flags, graph.constant([ever], np.float32))
            parts.append(flags)
        return graph.node("Concat", *parts, axis=1)

    def _emit_values(self, graph: Graph, raw: str) -> str:
        chosen = list(self.valued)
        centred = graph.node("Sub", raw, graph.constant(self.center[None, chosen]))
        z = graph.node("Div", centred, graph.constant(self.scale[None, chosen]))
        missing = graph.node("IsNaN", z)
        bounds = graph.constant(-self.limit, np.float64), graph.constant(self.limit, np.float64)
        cut = graph.node("Clip", z, *bounds)
        if self.warp is not None:
            cut = self.warp.take(chosen).emit(graph, cut)
        # Whether Clip keeps NaN is not specified: it is put back, or imputed.
        z = graph.node("Where", missing, graph.constant(0.0, np.float64) if self.impute else z, cut)
        if self.bend:
            part = graph.node("Div", z, graph.constant(self.bend, np.float64))
            square = graph.node("Mul", part, part)
            root = graph.node("Sqrt", graph.node("Add", square, graph.constant(1.0, np.float64)))
            z = graph.node("Div", z, root)
        return graph.node("Cast", z, to=ElementType.FLOAT)


def fit(
    frame: Frame,
    columns: Sequence[Column],
    view: View,
    room: Frame,
    scaling: Scaling = Scaling.ROBUST,
) -> Numbers:
    """Return the scaling of those columns, from the finite cells of ``frame``."""
    names = tuple(column.name for column in columns)
    if scaling is not Scaling.ROBUST:
        return _fit_as(scaling, frame, names, room=room, impute=view is View.ONE_HOT)
    scales = [robust(frame.numbers(name)) for name in names]
    return assemble(
        frame,
        names,
        room=room,
        center=np.array([center for center, _ in scales]),
        scale=np.array([scale for _, scale in scales]),
        limit=_LIMIT[view],
        bend=BEND if view is View.ONE_HOT else 0.0,
        impute=view is View.ONE_HOT,
    )


def assemble(
    frame: Frame,
    names: tuple[str, ...],
    *,
    room: Frame,
    center: Floats,
    scale: Floats,
    limit: float,
    bend: float,
    impute: bool,
    warp: Warp | None = None,
) -> Numbers:
    """Return the block for known scales: columns that tell nothing in ``room`` are left out."""
    valued, flagged = _telling(room, names, impute=impute)
    never: list[int] = []
    if room is not frame:
        told, raised = _telling(frame, names, impute=impute)
        never = sorted({*flagged} - {*raised})
        scale = np.where(np.isin(np.arange(len(names)), told), scale, np.nan)
    used = sorted({*valued, *flagged})
    place = {index: position for position, index in enumerate(used)}
    return Numbers(
        columns=tuple(names[index] for index in used),
        center=center[used],
        scale=scale[used],
        valued=tuple(place[index] for index in valued),
        flagged=tuple(place[index] for index in flagged),
        limit=limit,
        bend=bend,
        impute=impute,
        warp=None if warp is None else warp.take(used),
        never=tuple(place[index] for index in never),
    )


def known(cells: Floats) -> Floats:
    """Return the cells with NaN for what is infinite."""
    return np.where(np.isinf(cells), np.nan, cells)


def emit_known(graph: Graph, raw: str) -> str:
    """Write ``known`` to the graph: nobody but the service reads cells for the file."""
    # What is infinite gives NaN, all else 0: a third of what asking and choosing takes.
    nothing = graph.node("Mul", raw, graph.constant(0.0, np.float64))
    return graph.node("Add", raw, nothing)


def _telling(frame: Frame, names: Sequence[str], *, impute: bool) -> tuple[list[int], list[int]]:
    """Return the positions of names whose cells differ, and of those some of which are missing."""
    valued, flagged = [], []
    for index, name in enumerate(names):
        cells = frame.numbers(name)
        present = cells[~np.isnan(cells)]
        missing = len(present) < len(cells)
        varies = len(present) > 0 and bool(present.min() < present.max())
        if varies or (not impute and missing and len(present) > 0):
            valued.append(index)
        if impute and missing and len(present) > 0:
            flagged.append(index)
    return valued, flagged


def _fit_as(
    scaling: Scaling, frame: Frame, names: tuple[str, ...], *, room: Frame, impute: bool
) -> Numbers:
    finite = [cells[np.isfinite(cells)] for cells in map(frame.numbers, names)]
    largest = np.array([float(np.abs(cells).max(initial=0.0)) or 1.0 for cells in finite])
    center, scale, limit = np.zeros(len(names)), largest, 1.0
    bend: Warp | None = None
    units = [cells / size for cells, size in zip(finite, largest.tolist(), strict=True)]
    if scaling is Scaling.QUANTILE:
        bend = warp.fit_quantiles(units)
    elif scaling is Scaling.LOG:
        scale = np.array([robust(cells)[1] for cells in finite])
        limit = _LIMIT[View.ORDINAL]
        with np.errstate(over="ignore"):
            cut = [np.clip(c / s, -limit, limit) for c, s in zip(finite, scale, strict=True)]
        bend = warp.fit_logarithm(cut)
    else:
        limit = _FAR if scaling is Scaling.STANDARD else 2.0
        pairs = [
            _standard(cells) if scaling is Scaling.STANDARD else _ends(cells) for cells in units
        ]
        shifts = np.array([shift for shift, _ in pairs]) * largest
        center = np.array([_plain(shift, 0.0) for shift in shifts.tolist()])
        widths = np.array([width for _, width in pairs]) * largest
        scale = np.array([_plain(width, 1.0) or 1.0 for width in widths.tolist()])
    return assemble(
        frame,
        names,
        room=room,
        center=center,
        scale=scale,
        limit=limit,
        bend=0.0,
        impute=impute,
        warp=bend,
    )


def _standard(cells: Floats) -> tuple[float, float]:
    return (float(cells.mean()), float(cells.std())) if len(cells) else (0.0, 1.0)


def _ends(cells: Floats) -> tuple[float, float]:
    if not len(cells):
        return 0.0, 1.0
    low, high = float(cells.min()), float(cells.max())
    return (low + high) / 2.0, (high - low) / 2.0


def robust(cells: Floats) -> tuple[float, float]:
    """Return the median and a robust standard deviation of the finite cells.

    The quartiles give the deviation; where they meet, as in a column of mostly zeros, the usual
    formula does; 1 without any variation.
    """
    finite = cells[np.isfinite(cells)]
    largest = float(np.abs(finite).max(initial=0.0))
    if largest == 0.0:
        return 0.0, 1.0
    # Values that are there: between two neighbours 37 might become 36.999…. numpy's own quantiles
    # are the same, and cost five times as much where a table has thousands of columns.
    places = [int((len(finite) - 1) * share) for share in (0.25, 0.5, 0.75)]
    low, center, high = np.partition(finite, places)[places]
    # In units of the largest: squares and differences of 1e300 overflow, of 1e-300 vanish.
    spread = float(high / largest - low / largest) / _QUARTILES_OF_NORMAL
    spread = spread or float((finite / largest).std())
    with np.errstate(over="ignore"):
        scale = min(spread * largest, float(np.finfo(np.float64).max))
    return _plain(float(center), 0.0), _plain(scale, 1.0) if scale > 0.0 else 1.0


def _plain(value: float, neutral: float) -> float:
    # onnxruntime leaves out "− c" and "÷ c" when a lone c is neutral after rounding to float32,
    # even in float64: what it would leave out is made neutral here.
    return neutral if abs(value - neutral) < (neutral * 1e-7 or 1e-44) else value


def _pick(graph: Graph, raw: str, positions: tuple[int, ...]) -> str:
    return graph.node("Gather", raw, graph.constant(list(positions), np.int64), axis=1)
