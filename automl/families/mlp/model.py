"""Dense layers with normalization, activation and dropout."""

from math import prod

from torch import nn

from automl.core.graph import Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Layout
from automl.families import arrays, blocks
from automl.families.dropout import Dropout
from automl.families.mlp.space import NETWORK


def build(params: Params, layout: Layout, outputs: int) -> nn.Module:
    """Return the untrained network: encoded rows → float32 ``(rows, outputs)``.

    Weights come from torch's global random state.

    Raises:
        TrialError: the candidate's numbers describe no network.
    """
    blocks.check(params, NETWORK)
    if not layout.shape:
        modules, width = blocks.entry(params, layout)
        return nn.Sequential(*modules, *_dense(params, width, outputs))

    def layers(channels: int) -> list[nn.Module]:
        return [nn.Flatten(), *_dense(params, channels * prod(layout.shape[1:]), outputs)]

    return arrays.Network(layout, layers, mirrored=arrays.mirrors(params, layout))


def emit(graph: Graph, x: str, network: nn.Module) -> str:
    """Write the trained network's forward pass (logits or values) to ``graph``."""
    return blocks.emit(graph, x, [network])


def _dense(params: Params, width: int, outputs: int) -> list[nn.Module]:
    """Return the layers over rows of ``width`` numbers."""
    activation, normalization = str(params["activation"]), str(params["normalization"])
    initialization, dropout = str(params["initialization"]), float(params["dropout"])
    modules: list[nn.Module] = []
    for next_width in widths(int(params["layers"]), int(params["width"]), str(params["shape"])):
        modules.append(
            blocks.dense(width, next_width, initialization=initialization, activation=activation)
        )
        if normalization != "none":
            modules.append(blocks.NORMALIZATIONS[normalization](next_width))
        modules.append(blocks.ACTIVATIONS[activation]())
        if dropout:
            modules.append(Dropout(dropout))
        width = next_width
    # The last layer starts small, whatever precedes it: the first predictions are then even.
    modules.append(blocks.dense(width, outputs, initialization="xavier", activation=activation))
    return modules


def widths(layers: int, width: int, shape: str) -> tuple[int, ...]:
    """Return the units of each hidden layer: ``width`` at the widest, nowhere below 4."""
    middle = (layers - 1) / 2
    halvings = {
        "brick": [0.0] * layers,
        "funnel": [float(layer) for layer in range(layers)],
        "diamond": [abs(layer - middle) for layer in range(layers)],
    }[shape]
    return tuple(max(min(4, width), round(width * 0.5**halving)) for halving in halvings)
