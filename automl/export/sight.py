"""Rows as people see them: small pictures, lines, or the beginning of a text."""

import base64
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.catalog import ColumnKind
from automl.core.frame import Cells, Floats, Strings
from automl.core.report import Number, Seen
from automl.export.png import png

SIDE = 64
"""The most points of a picture's side."""
BYTES = 6_000
"""And of a whole picture, in colours: 24 of them take 200 kB of a page."""
LINES = 3
"""Of a series so many channels are drawn, …"""
STEPS = 96
"""… and so many steps, evenly spread."""
CHARACTERS = 300

_CHANNELS_AT = {ColumnKind.IMAGE: 2, ColumnKind.VOLUME: 3}


def seen(cells: Cells, kind: ColumnKind) -> list[Seen]:
    """Return what to show of some rows of a model's one input; nothing of numbers.

    Of an image its picture, made smaller by means; of a volume its middle slice. All pictures share
    a scale: 0, or the least number, is black, and the greatest is white.
    """
    if isinstance(cells, Strings):
        return [Seen(text=_excerpt(text)) for text in cells.cells()]
    if not kind.array or isinstance(cells, np.ndarray):
        return [Seen() for _ in range(len(cells))]
    if kind is ColumnKind.SERIES:
        return [Seen(lines=_lines(row)) for row in cells.values]
    return [Seen(picture=picture) for picture in pictures(cells.values, kind)]


def pictures(values: npt.NDArray[Any], kind: ColumnKind) -> list[str]:
    """Return images, or the middles of volumes, ``(rows, *shape)``, as PNG in base64."""
    if not len(values):
        return []
    flat = _flat(values, kind).astype(np.float64)
    known = flat[np.isfinite(flat)]
    low, high = (min(0.0, known.min()), known.max()) if known.size else (0.0, 0.0)
    shown = np.nan_to_num((flat - low) * (255 / (high - low if high > low else 1.0)), posinf=255)
    return [base64.b64encode(png(_small(row))).decode() for row in shown]


def _flat(values: npt.NDArray[Any], kind: ColumnKind) -> npt.NDArray[Any]:
    """Return ``(rows, height, width)`` or, in colours, ``(rows, height, width, 3)``."""
    channels = values.ndim - 1 > _CHANNELS_AT[kind]
    if kind is ColumnKind.VOLUME:
        values = values[:, values.shape[1] // 2]
    if not channels:
        return values
    return values[..., :3] if values.shape[-1] >= 3 else values[..., 0]


def _small(picture: Floats) -> npt.NDArray[np.uint8]:
    """Return a picture of few enough points, each the mean of those it stands for."""
    factor = _factor(picture.shape)
    for axis in (0, 1):
        size = picture.shape[axis]
        count = max(1, int(size / factor))
        starts = np.arange(count) * size // count
        counts = np.diff(starts, append=size)
        means = np.add.reduceat(picture, starts, axis=axis)
        picture = means / counts.reshape(-1, *(1,) * (picture.ndim - 1 - axis))
    return picture.round().astype(np.uint8)


def _factor(shape: Sequence[int]) -> float:
    return max(1.0, max(shape[:2]) / SIDE, math.sqrt(math.prod(shape) / BYTES))


def _lines(row: npt.NDArray[Any]) -> list[list[Number]]:
    places = np.unique(np.linspace(0, row.shape[-1] - 1, STEPS).round().astype(np.intp))
    return [[_short(value) for value in channel[places].tolist()] for channel in row[:LINES]]


def _short(value: float) -> Number:
    return float(f"{value:.4g}") if math.isfinite(value) else None


def _excerpt(text: str) -> str:
    return text if len(text) <= CHARACTERS else f"{text[: CHARACTERS - 1]}…"
