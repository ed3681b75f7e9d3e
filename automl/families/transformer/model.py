"""Blocks of attention over the patches of an array or the words of a text, then their mean.

References:
    Vaswani et al. (2017), "Attention is all you need".
    Dosovitskiy et al. (2021), "An image is worth 16x16 words".
"""

from torch import nn

from automl.core.graph import Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Layout
from automl.families import arrays, blocks
from automl.families.transformer.layers import Block, Mean, Patches, Read
from automl.families.transformer.space import OVER_ARRAYS, OVER_TEXTS


def build(params: Params, layout: Layout, outputs: int) -> nn.Module:
    """Return the untrained network: arrays or ids → float32 ``(rows, outputs)``.

    Weights come from torch's global random state.

    Raises:
        TrialError: the candidate's numbers describe no network.
    """
    blocks.check(params, OVER_TEXTS if layout.vocabulary else OVER_ARRAYS)
    heads = int(params["heads"])
    width = heads * max(1, round(int(params["width"]) / heads))
    expansion, dropout = float(params["expansion"]), float(params["dropout"])
    inner = [
        Block(width, heads, expansion=expansion, dropout=dropout)
        for _ in range(int(params["layers"]))
    ]
    last = blocks.dense(width, outputs, initialization="xavier", activation="gelu")
    if layout.vocabulary:
        return nn.Sequential(Read(layout.vocabulary, layout.width, width, inner), last)

    def layers(channels: int) -> list[nn.Module]:
        patches = Patches((channels, *layout.shape[1:]), int(params["patch"]), width)
        return [patches, *inner, Mean(width), last]

    return arrays.Network(layout, layers, mirrored=arrays.mirrors(params, layout))


def emit(graph: Graph, x: str, network: nn.Module) -> str:
    """Write the trained network's forward pass (logits or values) to ``graph``."""
    return blocks.emit(graph, x, [network])
