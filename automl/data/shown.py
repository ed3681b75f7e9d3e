"""Arrays as a preview shows them: pictures as pictures, small arrays as numbers."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.catalog import ColumnKind

MOST_NUMBERS = 4_096
"""Of an array whose numbers are shown."""
_MODES = {(): "L", (1,): "L", (3,): "RGB", (4,): "RGBA"}


def cells(values: npt.NDArray[Any], kind: ColumnKind) -> Sequence[str | list[Any] | None]:
    """Return arrays ``(rows, *shape)`` as JSON can hold them.

    Images of bytes are PNG files as ``data:`` addresses. All others are nested lists with None for
    missing numbers, or None altogether where they have more than `MOST_NUMBERS`.
    """
    if kind is ColumnKind.IMAGE and values.dtype == np.uint8 and values.shape[3:] in _MODES:
        return [_picture(row) for row in values]
    if values[0].size > MOST_NUMBERS:
        return [None] * len(values)
    if values.dtype.kind != "f":
        return list(values.tolist())
    numbers = values.astype(object)
    numbers[np.isnan(values)] = None
    return list(numbers.tolist())


def _picture(pixels: npt.NDArray[np.uint8]) -> str:
    from PIL import Image

    mode = _MODES[pixels.shape[2:]]
    image = Image.frombytes(mode, (pixels.shape[1], pixels.shape[0]), pixels.tobytes())
    file = io.BytesIO()
    image.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
