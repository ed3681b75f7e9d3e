"""Patches, words, and attention between them, with their ONNX forms.

Sequences are ``(rows, places, width)``.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from automl.core.graph import Graph
from automl.families import blocks
from automl.families.blocks import Written
from automl.families.dropout import Dropout
from automl.families.tokens import Tokens, emit_mask, mask, trimmed

_NOTHING = -1e9
"""What is added to the scores of places where there is no word."""


class Patches(Written):
    """Arrays cut into boxes of ``patch`` places along each axis, each a vector: a sequence.

    What is missing in the last boxes is 0, the mean.
    """

    def __init__(self, shape: Sequence[int], patch: int, width: int) -> None:
        super().__init__()
        channels, *space = shape
        self._sides = [min(patch, length) for length in space]
        self._counts = [-(-n // side) for n, side in zip(space, self._sides, strict=True)]
        self._missing = [
            count * side - length
            for count, side, length in zip(self._counts, self._sides, space, strict=True)
        ]
        self._cut = [
            channels,
            *(n for pair in zip(self._counts, self._sides, strict=True) for n in pair),
        ]
        axes = range(len(space))
        self._order = [0, *(2 + 2 * axis for axis in axes), 1, *(3 + 2 * axis for axis in axes)]
        self.places = math.prod(self._counts)
        self._inputs = channels * math.prod(self._sides)
        self.dense = blocks.dense(self._inputs, width, initialization="xavier", activation="gelu")
        self.position = nn.Parameter(0.02 * torch.randn(1, self.places, width))

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return the sequence of ``(rows, channels, …)``."""
        ends = [part for missing in reversed(self._missing) for part in (0, missing)]
        whole = functional.pad(input, ends)
        cut = whole.reshape(len(input), *self._cut).permute(self._order)
        vectors: Tensor = self.dense(cut.reshape(len(input), self.places, self._inputs))
        return vectors + self.position

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same to ``graph``."""
        if any(self._missing):
            none = [0] * (2 + len(self._missing))
            x = graph.node("Pad", x, graph.constant([*none, 0, 0, *self._missing], np.int64))
        cut = graph.node("Reshape", x, graph.constant([0, *self._cut], np.int64))
        moved = graph.node("Transpose", cut, perm=self._order)
        flat = graph.constant([0, self.places, self._inputs], np.int64)
        vectors = emit_dense(graph, graph.node("Reshape", moved, flat), self.dense)
        return graph.node("Add", vectors, blocks.constant(graph, self.position))


class Block(Written):
    """Attention, then two dense layers; what each makes is added to what it saw, normalized."""

    def __init__(self, width: int, heads: int, *, expansion: float, dropout: float) -> None:
        super().__init__()
        hidden = round(width * expansion)
        self.heads, self.width = heads, width
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.asked = nn.Linear(width, 3 * width)
        self.answered = nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.dropout = Dropout(dropout)
        for layer in (self.asked, self.answered, self.wide, self.narrow):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    @override
    def forward(self, input: Tensor, nothing: Tensor | None = None) -> Tensor:
        """Return a sequence; ``nothing`` is added to each place's scores: ``(rows, 1, 1, n)``."""
        rows, places, width = input.shape
        parts = self.asked(self.first(input)).view(rows, places, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        # Never the whole table of places: for 64 texts of 400 words it took 500 MB, and 10 times as
        # long; a step forth and back 4 times.
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=nothing)
        seen = seen.transpose(1, 2).reshape(rows, places, width)
        x = input + self.dropout(self.answered(seen))
        added = self.dropout(self.narrow(functional.gelu(self.wide(self.second(x)))))
        out: Tensor = x + added
        return out

    def emit_after(self, graph: Graph, x: str, nothing: str | None) -> str:
        """Write the same to ``graph``."""
        asked = emit_dense(graph, blocks.emit(graph, x, [self.first]), self.asked)
        each = graph.constant([0, 0, 3, self.heads, self.width // self.heads], np.int64)
        parts = graph.node("Transpose", graph.node("Reshape", asked, each), perm=[2, 0, 3, 1, 4])
        query, key, value = (
            graph.node("Gather", parts, graph.constant(place, np.int64), axis=0)
            for place in range(3)
        )
        found = graph.node("MatMul", query, graph.node("Transpose", key, perm=[0, 1, 3, 2]))
        scores = graph.node("Mul", found, graph.constant(self._scale, np.float32))
        if nothing is not None:
            scores = graph.node("Add", scores, nothing)
        seen = graph.node("MatMul", graph.node("Softmax", scores, axis=-1), value)
        seen = graph.node("Transpose", seen, perm=[0, 2, 1, 3])
        seen = graph.node("Reshape", seen, graph.constant([0, 0, self.width], np.int64))
        x = graph.node("Add", x, emit_dense(graph, seen, self.answered))
        wide = emit_dense(graph, blocks.emit(graph, x, [self.second]), self.wide)
        return graph.node(
            "Add", x, emit_dense(graph, blocks.emit(graph, wide, [nn.GELU()]), self.narrow)
        )

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the block for sequences without gaps."""
        return self.emit_after(graph, x, None)

    @property
    def _scale(self) -> float:
        return float((self.width // self.heads) ** -0.5)


class Mean(Written):
    """The mean of all places, normalized: ``(rows, width)``."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return ``(rows, width)``."""
        mean: Tensor = self.norm(input).mean(dim=1)
        return mean

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same to ``graph``."""
        even = blocks.emit(graph, x, [self.norm])
        return graph.node("ReduceMean", even, graph.constant([1], np.int64), keepdims=0)


class Read(Written):
    """Words' ids through blocks, and the mean over the words: ``(rows, width)``."""

    def __init__(self, vocabulary: int, length: int, width: int, inner: Sequence[Block]) -> None:
        super().__init__()
        self.tokens = Tokens(vocabulary, width)
        self.position = nn.Parameter(0.02 * torch.randn(1, length, width))
        self.inner = nn.ModuleList(inner)
        self.norm = nn.LayerNorm(width)

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return ``(rows, width)`` of ids ``(rows, length)``; of no words zeros."""
        ids = trimmed(input)
        there = mask(ids)
        nothing = ((1.0 - there) * _NOTHING).unsqueeze(1)
        x = self.tokens(ids).transpose(1, 2) + self.position[:, : ids.shape[1]]
        for block in self.inner:
            x = block(x, nothing)
        words = there.transpose(1, 2)
        mean: Tensor = (self.norm(x) * words).sum(dim=1) / words.sum(dim=1).clamp(min=1.0)
        return mean

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same to ``graph``."""
        there = emit_mask(graph, x)
        one = graph.constant([1], np.float32)
        gaps = graph.node("Sub", one, there)
        gaps = graph.node("Mul", gaps, graph.constant([_NOTHING], np.float32))
        nothing = graph.node("Unsqueeze", gaps, graph.constant([1], np.int64))
        vectors = graph.node("Transpose", self.tokens.emit(graph, x), perm=[0, 2, 1])
        x = graph.node("Add", vectors, self._emit_positions(graph, vectors))
        for block in self.inner:
            x = block.emit_after(graph, x, nothing)  # type: ignore[operator]
        words = graph.node("Transpose", there, perm=[0, 2, 1])
        axis = graph.constant([1], np.int64)
        seen = graph.node("Mul", blocks.emit(graph, x, [self.norm]), words)
        total = graph.node("ReduceSum", seen, axis, keepdims=0)
        count = graph.node("Max", graph.node("ReduceSum", words, axis, keepdims=0), one)
        return graph.node("Div", total, count)

    def _emit_positions(self, graph: Graph, vectors: str) -> str:
        first, axis = graph.constant([0], np.int64), graph.constant([1], np.int64)
        used = graph.node("Shape", vectors, start=1, end=2)
        return graph.node("Slice", blocks.constant(graph, self.position), first, used, axis)


def emit_dense(graph: Graph, x: str, layer: nn.Linear) -> str:
    """Write a dense layer over the last axis of a sequence."""
    weight = graph.constant(layer.weight.detach().cpu().numpy().T, np.float32)
    return graph.node("Add", graph.node("MatMul", x, weight), blocks.constant(graph, layer.bias))
