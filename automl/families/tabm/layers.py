"""Members of an ensemble that differ in how they weigh what comes in and in what they answer.

All between is shared, so a batch is one matrix product a layer, for all members at once.

Reference: Gorishniy, Kotelnikov and Babenko (2024), "TabM: advancing tabular deep learning with
parameter-efficient ensembling", section 3; this is its TabM-mini.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from automl.core.graph import Graph
from automl.core.learner import Leaf, Program
from automl.families.blocks import Written, constant, stacked_dense
from automl.families.dropout import Dropout

_CELLS = 1 << 20
"""Numbers that a layer's members hold at once outside training: 4 MiB."""


class Members(Written):
    """Every member's answer while training, ``(members, rows, outputs)``; their mean outside.

    The mean is one of probabilities, given as their logarithm, where there are several outputs.

    Args:
        inputs: columns.
        widths: units of each shared layer.
        outputs: of each member.
        members: how many there are.
        dropout: part of a layer's units left out while training.
        grouped: the first columns come in groups of so many that stand for one number, with how
            many groups there are; a group is weighed as one at first.
    """

    def __init__(
        self,
        inputs: int,
        widths: list[int],
        outputs: int,
        *,
        members: int,
        dropout: float,
        grouped: tuple[int, int] = (1, 0),
    ) -> None:
        super().__init__()
        size, groups = grouped
        signs = torch.randn(members, 1, inputs - groups * (size - 1))
        together = signs[..., :groups].repeat_interleave(size, dim=2)
        self.weighing = nn.Parameter(torch.cat([together, signs[..., groups:]], dim=2))
        sizes = [inputs, *widths]
        self.shared = nn.ModuleList(map(nn.Linear, sizes[:-1], sizes[1:]))
        self.dropout = Dropout(dropout)
        bound = 1.0 / math.sqrt(sizes[-1])
        self.answers = nn.Parameter(
            torch.empty(members, sizes[-1], outputs).uniform_(-bound, bound)
        )
        self.start = nn.Parameter(torch.empty(members, 1, outputs).uniform_(-bound, bound))
        self._rows = max(1, _CELLS // (members * max(sizes)))

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return ``(members, rows, outputs)``, outside training ``(rows, outputs)``."""
        if self.training:
            return self._each(input)
        parts = input.tensor_split(len(input) // self._rows + 1)
        return torch.cat([_mean(self._each(part)) for part in parts])

    def _each(self, rows: Tensor) -> Tensor:
        inner = rows * self.weighing  # (members, rows, inputs)
        for layer in self.shared:
            inner = self.dropout(functional.relu(layer(inner)))
        return torch.baddbmm(self.start, inner, self.answers)

    @staticmethod
    def stacked(layers: Sequence["Members"], leaf: Leaf) -> Program:
        """Return what all members of all networks answer: ``(lanes, members, rows, outputs)``.

        Outside training their means, as a network's own: ``(lanes, rows, outputs)``.
        """
        first = layers[0]
        weighing = leaf(first.weighing)
        shared = [stacked_dense([each], leaf) for each in first.shared]
        answers, start = leaf(first.answers), leaf(first.start)
        dropout = Dropout.stacked([layer.dropout for layer in layers], leaf)

        def forward(x: Tensor) -> Tensor:
            inner = x.unsqueeze(1) * weighing  # (lanes, members, rows, inputs)
            lanes, members, rows, _ = inner.shape
            inner = inner.flatten(1, 2)
            for layer in shared:
                inner = dropout(functional.relu(layer(inner)))
            found = torch.matmul(inner.view(lanes, members, rows, -1), answers) + start
            return found if first.training else _mean(found.transpose(0, 1))

        return forward

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the members side by side, and their mean."""
        first = graph.constant([0], "int64")
        inner = graph.node("Unsqueeze", x, first)
        inner = graph.node("Mul", inner, constant(graph, self.weighing))
        for layer in (layer for layer in self.shared if isinstance(layer, nn.Linear)):
            product = graph.node("MatMul", inner, constant(graph, layer.weight.t()))
            inner = graph.node("Relu", graph.node("Add", product, constant(graph, layer.bias)))
        found = graph.node("MatMul", inner, constant(graph, self.answers))
        answers = graph.node("Add", found, constant(graph, self.start))
        if self.answers.shape[2] == 1:
            return graph.node("ReduceMean", answers, first, keepdims=0)
        chances = graph.node("LogSoftmax", answers, axis=2)
        return graph.node("ReduceLogSumExp", chances, first, keepdims=0)


def _mean(answers: Tensor) -> Tensor:
    """Return the mean of the members' values, or the logarithm of their summed probabilities.

    Members come first, outputs last.
    """
    if answers.shape[-1] == 1:
        return answers.mean(dim=0)
    return torch.logsumexp(functional.log_softmax(answers, dim=-1), dim=0)
