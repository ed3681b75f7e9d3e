"""A token for each column, and attention between the tokens.

Sequences are ``(rows, tokens, width)``; the first token is of no column and gathers the answer.

Reference: Gorishniy, Rubachev, Khrulkov and Babenko (2021), "Revisiting deep learning models for
tabular data", section 3.3.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from automl.core.graph import ElementType, Graph
from automl.core.learner import Layout
from automl.families import blocks
from automl.families.blocks import Written
from automl.families.dropout import Dropout
from automl.families.transformer.layers import emit_dense

HEADS = 8
"""Ways in which each token looks at the others."""

MOST_TOKENS = 200
"""Of columns: where there are more, neighbours share one, as attention costs their square."""

_MOST_NUMBERS = 16
"""Of one column in one token; a text has more, and so several tokens."""

_CELLS = 1 << 22
"""Numbers of a sequence that are held at once outside training: 16 MiB."""


class Tokenizer(Written):
    """Encoded rows as a sequence.

    A token is the sum of a start of its own, of a vector for each number of its column, times the
    number, and of the vector of its column's code. Flags, dates, shares and columns of 0 and 1 are
    numbers here, so a category is a vector whether it came as a code or as one column of several.
    All weights are vectors, as weight decay, for matrices alone, is not for tokens.
    """

    spots: Tensor
    coded: Tensor
    offsets: Tensor
    owners: Tensor

    def __init__(self, layout: Layout, width: int) -> None:
        super().__init__()
        own, sizes = tokens(layout), dict(layout.codes)
        plain = [[place for place in places if place not in sizes] for places in own]
        spots = _even(plain, nothing=layout.width)
        coded = [(place, token) for token, places in enumerate(own) for place in places]
        coded = [(place, token) for place, token in coded if place in sizes]
        starts = np.cumsum([0, *(sizes[place] for place, _ in coded)])
        self.width = width
        self.start = _drawn(len(own), width)
        self.lines = _drawn(len(own) * len(spots[0]), width)
        self.table = _drawn(int(starts[-1]), width)
        for name, values in (
            ("spots", spots),
            ("coded", [place for place, _ in coded]),
            ("offsets", starts[:-1].tolist()),
            ("owners", [token for _, token in coded]),
        ):
            self.register_buffer(name, torch.tensor(values, dtype=torch.int64), persistent=False)

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return the sequence of encoded rows ``(rows, layout.width)``."""
        count, most = self.spots.shape
        padded = functional.pad(input, (0, 1))  # what a token lacks of the most numbers is 0
        numbers = padded.index_select(1, self.spots.flatten()).view(len(input), count, most)
        start, lines = self.start.view(count, 1, -1), self.lines.view(count, most, -1)
        found = torch.baddbmm(start, numbers.transpose(0, 1), lines).transpose(0, 1)
        if not len(self.coded):
            return found.contiguous()
        codes = input.index_select(1, self.coded).long() + self.offsets
        vectors = functional.embedding(codes, self.table.view(-1, self.width))
        return found.contiguous().index_add(1, self.owners, vectors)

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same to ``graph``."""
        count, most = self.spots.shape
        # No rows kill onnxruntime's process where an axis of rows is moved right before a product.
        padded = graph.node("Pad", x, graph.constant([0, 0, 0, 1], np.int64))
        turned = graph.node("Transpose", padded, perm=[1, 0])
        numbers = graph.node("Gather", turned, _whole(graph, self.spots), axis=0)
        lines = blocks.constant(graph, self.lines.view(count, most, -1).transpose(1, 2))
        start = blocks.constant(graph, self.start.view(count, -1, 1))
        found = graph.node("Add", graph.node("MatMul", lines, numbers), start)
        found = graph.node("Transpose", found, perm=[2, 0, 1])
        if not len(self.coded):
            return found
        codes = graph.node("Gather", x, _whole(graph, self.coded), axis=1)
        codes = graph.node("Cast", codes, to=ElementType.INT64)
        places = graph.node("Add", codes, _whole(graph, self.offsets))
        table = blocks.constant(graph, self.table.view(-1, self.width))
        vectors = graph.node("Gather", table, places, axis=0)
        return graph.node("Add", found, self._emit_owned(graph, vectors))

    def _emit_owned(self, graph: Graph, vectors: str) -> str:
        """Write each token's sum of the codes' ``vectors``: those it has, and nothing else."""
        owners = self.owners.tolist()
        own = [[i for i, owner in enumerate(owners) if owner == t] for t in range(len(self.spots))]
        picked = _even(own, nothing=len(owners))
        nothing = graph.constant([0, 0, 0, 0, 1, 0], np.int64)
        found = graph.node(
            "Gather", graph.node("Pad", vectors, nothing), graph.constant(picked, np.int64), axis=1
        )
        return graph.node("ReduceSum", found, graph.constant([2], np.int64), keepdims=0)


class Block(Written):
    """Attention, then two dense layers with a gate; each adds to what it saw, normalized.

    Args:
        width: numbers that stand for a token; a multiple of `HEADS`.
        hidden: units between the two dense layers.
        attention_dropout: part of what a token sees of others left out at each step of training.
        dropout: part of the hidden units.
        residual_dropout: part of what the block adds.
        first: whether it is the first block, which sees its tokens as they are.
        last: whether it is the last one, of which only the first token goes on.
    """

    def __init__(
        self,
        width: int,
        hidden: int,
        *,
        attention_dropout: float,
        dropout: float,
        residual_dropout: float,
        first: bool,
        last: bool,
    ) -> None:
        super().__init__()
        self.last = last
        self.seen = nn.Sequential(*([] if first else [nn.LayerNorm(width)]))
        self.asking, self.known = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.answered = nn.Linear(width, width)
        self.between = nn.LayerNorm(width)
        self.wide, self.narrow = nn.Linear(width, 2 * hidden), nn.Linear(hidden, width)
        for layer in (self.asking, self.known, self.answered):
            nn.init.zeros_(layer.bias)
        self.unseen, self.dropout = Dropout(attention_dropout), Dropout(dropout)
        self.unsaid = Dropout(residual_dropout)

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return the sequence; of the last block its first token, ``(rows, 1, width)``."""
        seen = self.seen(input)
        asking, key, value = (
            part.unflatten(2, (HEADS, -1)).transpose(1, 2)
            for part in (self.asking(self._on(seen)), *self.known(seen).chunk(2, dim=2))
        )
        shares = torch.softmax(asking @ key.transpose(2, 3) * self._scale, dim=3)
        found = (self.unseen(shares) @ value).transpose(1, 2).flatten(2)
        x = self._on(input) + self.unsaid(self.answered(found))
        units, gate = self.wide(self.between(x)).chunk(2, dim=2)
        added = self.narrow(self.dropout(units * functional.relu(gate)))
        out: Tensor = x + self.unsaid(added)
        return out

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same to ``graph``."""
        first = graph.constant([0], np.int64)
        seen = blocks.emit(graph, x, [self.seen])
        if self.last:
            x = graph.node("Gather", x, first, axis=1)
            asking = graph.node("Gather", seen, first, axis=1)
        else:
            asking = seen
        width = self.answered.in_features
        asking, key, value = (
            _emit_heads(graph, part, width)
            for part in (
                emit_dense(graph, asking, self.asking),
                *_emit_halves(graph, seen, self.known),
            )
        )
        scores = graph.node("MatMul", asking, graph.node("Transpose", key, perm=[0, 1, 3, 2]))
        scores = graph.node("Mul", scores, graph.constant(self._scale, np.float32))
        found = graph.node("MatMul", graph.node("Softmax", scores, axis=-1), value)
        found = graph.node("Transpose", found, perm=[0, 2, 1, 3])
        found = graph.node("Reshape", found, graph.constant([0, 0, width], np.int64))
        x = graph.node("Add", x, emit_dense(graph, found, self.answered))
        units, gate = _emit_halves(graph, blocks.emit(graph, x, [self.between]), self.wide)
        gated = graph.node("Mul", units, graph.node("Relu", gate))
        return graph.node("Add", x, emit_dense(graph, gated, self.narrow))

    def _on(self, sequence: Tensor) -> Tensor:
        """Return what of the sequence goes on."""
        return sequence[:, :1] if self.last else sequence

    @property
    def _scale(self) -> float:
        return float((self.answered.in_features // HEADS) ** -0.5)


class Pieces(nn.Sequential):
    """Layers that see a piece of the rows at a time outside training: sequences are large.

    Args:
        layers: one after the other.
        cells: numbers of a row's sequence.
    """

    def __init__(self, *layers: nn.Module, cells: int) -> None:
        super().__init__(*layers)
        self._rows = max(1, _CELLS // cells)

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return what the layers make of all rows."""
        if self.training:
            return self._through(input)
        parts = input.tensor_split(len(input) // self._rows + 1)
        return torch.cat([self._through(part) for part in parts])

    def _through(self, rows: Tensor) -> Tensor:
        for layer in self:
            rows = layer(rows)
        return rows


def tokens(layout: Layout) -> list[list[int]]:
    """Return each token's places in encoded rows; the first token has none."""
    columns = layout.columns or tuple(range(layout.width))
    places: dict[int, list[int]] = {}
    for place, column in enumerate(columns):
        places.setdefault(column, []).append(place)
    found = [
        own[start : start + _MOST_NUMBERS]
        for _, own in sorted(places.items())
        for start in range(0, len(own), _MOST_NUMBERS)
    ]
    count = min(len(found), MOST_TOKENS)
    shared: list[list[int]] = [[] for _ in range(count)]
    for index, own in enumerate(found):
        shared[index * count // len(found)] += own
    return [[], *shared]


def _even(lists: list[list[int]], *, nothing: int) -> list[list[int]]:
    """Return the lists, all of them filled up to one length of at least 1."""
    most = max(1, *map(len, lists))
    return [each + [nothing] * (most - len(each)) for each in lists]


def _drawn(rows: int, width: int) -> nn.Parameter:
    bound = 1.0 / math.sqrt(width)
    return nn.Parameter(torch.empty(rows * width).uniform_(-bound, bound))


def _whole(graph: Graph, values: Tensor) -> str:
    return graph.constant(values.cpu().numpy(), np.int64)


def _emit_heads(graph: Graph, x: str, width: int) -> str:
    """Write ``(rows, tokens, width)`` → ``(rows, heads, tokens, width of a head)``."""
    each = graph.node("Reshape", x, graph.constant([0, 0, HEADS, width // HEADS], np.int64))
    return graph.node("Transpose", each, perm=[0, 2, 1, 3])


def _emit_halves(graph: Graph, x: str, layer: nn.Linear) -> tuple[str, str]:
    """Write the layer, and the first and the second half of what it makes of each token."""
    parts = graph.constant([0, 0, 2, layer.out_features // 2], np.int64)
    pairs = graph.node("Reshape", emit_dense(graph, x, layer), parts)
    first, second = (
        graph.node("Gather", pairs, graph.constant(half, np.int64), axis=2) for half in range(2)
    )
    return first, second
