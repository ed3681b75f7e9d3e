"""Blocks of two dense layers whose input is added to their output, normalized first.

Over arrays it is another network, of convolutions: `automl.families.resnet.arrays`.

Reference: Gorishniy, Rubachev, Khrulkov and Babenko (2021), "Revisiting deep learning models for
tabular data", section 3.2.
"""

from torch import nn

from automl.core.graph import Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Layout
from automl.families import blocks
from automl.families.arrays import Network
from automl.families.dropout import Dropout
from automl.families.resnet import arrays
from automl.families.resnet.space import OVER_ARRAYS, OVER_TABLES


def build(params: Params, layout: Layout, outputs: int) -> nn.Module:
    """Return the untrained network: encoded rows → float32 ``(rows, outputs)``.

    Weights come from torch's global random state.

    Raises:
        TrialError: the candidate's numbers describe no network.
    """
    if layout.shape:
        blocks.check(params, OVER_ARRAYS)
        return arrays.build(params, layout, outputs)
    blocks.check(params, OVER_TABLES)
    width, activation = int(params["width"]), str(params["activation"])
    normalization = blocks.NORMALIZATIONS[str(params["normalization"])]
    entry, inputs = blocks.entry(params, layout)
    first = blocks.dense(inputs, width, initialization="xavier", activation=activation)
    inner = [_block(params, width) for _ in range(int(params["layers"]))]
    last = blocks.dense(width, outputs, initialization="xavier", activation=activation)
    return nn.Sequential(
        *entry, first, *inner, normalization(width), blocks.ACTIVATIONS[activation](), last
    )


def emit(graph: Graph, x: str, network: nn.Module) -> str:
    """Write the trained network's forward pass (logits or values) to ``graph``."""
    layers = [network] if isinstance(network, Network) else network.children()
    return blocks.emit(graph, x, layers)


def _block(params: Params, width: int) -> nn.Module:
    activation = str(params["activation"])
    hidden = round(width * float(params["expansion"]))
    return blocks.Residual(
        blocks.NORMALIZATIONS[str(params["normalization"])](width),
        blocks.dense(width, hidden, initialization="kaiming", activation=activation),
        blocks.ACTIVATIONS[activation](),
        Dropout(float(params["dropout"])),
        # Small: a fresh block adds little to what passes by it, however many there are.
        blocks.dense(hidden, width, initialization="xavier", activation=activation),
        Dropout(float(params["residual_dropout"])),
    )
