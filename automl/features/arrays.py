"""Images, series and volumes as networks and kernels see them: channels first, numbers as they are.

Nothing is learned here: what a network wants of their size (mean and deviation) it takes from its
training rows itself and keeps with its weights.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.catalog import ColumnKind
from automl.core.frame import Frame, Ints, Places, Unread
from automl.core.graph import ElementType, Graph
from automl.core.learner import Layout, Matrix
from automl.core.schema import Column
from automl.features.base import OneColumn

_AXES = {ColumnKind.IMAGE: 2, ColumnKind.VOLUME: 3}
"""Axes of space; what follows them are channels."""


@dataclass(frozen=True, slots=True)
class ArrayEncoder(OneColumn):
    """A column of arrays, whose rows have that ``shape`` in the dataset."""

    kind: ColumnKind
    shape: tuple[int, ...]
    dtype: str

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return int(np.prod(self.shape))

    @property
    def layout(self) -> Layout:
        """The shape, channels first."""
        shape = self._channels_first
        return Layout(self.width, shape=shape)

    def transform(self, frame: Frame) -> Matrix:
        """Return the rows: ``(rows, channels, …)``, uint8 and booleans as uint8, else float32.

        Unread rows stay so: what comes back is `EncodedArrays`.
        """
        values = frame.arrays(self.column).rows
        if isinstance(values, np.ndarray):
            return self.encoded(values)
        return EncodedArrays(values, self)

    def encoded(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return arrays as the dataset has them in that form."""
        x = np.moveaxis(values, -1, 1) if self._channels_last else values
        x = x.reshape(len(values), *self._channels_first)
        return np.ascontiguousarray(x.astype(_encoded(x.dtype), copy=False))

    def emit(self, graph: Graph, inputs: Mapping[str, str]) -> str:
        """Write ``transform`` to the graph, all as float32."""
        x = graph.node("Cast", inputs[self.column], to=ElementType.FLOAT)
        if self._channels_last:
            axes = len(self.shape)
            return graph.node("Transpose", x, perm=[0, axes, *range(1, axes)])
        if self._channels_first == self.shape:
            return x
        return graph.node("Unsqueeze", x, graph.constant([1], np.int64))

    @property
    def _channels_last(self) -> bool:
        return len(self.shape) > _AXES.get(self.kind, len(self.shape))

    @property
    def _channels_first(self) -> tuple[int, ...]:
        if self._channels_last:
            return (self.shape[-1], *self.shape[:-1])
        return self.shape if self.kind is ColumnKind.SERIES else (1, *self.shape)


@dataclass(frozen=True, slots=True, eq=False)
class EncodedArrays:
    """Unread rows, encoded where they are read: an `automl.core.frame.Unread` itself."""

    values: Unread
    encoder: ArrayEncoder

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shape(self) -> tuple[int, ...]:
        """``(rows, channels, …)``."""
        return (len(self), *self.encoder.layout.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the numbers."""
        return _encoded(self.values.dtype)

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """What is held in memory."""
        return 0

    @property
    def groups(self) -> Ints:
        """Return which part of the file each row is read with: ``(rows,)``."""
        return self.values.groups

    def __getitem__(self, places: Places) -> npt.NDArray[Any]:
        """Read the rows at those places: ``(some, channels, …)``."""
        return self.encoder.encoded(self.values[places])

    def take(self, places: Places) -> "npt.NDArray[Any] | EncodedArrays":
        """Return the rows at those places: few read, many unread."""
        taken = self.values.take(places)
        if isinstance(taken, np.ndarray):
            return self.encoder.encoded(taken)
        return EncodedArrays(taken, self.encoder)


def fit(columns: Sequence[Column]) -> ArrayEncoder:
    """Return the encoder of the one column of arrays. Raises `ValueError` for others."""
    (column,) = columns
    if not column.kind.array:
        raise ValueError(f"column {column.name!r} holds no arrays")
    return ArrayEncoder(column.name, column.kind, column.shape, column.dtype)


def _encoded(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return what numbers of a dataset's dtype are in memory: a byte where they need no more."""
    return np.dtype(np.uint8 if dtype in (np.uint8, np.bool_) else np.float32)
