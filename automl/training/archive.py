"""States as bytes: the one form in which fitted things and checkpoints are stored.

The bytes are a safetensors file, which can hold arrays and text but never code. The header is one
JSON string in its metadata. Equal states give equal bytes, so storage can address them by digest.

    >>> content = pack(State({"classes": 2}, {"weight": np.eye(2, dtype=np.float32)}))
    >>> unpack(content).header
    {'classes': 2}
"""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors.numpy
from safetensors import SafetensorError

from automl.core.errors import ArtifactCorrupt
from automl.core.state import State

_HEADER = "header"
_LENGTH = 8
"""A safetensors file starts with its JSON's length: eight bytes, little endian."""


def pack(state: State) -> bytes:
    """Return ``state`` as bytes.

    Raises:
        TypeError: the header or an array holds what JSON or safetensors cannot.
        ValueError: the header holds NaN or an infinity, which JSON cannot say.
    """
    header = json.dumps(state.header, sort_keys=True, separators=(",", ":"), allow_nan=False)
    arrays = {name: _plain(name, array) for name, array in state.arrays.items()}
    return safetensors.numpy.save(arrays, metadata={_HEADER: header})


def unpack(content: bytes) -> State:
    """Return the state that ``pack`` turned into ``content``.

    Raises:
        ArtifactCorrupt: these are not bytes that ``pack`` wrote.
    """
    try:
        arrays = safetensors.numpy.load(content)
        length = int.from_bytes(content[:_LENGTH], "little")
        metadata = json.loads(content[_LENGTH : _LENGTH + length])["__metadata__"]
        return State(json.loads(metadata[_HEADER]), arrays)
    except (SafetensorError, KeyError, ValueError) as error:
        raise ArtifactCorrupt(f"these bytes are not a packed state: {error}") from error


def _plain(name: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if array.dtype.kind not in "biuf":
        raise TypeError(f"array {name!r} is {array.dtype}; a state holds bools and numbers only")
    # Not ascontiguousarray: that would turn a 0-d array into a row.
    return np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")
