"""Stages of convolutions, each on an array of half the size, then the largest of each channel."""

from torch import nn

from automl.core.graph import Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Layout
from automl.families import arrays, blocks, conv
from automl.families.cnn.space import NETWORK


def build(params: Params, layout: Layout, outputs: int) -> nn.Module:
    """Return the untrained network: ``(rows, channels, …)`` → float32 ``(rows, outputs)``.

    Weights come from torch's global random state.

    Raises:
        TrialError: the candidate's numbers describe no network.
    """
    blocks.check(params, NETWORK)

    def layers(channels: int) -> list[nn.Module]:
        modules: list[nn.Module] = []
        space = layout.shape[1:]
        for stage in range(int(params["layers"])):
            wider = int(params["width"]) * 2**stage
            made, space = _stage(params, channels, wider, space)
            modules += made
            channels = wider
        how, dropout = str(params["pooling"]), float(params["dropout"])
        return modules + conv.head(channels, outputs, pooling=how, dropout=dropout)

    return arrays.Network(layout, layers, mirrored=arrays.mirrors(params, layout))


def emit(graph: Graph, x: str, network: nn.Module) -> str:
    """Write the trained network's forward pass (logits or values) to ``graph``."""
    return blocks.emit(graph, x, [network])


def _stage(
    params: Params, channels: int, wider: int, space: tuple[int, ...]
) -> tuple[list[nn.Module], tuple[int, ...]]:
    """Return a stage's layers, and the space that is left behind it."""
    activation, norm = str(params["activation"]), str(params["normalization"])
    kernel, how = int(params["kernel"]), str(params["downsampling"])
    many = int(params["convolutions"])
    strides, behind = conv.halved(space) if how == "stride" else (1, space)
    modules: list[nn.Module] = []
    for place in range(many):
        modules += conv.unit(
            channels if place == 0 else wider,
            wider,
            space=space,
            kernel=kernel,
            stride=strides if place == many - 1 else 1,
            norm=norm,
            activation=activation,
        )
    pooling, left = ([], behind) if how == "stride" else conv.pool(how, space)
    return modules + pooling, left
