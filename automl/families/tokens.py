"""Words as learned vectors: where networks over texts begin.

Ids are those of `View.TOKENS`: 0 fills a row's end, 1 is an unknown word.
"""

import torch
from torch import Tensor, nn
from typing_extensions import override

from automl.core.graph import ElementType, Graph
from automl.families.blocks import Written, constant

_UNKNOWN = 1


class Tokens(Written):
    """``(rows, length)`` ids → ``(rows, width, length)``: a vector a word, nothing behind the end.

    While training a part of the words, the ``dropout``, is taken for unknown.
    """

    def __init__(self, vocabulary: int, width: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.table = nn.Embedding(vocabulary, width, padding_idx=0)
        with torch.no_grad():
            self.table.weight.mul_(width**-0.5)  # vectors have a length of about one
        self._dropout = dropout

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return the vectors, of nothing zeros."""
        ids = forgotten(input, self._dropout) if self.training and self._dropout > 0 else input
        found: Tensor = self.table(ids).transpose(1, 2)
        return found

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the look-up."""
        found = graph.node("Gather", constant(graph, self.table.weight), x, axis=0)
        return graph.node("Transpose", found, perm=[0, 2, 1])


def forgotten(ids: Tensor, part: float) -> Tensor:
    """Return the ids with a random part of the words unknown."""
    gone = torch.rand(ids.shape, device=ids.device) < part
    return ids.masked_fill(gone & (ids > 0), _UNKNOWN)


def mask(ids: Tensor) -> Tensor:
    """Return 1 where a row has a word, else 0: ``(rows, 1, length)`` float32."""
    return (ids > 0).unsqueeze(1).float()


def emit_mask(graph: Graph, ids: str) -> str:
    """Write ``mask``."""
    words = graph.node("Cast", ids, to=ElementType.BOOL)
    ones = graph.node("Cast", words, to=ElementType.FLOAT)
    return graph.node("Unsqueeze", ones, graph.constant([1], "int64"))


def trimmed(ids: Tensor, least: int = 1) -> Tensor:
    """Return the ids without the columns, of the last ones, in which no row has a word."""
    used = int((ids > 0).sum(dim=1).max()) if len(ids) else 0
    return ids[:, : max(used, least)]
