"""The images of an archive, judged by their headers before one of them is decoded.

Neither numpy nor Arrow is loaded here: a flood of pixels is refused before they are.
"""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath

from PIL import Image, ImageFile

from automl.core.errors import DatasetUnreadable
from automl.data.archive import Archive
from automl.data.source import MOST_RATIO

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
ENDINGS = (
    ".png", ".jpg", ".jpeg", ".jpe", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm",
    ".pbm",
)  # fmt: skip
LABELS = "labels.csv"
MOST_PIXELS = 64 << 20
"""Of one image: a photograph has fewer."""
FREE_PIXELS = 1 << 30
"""Bytes of pixels before their ratio to the files' bytes is looked at."""
UNREADABLE = (
    OSError, SyntaxError, ValueError, EOFError, TypeError, KeyError, IndexError, AttributeError,
    OverflowError, RuntimeError, NotImplementedError, MemoryError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow raises of files that are no good."""

_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")
_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)
_GREY = ("1", "L", "LA", "La", "I", "F")


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that has a good header; its size as it is looked at."""

    name: str
    width: int
    height: int
    grey: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """What an archive holds."""

    archive: Archive
    pictures: tuple[Picture, ...]
    broken: tuple[str, ...]
    """Files that should be images and are none."""
    labels: tuple[str, ...]
    """Its tables of labels."""
    others: tuple[str, ...]


def survey(archive: Archive) -> Survey:
    """Return what the archive holds.

    Raises:
        DatasetUnreadable: damaged, a bomb, or no images in it.
    """
    pictures: list[Picture] = []
    broken, labels, others = [], [], []
    packed = pixels = 0
    for name, content in archive.files():
        if PurePosixPath(name).name.lower() == LABELS:
            labels.append(name)
        elif is_image(name, content):
            try:
                picture, image_bytes = _looked_at(name, content)
            except UNREADABLE:
                broken.append(name)
                continue
            pictures.append(picture)
            packed, pixels = packed + len(content), pixels + image_bytes
            if pixels > FREE_PIXELS and pixels > MOST_RATIO * packed:
                raise DatasetUnreadable(
                    f"The images hold more than {MOST_RATIO} bytes of pixels for each of their "
                    "own, which no photographs do."
                )
        else:
            others.append(name)
    if not pictures:
        raise DatasetUnreadable(
            f"None of the {len(broken):,} images can be read, such as {broken[0][:80]!r}."
            if broken
            else f"The {archive.format} file holds no images; upload a table itself, unpacked."
        )
    return Survey(archive, tuple(pictures), tuple(broken), tuple(labels), tuple(others))


def is_image(name: str, content: bytes) -> bool:
    """Return whether a file is an image by its name or its first bytes."""
    webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    return name.lower().endswith(ENDINGS) or content.startswith(_MAGIC) or webp


def opened(content: bytes) -> ImageFile.ImageFile:
    """Return the image with its header read, and no pixel yet.

    Raises:
        DatasetUnreadable: it has more pixels than are taken.
        Exception: one of `UNREADABLE`: it is none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes, which are judged here, and of odd headers
        try:
            image = Image.open(io.BytesIO(content), formats=FORMATS)
        except Image.DecompressionBombError:
            raise _too_large() from None
    if image.width * image.height > MOST_PIXELS:
        raise _too_large()
    return image


def _too_large() -> DatasetUnreadable:
    return DatasetUnreadable(
        f"An image has more than {MOST_PIXELS:,} pixels, the most that are taken; make it smaller."
    )


def _looked_at(name: str, content: bytes) -> tuple[Picture, int]:
    image = opened(content)
    width, height = image.size
    if width * height == 0:
        raise ValueError("no pixels")
    if _turned(image):
        width, height = height, width
    grey = image.mode in _GREY or image.mode.startswith("I;16") or _grey_palette(image)
    return Picture(name, width, height, grey), width * height * (1 if grey else 3)


def _turned(image: ImageFile.ImageFile) -> bool:
    if image.format == "PNG" and "exif" not in image.info:
        return False  # Pillow would decode it all to look behind the pixels
    return image.getexif().get(_ORIENTATION) in _TURNED


def _grey_palette(image: Image.Image) -> bool:
    if image.mode != "P":
        return False
    colours = image.getpalette() or [0, 0, 1]
    return colours[::3] == colours[1::3] == colours[2::3]
