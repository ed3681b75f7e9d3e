"""Images of any size and mode as arrays of one shape."""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from automl.data.survey import opened

WHITE = 255


def decode(content: bytes, height: int, width: int, channels: int) -> npt.NDArray[np.uint8]:
    """Return an image file's pixels: ``(height, width)``, with more ``channels`` behind.

    Turned as its EXIF says; what is transparent lies on white, unless there are four channels. One
    of another size is made as large as fits, with its shape kept, and black stands beside it.

    Raises:
        DatasetUnreadable: more pixels than are taken.
        Exception: one of `automl.data.survey.UNREADABLE`.
    """
    image: Image.Image = opened(content)
    side = max(height, width)
    if image.width > 2 * side and image.height > 2 * side:
        image.draft(None, (side, side))  # a JPEG is decoded smaller
    turned = ImageOps.exif_transpose(image)
    return np.asarray(_fitted(_converted(turned, channels), height, width), np.uint8)


def _converted(image: Image.Image, channels: int) -> Image.Image:
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        image = _eight_bits(image)
    if channels == 4:
        return image.convert("RGBA")
    if image.has_transparency_data:
        over = image.convert("RGBA")
        image = Image.new("RGBA", over.size, (WHITE, WHITE, WHITE, WHITE))
        image.alpha_composite(over)
    return image.convert("L" if channels == 1 else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return an image of larger numbers as one of bytes: of sixteen bits the upper eight."""
    values: npt.NDArray[Any] = np.nan_to_num(np.asarray(image))
    wide = image.mode.startswith("I;16") or (values.dtype.kind in "iu" and values.max() > 255)
    return Image.fromarray(
        np.clip(np.rint(values / 257) if wide else values, 0, 255).astype(np.uint8)
    )


def _fitted(image: Image.Image, height: int, width: int) -> Image.Image:
    if image.size == (width, height):
        return image
    scale = min(width / image.width, height / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    resized = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)
    if size == (width, height):
        return resized
    canvas = Image.new(image.mode, (width, height))
    canvas.paste(resized, ((width - size[0]) // 2, (height - size[1]) // 2))
    return canvas
