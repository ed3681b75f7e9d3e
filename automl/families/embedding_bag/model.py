"""The mean of the vectors of a text's words and runs of words, then one linear layer.

Reference: Joulin, Grave, Bojanowski and Mikolov (2017), "Bag of tricks for efficient text
classification".
"""

import torch
from torch import Tensor, nn
from typing_extensions import override

from automl.core.graph import ElementType, Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Layout
from automl.families import blocks
from automl.families.blocks import Written, constant
from automl.families.dropout import Dropout
from automl.families.embedding_bag.space import NETWORK
from automl.families.tokens import forgotten, trimmed

_FACTOR = 1_000_003
"""What hashes of runs multiply by before the next word is added."""


class Bag(Written):
    """Ids ``(rows, length)`` → the mean of the vectors of words and runs: ``(rows, width)``.

    All share one table: nothing, unknown, the words, then the buckets of runs of up to ``longest``
    words. A text without a word has zeros.
    """

    def __init__(
        self, vocabulary: int, width: int, *, longest: int, buckets: int, dropout: float
    ) -> None:
        super().__init__()
        buckets = buckets if longest > 1 else 0
        self.bag = nn.EmbeddingBag(vocabulary + buckets, width, mode="mean", padding_idx=0)
        with torch.no_grad():
            self.bag.weight.mul_(width**-0.5)  # vectors have a length of about one
            self.bag.weight[0] = 0.0
        self._vocabulary, self._buckets, self._longest = vocabulary, buckets, longest
        self._dropout = dropout

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        ids = trimmed(input).long()
        if self.training and self._dropout > 0:
            ids = forgotten(ids, self._dropout)
        found: Tensor = self.bag(torch.cat([ids, *self._runs(ids)], dim=1))
        return found

    def _runs(self, ids: Tensor) -> list[Tensor]:
        """Return the places of the runs that end at each word but the first ones; 0 behind the end.

        Nothing follows nothing, so a run is there where its last word is.
        """
        found, code = [], ids
        for length in range(2, self._longest + 1):
            last = ids[:, length - 1 :]
            code = code[:, : last.shape[1]] * _FACTOR + last
            place = code % self._buckets + self._vocabulary
            found.append(place * (last > 0))
        return found

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same steps; the row of nothing holds zeros."""
        ids = graph.node("Cast", x, to=ElementType.INT64)
        places = graph.node("Concat", ids, *self._emit_runs(graph, ids), axis=1)
        vectors = graph.node("Gather", constant(graph, self.bag.weight), places, axis=0)
        axis = graph.constant([1], "int64")
        total = graph.node("ReduceSum", vectors, axis, keepdims=0)
        present = graph.node("Cast", places, to=ElementType.BOOL)
        ones = graph.node("Cast", present, to=ElementType.FLOAT)
        count = graph.node("ReduceSum", ones, axis, keepdims=1)
        return graph.node("Div", total, graph.node("Max", count, graph.constant(1.0, "float32")))

    def _emit_runs(self, graph: Graph, ids: str) -> list[str]:
        def whole(number: int) -> str:
            return graph.constant(number, "int64")

        def cut(table: str, start: int, end: int) -> str:
            bounds = (graph.constant([n], "int64") for n in (start, end, 1))
            return graph.node("Slice", table, *bounds)

        found, code = [], ids
        for length in range(2, self._longest + 1):
            last = cut(ids, length - 1, _END)
            shifted = graph.node("Mul", cut(code, 0, -1), whole(_FACTOR))
            code = graph.node("Add", shifted, last)
            place = graph.node("Mod", code, whole(self._buckets))
            place = graph.node("Add", place, whole(self._vocabulary))
            there = graph.node("Cast", graph.node("Cast", last, to=ElementType.BOOL),
                               to=ElementType.INT64)  # fmt: skip
            found.append(graph.node("Mul", place, there))
        return found


_END = 2**62


def build(params: Params, layout: Layout, outputs: int) -> nn.Module:
    """Return the untrained network: ids → float32 ``(rows, outputs)``.

    Weights come from torch's global random state.

    Raises:
        TrialError: the candidate's numbers describe no network.
    """
    blocks.check(params, tuple(item for item in NETWORK if item.active(params)))
    width = int(params["width"])
    bag = Bag(
        layout.vocabulary,
        width,
        longest=min(int(params["runs"]), layout.width),
        buckets=int(params.get("buckets", 0)),
        dropout=float(params["word_dropout"]),
    )
    last = nn.Linear(width, outputs)
    nn.init.zeros_(last.weight)  # the first predictions are even
    return nn.Sequential(bag, Dropout(float(params["dropout"])), last)


def emit(graph: Graph, x: str, network: nn.Module) -> str:
    """Write the trained network's forward pass (logits or values) to ``graph``."""
    return blocks.emit(graph, x, network.children())
