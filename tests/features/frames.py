"""Frames for tests: every kind of column and every kind of cell."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from automl.core.catalog import ColumnKind
from automl.core.frame import Cells, Floats, Frame, Strings
from automl.core.graph import Graph
from automl.core.model import Input
from automl.core.schema import Column, DateFormat
from automl.export.metadata import input_names
from automl.export.onnx import serialize

MOMENTS = ("2024-02-29", "1999-12-31T23:59:59Z", "2000-01-01 10:15", "2023-02-29", "1900-01-01")
NOTES = (
    "Call me back, please",
    "call ME later",
    "Größe und größer",
    "日本 の 言葉",
    "\0 \t",
    "😀😀😀",
)
WORDS = ("", "\0nul", "NaN", "a b", "a,b\n", "b", "é", "e\u0301", "日本", "\U0001f600", "x" * 300)
EXTREMES = (0.0, -0.0, 1e300, -1.7e308, 1.7e308, 5e-324, float("inf"), -float("inf"))


def strings(cells: Sequence[str | None]) -> Strings:
    """Return a column of those cells, None for missing."""
    values = sorted({cell for cell in cells if cell is not None})
    codes = [-1 if cell is None else values.index(cell) for cell in cells]
    return Strings(np.array(codes, np.int32), tuple(values))


def frame(**columns: Cells) -> Frame:
    """Return a frame of those columns."""
    return Frame(columns, len(next(iter(columns.values()))))


def column(name: str, kind: ColumnKind, cells: Cells) -> Column:
    """Return the schema of a column of those cells."""
    date: DateFormat | None = "iso" if kind is ColumnKind.DATETIME else None
    return Column(name, kind, "string" if isinstance(cells, Strings) else "number", 0, 0, date=date)


def table(seed: int, rows: int = 200) -> tuple[Frame, tuple[Column, ...]]:
    """Return columns of all kinds; about a tenth of most cells is missing."""
    random = np.random.default_rng(seed)

    def gaps(cells: Floats) -> Floats:
        return np.where(random.random(len(cells)) < 0.1, np.nan, cells)

    def drawn(values: Sequence[str | None], weights: npt.ArrayLike | None = None) -> Strings:
        shares = None if weights is None else np.asarray(weights) / np.sum(weights)
        return strings([values[i] for i in random.choice(len(values), rows, p=shares)])

    kinds = ColumnKind
    many = [f"v{index}" for index in range(300)]
    cells: dict[str, tuple[ColumnKind, Cells]] = {
        "age": (kinds.NUMERIC, random.integers(18, 90, rows).astype(np.float64)),
        "v0": (kinds.NUMERIC, gaps(random.normal(size=rows))),  # as a graph names its values
        "epoch": (kinds.NUMERIC, gaps(1.7e18 + random.integers(0, 10**15, rows).astype(float))),
        "tail": (kinds.NUMERIC, np.exp(random.normal(0, 8, rows))),
        "extreme": (kinds.NUMERIC, gaps(random.choice(EXTREMES, rows))),
        "zeros": (kinds.NUMERIC, (random.random(rows) < 0.1) * random.random(rows)),
        "same": (kinds.NUMERIC, np.full(rows, 0.1)),
        "same or missing": (kinds.NUMERIC, gaps(np.full(rows, 7.0))),
        "never": (kinds.NUMERIC, np.full(rows, np.nan)),
        "flag": (kinds.BOOLEAN, gaps(random.integers(0, 2, rows).astype(np.float64))),
        "yes": (kinds.BOOLEAN, drawn(["yes", "no", None])),
        "prediction": (kinds.CATEGORICAL, drawn([*WORDS, None])),  # as an output of the file
        "many": (kinds.CATEGORICAL, drawn([*many, None], 1.0 / np.arange(1.0, 302.0))),
        "when": (kinds.DATETIME, drawn([*MOMENTS, None])),
        "note": (kinds.TEXT, drawn([*NOTES, None])),
        "alone": (kinds.CATEGORICAL, drawn(["x"])),
        "empty": (kinds.CATEGORICAL, drawn([None])),
        "id": (kinds.ID, strings([f"{index:05}" for index in range(rows)])),
    }
    columns = tuple(column(name, kind, values) for name, (kind, values) in cells.items())
    return Frame({name: values for name, (_, values) in cells.items()}, rows), columns


def inputs(columns: Sequence[Column]) -> tuple[Input, ...]:
    """Return the columns as inputs of a model file."""
    return tuple(Input(item.name, item.kind, item.cells) for item in columns)


def answers(graph: Graph, fed: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Return what the graph's output holds for rows that come all at once, by columns' names."""
    session = onnxruntime.InferenceSession(serialize(graph, metadata={}))
    named = dict(zip(input_names(tuple(fed)), fed.values(), strict=True))
    return np.asarray(session.run(None, named)[0])
