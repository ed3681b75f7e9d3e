"""Small images and archives of them, for tests."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

RED, GREEN = (200, 10, 10), (10, 200, 10)


def picture(
    size: tuple[int, int] = (8, 6), colour: Any = RED, mode: str = "RGB", form: str = "PNG",
    **options: Any,
) -> bytes:  # fmt: skip
    """Return an image file of one colour, ``size`` being width and height."""
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, form, **options)
    return file.getvalue()


def noise(seed: int, size: tuple[int, int] = (8, 6), mode: str = "RGB") -> bytes:
    """Return a PNG of random pixels."""
    shape = (size[1], size[0]) if mode == "L" else (size[1], size[0], len(mode))
    pixels = np.random.default_rng(seed).integers(0, 255, shape).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels, mode).save(file, "PNG")
    return file.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of the files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        for name, content in files.items():
            package.writestr(name, content)
    return file.getvalue()


def tarred(files: Mapping[str, bytes], mode: str = "w") -> bytes:
    """Return a tar of the files, packed as the ``mode`` says."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as tar:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()
