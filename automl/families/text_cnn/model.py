"""Convolutions of several widths over the vectors of a text's words, each filter's largest answer.

Reference: Kim (2014), "Convolutional neural networks for sentence classification".
"""

import torch
from torch import Tensor, nn
from typing_extensions import override

from automl.core.graph import Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Layout
from automl.families import blocks
from automl.families.blocks import Written, constant
from automl.families.dropout import Dropout
from automl.families.series import Convolution
from automl.families.text_cnn.space import NETWORK
from automl.families.tokens import Tokens, emit_mask, mask, trimmed


class Windows(Written):
    """Ids ``(rows, length)`` → each filter's largest answer: ``(rows, filters · windows)``.

    Answers below zero are none, as are those centred behind the text's end, so a text without a
    word has zeros.
    """

    def __init__(
        self, tokens: Tokens, width: int, *, filters: int, windows: tuple[int, ...]
    ) -> None:
        super().__init__()
        self.tokens = tokens
        self.layers = nn.ModuleList(
            Convolution(width, filters, (window,), padding=(window // 2,)) for window in windows
        )

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return the answers."""
        ids = trimmed(input)
        vectors, there = self.tokens(ids), mask(ids)
        answers = []
        for layer in self.layers:
            found = layer(vectors)[..., -ids.shape[1] :]  # even windows see one place too early
            answers.append((found * there).amax(dim=2))
        return torch.relu(torch.cat(answers, dim=1))

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same steps."""
        vectors, there = self.tokens.emit(graph, x), emit_mask(graph, x)
        axis = graph.constant([2], "int64")
        answers = []
        for layer in self.layers:
            weights = [constant(graph, part) for part in (layer.weight, layer.bias)]  # type: ignore[arg-type]
            answer = graph.node("Conv", vectors, *weights, pads=_around(layer))
            inside = graph.node("Mul", answer, there)
            answers.append(graph.node("ReduceMax", inside, axis, keepdims=0))
        return graph.node("Relu", graph.node("Concat", *answers, axis=1))


def _around(layer: nn.Module) -> tuple[int, int]:
    """Return how much of nothing stands before and behind a text, so that its length stays."""
    (window,) = layer.kernel_size  # type: ignore[misc]
    return (window - 1) // 2, window // 2


def build(params: Params, layout: Layout, outputs: int) -> nn.Module:
    """Return the untrained network: ids → float32 ``(rows, outputs)``.

    Weights come from torch's global random state.

    Raises:
        TrialError: the candidate's numbers describe no network.
    """
    blocks.check(params, NETWORK)
    width, filters = int(params["width"]), int(params["filters"])
    windows = tuple(map(int, str(params["windows"]).split()))
    tokens = Tokens(layout.vocabulary, width, dropout=float(params["word_dropout"]))
    last = blocks.dense(filters * len(windows), outputs, initialization="xavier", activation="relu")
    return nn.Sequential(
        Windows(tokens, width, filters=filters, windows=windows),
        Dropout(float(params["dropout"])),
        last,
    )


def emit(graph: Graph, x: str, network: nn.Module) -> str:
    """Write the trained network's forward pass (logits or values) to ``graph``."""
    return blocks.emit(graph, x, network.children())
