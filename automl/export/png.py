"""Small pictures as PNG: stored, not squeezed, so that their bytes depend on no version of zlib."""

import struct
import zlib

import numpy as np
import numpy.typing as npt

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _COLOUR = 0, 2
_STORED = 65_535
"""The most bytes of a block that is not squeezed."""


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return a picture, ``(height, width)`` or ``(height, width, 3)``, as a file.

    Reference:
        PNG specification, third edition, W3C, 2025; RFC 1950 and 1951.
    """
    height, width = pixels.shape[:2]
    kind = _COLOUR if pixels.ndim == 3 else _GREY
    lines = pixels.reshape(height, -1)
    unfiltered = np.concatenate([np.zeros((height, 1), np.uint8), lines], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", _stored(unfiltered.tobytes())), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(name, content) for name, content in parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)


def _stored(content: bytes) -> bytes:
    blocks = []
    for start in range(0, len(content), _STORED):
        block = content[start : start + _STORED]
        last = start + _STORED >= len(content)
        blocks.append(struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block)
    return b"\x78\x01" + b"".join(blocks) + struct.pack(">I", zlib.adler32(content))
