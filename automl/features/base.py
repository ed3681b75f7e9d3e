"""What the file of a column kind offers: one block of features for all its columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from automl.core.frame import Frame
from automl.core.graph import Graph
from automl.core.learner import Layout, Matrix, View
from automl.core.schema import Column


class Block(Protocol):
    """The fitted features of one column kind: some neighbouring columns of ``x``."""

    @property
    def names(self) -> tuple[str, ...]:
        """What each feature is called; as many as the block is wide."""

    @property
    def codes(self) -> tuple[tuple[int, int], ...]:
        """Positions within the block that hold codes, with how many codes each has."""

    def fill(self, frame: Frame, x: npt.NDArray[np.float32]) -> None:
        """Write the features into ``x``: zeros on entry, ``(rows, width of the block)``."""

    def emit(self, graph: Graph, inputs: Mapping[str, str]) -> str:
        """Write the block to the graph: float32, n × width, equal to what ``fill`` writes."""


class Encoder(Protocol):
    """A fitted view of a frame, or of its one column of arrays or texts."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns it reads."""

    @property
    def names(self) -> tuple[str, ...]:
        """What each feature is called; of arrays and texts only the column."""

    @property
    def width(self) -> int:
        """How many numbers a row has."""

    @property
    def layout(self) -> Layout:
        """What the encoded rows hold."""

    def transform(self, frame: Frame) -> Matrix:
        """Return the encoded rows."""

    def emit(self, graph: Graph, inputs: Mapping[str, str]) -> str:
        """Write ``transform`` to the graph and return the value's name.

        Args:
            graph: The program to append to.
            inputs: Column names to their raw values there.
        """


@runtime_checkable
class Crossing(Protocol):
    """A block that learned of the target, and so knows the rows that it learned from too well."""

    def cross(self, x: npt.NDArray[np.float32]) -> None:
        """Put into ``x``, which ``fill`` wrote for those rows, what the others say of each."""


@dataclass(frozen=True, slots=True)
class OneColumn:
    """What an encoder of a single ``column`` says of it."""

    column: str

    @property
    def names(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)


class Kind(Protocol):
    """The module of a column kind."""

    def fit(self, frame: Frame, columns: Sequence[Column], view: View, room: Frame) -> Block:
        """Return the features of those columns, learned from the rows of ``frame`` alone.

        Which features there are is said by ``room``, of which ``frame`` is rows: what only others
        of its rows have is never anything but 0.
        """
