"""Does the file say what the trained model says? The gate every model passes before it is offered.

Missing cells, unseen categories and shortened series are injected into real rows, since that is
where preprocessing written twice would differ.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.frame import Arrays, Cells, Floats, Frame, Strings
from automl.core.model import Input

TOLERANCE = 1e-5
"""The largest ``difference`` a member may show."""

SHARE = 0.05
"""Of the cells that ``inject`` makes missing, and again of those it makes unseen."""

_UNSEEN = "\N{WHITE QUESTION MARK ORNAMENT} unseen"


def difference(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    """Return max |a − b| / max(1, max |b|), infinite for other shapes or values not finite."""
    if a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("inf")
    if a.size == 0:
        return 0.0
    a, b = a.astype(np.float64), b.astype(np.float64)
    # Halved, since the difference of two large values of opposite signs may overflow.
    largest = max(1.0, float(np.abs(b).max()))
    return float(np.abs(a / largest - b / largest).max())


def inject(frame: Frame, seed: int) -> Frame:
    """Return a copy with every twentieth cell missing and every twentieth category unseen.

    Of series that differ in length every twentieth ends after half of the steps, at the latest.
    """
    random = np.random.default_rng(seed)
    columns: dict[str, Cells] = {}
    for name, cells in frame.columns.items():
        draw = random.random(frame.rows)
        match cells:
            case Strings():
                columns[name] = _damaged(cells, draw)
            case Arrays():
                columns[name] = _shortened(cells, draw)
            case _:
                columns[name] = np.where(draw < SHARE, np.nan, cells)
    return Frame(columns, frame.rows)


def feeds(frame: Frame, inputs: Sequence[Input]) -> dict[str, npt.NDArray[Any]]:
    """Return what the file is fed for those rows, by column name: ``(rows, 1)``, or arrays."""
    return {item.name: _fed(frame, item) for item in inputs}


def _fed(frame: Frame, item: Input) -> npt.NDArray[Any]:
    match item.cells:
        case "string":
            return frame.strings(item.name).cells()[:, None]
        case "array":
            return frame.arrays(item.name).values
        case _:
            return frame.numbers(item.name)[:, None]


def _damaged(cells: Strings, draw: Floats) -> Strings:
    unseen = _UNSEEN
    while unseen in cells.values:
        unseen += "?"
    place = bisect_left(cells.values, unseen)
    values = (*cells.values[:place], unseen, *cells.values[place:])
    codes = cells.codes + (cells.codes >= place)
    codes[draw < 2 * SHARE] = place
    codes[draw < SHARE] = -1
    return Strings(codes.astype(np.int32), values)


def _shortened(arrays: Arrays, draw: Floats) -> Arrays:
    values = arrays.values
    if values.dtype.kind != "f" or not np.isnan(values).any():
        return arrays
    short, steps = values.copy(), values.shape[-1]
    short[draw < SHARE, ..., steps - steps // 2 :] = np.nan
    return Arrays(short)
