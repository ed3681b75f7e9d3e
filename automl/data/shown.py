"""Arrays as a preview shows them: pictures as pictures, small arrays as numbers."""

import base64
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.catalog import ColumnKind
from automl.core.schema import Column

MOST_NUMBERS = 4_096
"""Of an array whose numbers are shown."""
MOST_BYTES = 8 << 20
"""Of all arrays in one preview."""
_MODES = {(): "L", (1,): "L", (3,): "RGB", (4,): "RGBA"}


def is_shown(column: Column) -> bool:
    """Return whether the cells of a column of arrays are pictures, or few enough numbers."""
    return _is_picture(column) or math.prod(column.shape) <= MOST_NUMBERS


def most_rows(column: Column) -> int:
    """Return how many rows of arrays are shown at once: one at least."""
    size = math.prod(column.shape) * np.dtype(column.dtype).itemsize
    return max(1, MOST_BYTES // size) if is_shown(column) else MOST_BYTES


def cells(values: npt.NDArray[Any], column: Column) -> Sequence[str | list[Any] | None]:
    """Return arrays ``(rows, *shape)`` of a column that `is_shown` as JSON can hold them.

    Images of bytes are PNG files as ``data:`` addresses, all others nested lists with None for
    missing numbers.
    """
    if _is_picture(column):
        return [_picture(row) for row in values]
    if values.dtype.kind != "f":
        return list(values.tolist())
    numbers = values.astype(object)
    numbers[np.isnan(values)] = None
    return list(numbers.tolist())


def _is_picture(column: Column) -> bool:
    bytes_ = column.kind is ColumnKind.IMAGE and column.dtype == "uint8"
    return bytes_ and column.shape[2:] in _MODES


def _picture(pixels: npt.NDArray[np.uint8]) -> str:
    from PIL import Image

    mode = _MODES[pixels.shape[2:]]
    image = Image.frombytes(mode, (pixels.shape[1], pixels.shape[0]), pixels.tobytes())
    file = io.BytesIO()
    image.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
