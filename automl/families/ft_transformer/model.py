"""A token for each column, blocks of attention between them, and an answer from the first token.

Reference: Gorishniy, Rubachev, Khrulkov and Babenko (2021), "Revisiting deep learning models for
tabular data", section 3.3.
"""

from torch import nn

from automl.core.graph import Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Layout
from automl.families import blocks
from automl.families.ft_transformer.layers import HEADS, Block, Pieces, Tokenizer, tokens
from automl.families.ft_transformer.space import NETWORK


def build(params: Params, layout: Layout, outputs: int) -> nn.Module:
    """Return the untrained network: encoded rows → float32 ``(rows, outputs)``.

    Weights come from torch's global random state.

    Raises:
        TrialError: the candidate's numbers describe no network.
    """
    blocks.check(params, NETWORK)
    width = HEADS * max(1, round(int(params["width"]) / HEADS))
    last = int(params["layers"]) - 1
    inner = [
        Block(
            width,
            round(width * float(params["expansion"])),
            attention_dropout=float(params["attention_dropout"]),
            dropout=float(params["dropout"]),
            residual_dropout=float(params["residual_dropout"]),
            first=index == 0,
            last=index == last,
        )
        for index in range(last + 1)
    ]
    head = (nn.Flatten(), nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, outputs))
    return Pieces(Tokenizer(layout, width), *inner, *head, cells=width * len(tokens(layout)))


def emit(graph: Graph, x: str, network: nn.Module) -> str:
    """Write the trained network's forward pass (logits or values) to ``graph``."""
    return blocks.emit(graph, x, network.children())
