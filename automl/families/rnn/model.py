"""Layers of recurrent cells over a series, whole or in pieces, or over a text's words.

References:
    Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder" (GRU).
    Hochreiter & Schmidhuber (1997), "Long short-term memory".
"""

from torch import Tensor, nn
from typing_extensions import override

from automl.core.graph import Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Layout
from automl.families import blocks
from automl.families.arrays import Standardized
from automl.families.blocks import Written
from automl.families.dropout import Dropout
from automl.families.rnn.cells import Cells, emit_lengths, emit_places, lengths
from automl.families.rnn.pooling import Pooling
from automl.families.rnn.space import NETWORK, OVER_SERIES, OVER_TEXTS
from automl.families.tokens import Tokens, emit_mask, mask, trimmed


def build(params: Params, layout: Layout, outputs: int) -> nn.Module:
    """Return the untrained network: series or ids → float32 ``(rows, outputs)``.

    Weights come from torch's global random state.

    Raises:
        TrialError: the candidate's numbers describe no network.
    """
    if layout.vocabulary:
        blocks.check(params, NETWORK + OVER_TEXTS)
        return Recurrent(params, Words(params, layout), outputs)
    blocks.check(params, NETWORK + OVER_SERIES)
    return Recurrent(params, Pieces(layout, most=int(params["steps"])), outputs)


def emit(graph: Graph, x: str, network: nn.Module) -> str:
    """Write the trained network's forward pass (logits or values) to ``graph``."""
    return blocks.emit(graph, x, [network])


class Pieces(nn.Module):
    """A series as steps of its standardized channels; a long one in pieces of equal length.

    A piece shows all its steps, and which of them are there; it is there if one of them is.
    """

    def __init__(self, layout: Layout, *, most: int) -> None:
        super().__init__()
        length = layout.shape[1]
        self.entry = Standardized(layout)
        self.size = -(-length // most)
        self.steps = -(-length // self.size)
        self.outputs = self.entry.outputs * self.size
        self._added = self.steps * self.size - length

    def observe(self, x: Tensor, y: Tensor) -> None:
        """Take the size of the channels' numbers."""
        self.entry.observe(x, y)

    @override
    def forward(self, input: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``(rows, steps, outputs)``, and 1 where a step is there: ``(rows, steps)``."""
        x = nn.functional.pad(self.entry(input), (0, self._added))
        cut = x.view(len(x), self.entry.outputs, self.steps, self.size)
        there = cut[:, -1].amax(dim=2)  # the last channel says so
        return cut.permute(0, 2, 1, 3).flatten(2), there

    def emit(self, graph: Graph, x: str) -> tuple[str, str]:
        """Write the same."""
        channels = self.entry.outputs
        x = self.entry.emit(graph, x)
        if self._added:
            x = graph.node("Pad", x, graph.constant([0, 0, 0, 0, 0, self._added], "int64"))
        shape = graph.constant([0, channels, self.steps, self.size], "int64")
        cut = graph.node("Reshape", x, shape)
        mask = graph.node("Gather", cut, graph.constant(channels - 1, "int64"), axis=1)
        there = graph.node("ReduceMax", mask, graph.constant([2], "int64"), keepdims=0)
        turned = graph.node("Transpose", cut, perm=[0, 2, 1, 3])
        flat = graph.constant([0, self.steps, self.outputs], "int64")
        return graph.node("Reshape", turned, flat), there


class Words(nn.Module):
    """A text as steps of its words' vectors, ``(rows, length)`` ids."""

    def __init__(self, params: Params, layout: Layout) -> None:
        super().__init__()
        self.steps, self.outputs = layout.width, int(params["word_width"])
        forgotten = float(params["word_dropout"])
        self.tokens = Tokens(layout.vocabulary, self.outputs, dropout=forgotten)

    def observe(self, x: Tensor, y: Tensor) -> None:
        """Nothing: vectors are learned."""

    @override
    def forward(self, input: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``(rows, steps, outputs)``, and 1 where a step is there: ``(rows, steps)``."""
        ids = trimmed(input)
        return self.tokens(ids).transpose(1, 2), mask(ids)[:, 0]

    def emit(self, graph: Graph, x: str) -> tuple[str, str]:
        """Write the same."""
        vectors = graph.node("Transpose", self.tokens.emit(graph, x), perm=[0, 2, 1])
        there = graph.node("Squeeze", emit_mask(graph, x), graph.constant([1], "int64"))
        return vectors, there


class Recurrent(Written):
    """Cells over what ``entry`` makes of rows, then one state of each row, then a dense layer."""

    def __init__(self, params: Params, entry: Pieces | Words, outputs: int) -> None:
        super().__init__()
        width, directions = int(params["width"]), int(params["directions"])
        made: list[Cells] = []
        inputs = entry.outputs
        for _ in range(int(params["layers"])):
            made.append(Cells(str(params["cells"]), inputs, width, directions=directions))
            inputs = made[-1].outputs
        self.entry = entry
        self.layers = nn.ModuleList(made)
        self._made = tuple(made)  # typed
        self.dropout = Dropout(float(params["dropout"]))
        self.pooling = Pooling(str(params["pooling"]), inputs, directions=directions)
        self.head = blocks.dense(inputs, outputs, initialization="xavier", activation="tanh")

    def observe(self, x: Tensor, y: Tensor) -> None:
        """Let the entry look at the rows."""
        self.entry.observe(x, y)

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return ``(rows, outputs)``."""
        x, there = self.entry(input)
        ends = lengths(there)
        for layer in self._made:
            x = self.dropout(layer(x, ends))
        return self.head(self.dropout(self.pooling(x, ends)))  # type: ignore[no-any-return]

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same."""
        x, there = self.entry.emit(graph, x)
        places = emit_places(graph, there, self.entry.steps)
        ends = emit_lengths(graph, there, places)
        for layer in self._made:
            x = layer.emit(graph, x, ends)
        x = self.pooling.emit(graph, x, ends, places)
        return blocks.emit(graph, x, [self.head])
