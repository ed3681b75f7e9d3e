"""Hashes of cells and rows that are the same on every machine, in every run and row order.

Python's own ``hash`` changes from process to process and hashlib costs a microsecond a cell, so
short strings are hashed eight bytes at a time over the whole column.
"""

import hashlib
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Hashes: TypeAlias = npt.NDArray[np.uint64]

_LONG = 256
"""Longer strings go through hashlib one by one: their bytes cost more than the call."""
_TAIL = np.array([(1 << 8 * n) - 1 for n in range(8)] + [2**64 - 1], dtype=np.uint64)


def mix(values: Hashes) -> Hashes:
    """Return each value scrambled by a bijection in which every bit reaches every other.

    Reference: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
    """
    x = values + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def hash_text(text: str) -> int:
    """Return the hash of one string."""
    return int(hash_strings(pa.array([text], pa.string()))[0])


def hash_strings(values: pa.StringArray) -> Hashes:
    """Return one hash a string: ``(len(values),)``."""
    count = len(values)
    if count == 0:
        return np.zeros(0, dtype=np.uint64)
    _, offset_buffer, data_buffer = values.buffers()
    offsets = np.frombuffer(offset_buffer, dtype=np.int32)[
        values.offset : values.offset + count + 1
    ]
    lengths = np.diff(offsets).astype(np.int64)
    hashes = mix(lengths.astype(np.uint64))
    data = np.frombuffer(data_buffer or b"", dtype=np.uint8)
    data = np.concatenate([data[offsets[0] : offsets[-1]], np.zeros(8, dtype=np.uint8)])
    # Every eight bytes in a row, overlapping: (bytes, 8)
    words = np.ndarray((len(data) - 7, 8), dtype=np.uint8, buffer=data, strides=(1, 1))
    starts = (offsets[:-1] - offsets[0]).astype(np.int64)
    rows = np.flatnonzero((lengths > 0) & (lengths <= _LONG))
    position = 0
    while len(rows):
        word = words[starts[rows] + position].view("<u8").ravel()
        word &= _TAIL[np.minimum(lengths[rows] - position, 8)]
        hashes[rows] = mix(hashes[rows] ^ word)
        position += 8
        rows = rows[lengths[rows] > position]
    for row in np.flatnonzero(lengths > _LONG):
        cell = data[starts[row] : starts[row] + lengths[row]].tobytes()
        digest = hashlib.blake2b(cell, digest_size=8).digest()
        hashes[row] = np.uint64(int.from_bytes(digest, "little"))
    return hashes


def hash_numbers(values: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> Hashes:
    """Return one hash a number: equal numbers alike, every NaN alike: ``(len(values),)``."""
    if values.dtype == np.int64:
        return mix(values.view(np.uint64))
    canonical = np.where(np.isnan(values), np.nan, values + 0.0)  # −0.0 becomes 0.0
    return mix(canonical.view(np.uint64))


def hash_arrays(values: npt.NDArray[np.generic]) -> Hashes:
    """Return one hash an array: ``(rows,)``."""
    digests = [hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in values]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)
