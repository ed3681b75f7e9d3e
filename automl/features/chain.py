"""Blocks side by side: a block itself, and how the encoder holds one of each kind."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl.core.frame import Frame
from automl.core.graph import Graph
from automl.features.base import Block, Crossing


@dataclass(frozen=True, slots=True)
class Chain:
    """The features of several blocks, in order; any of them may be empty."""

    blocks: tuple[Block, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all features."""
        return tuple(name for block in self.blocks for name in block.names)

    @property
    def codes(self) -> tuple[tuple[int, int], ...]:
        """Positions that hold codes, with how many codes each has."""
        found: list[tuple[int, int]] = []
        start = 0
        for block in self.blocks:
            found += ((start + position, size) for position, size in block.codes)
            start += len(block.names)
        return tuple(found)

    def fill(self, frame: Frame, x: npt.NDArray[np.float32]) -> None:
        """Let every block write its own columns of ``x``."""
        start = 0
        for block in self.blocks:
            end = start + len(block.names)
            block.fill(frame, x[:, start:end])
            start = end

    def cross(self, x: npt.NDArray[np.float32]) -> None:
        """Let blocks that learned of the target write of the rows that they learned from."""
        start = 0
        for block in self.blocks:
            end = start + len(block.names)
            if isinstance(block, Crossing):
                block.cross(x[:, start:end])
            start = end

    def emit(self, graph: Graph, inputs: Mapping[str, str]) -> str:
        """Write all blocks that are not empty."""
        parts = [block.emit(graph, inputs) for block in self.blocks if block.names]
        return graph.node("Concat", *parts, axis=1)
