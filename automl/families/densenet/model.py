"""Stages in which every convolution sees the stage's input and what all before it added.

Of large arrays the first convolution may look at every second place only, and while training a
convolution may add nothing to some rows.

Reference: Huang, Liu, van der Maaten and Weinberger (2017), "Densely connected convolutional
networks".
"""

from torch import Tensor, nn
from typing_extensions import override

from automl.core.graph import Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Layout
from automl.families import arrays, blocks, conv
from automl.families.blocks import Written
from automl.families.densenet.space import NETWORK


class Joined(Written):
    """Layers whose channels are put behind those of their input."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return the channels of ``input`` and those of the layers."""
        return conv.joined([input, self.layers(input)])

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same to ``graph``."""
        return graph.node("Concat", x, blocks.emit(graph, x, [self.layers]), axis=1)


def build(params: Params, layout: Layout, outputs: int) -> nn.Module:
    """Return the untrained network: ``(rows, channels, …)`` → float32 ``(rows, outputs)``.

    Weights come from torch's global random state.

    Raises:
        TrialError: the candidate's numbers describe no network.
    """
    blocks.check(params, NETWORK)
    growth, kernel = int(params["width"]), int(params["kernel"])

    def layers(channels: int) -> list[nn.Module]:
        space = layout.shape[1:]
        strides, left = conv.strides(params, space)
        modules: list[nn.Module] = [
            conv.convolution(channels, 2 * growth, space=space, kernel=kernel, stride=strides)
        ]
        channels, space = 2 * growth, left
        for stage in range(int(params["layers"])):
            if stage:
                fewer = max(growth, round(channels * float(params["compression"])))
                pooling, left = conv.pool("mean", space)
                modules += [*_seen(params, channels, fewer, space, 1), *pooling]
                channels, space = fewer, left
            for _ in range(int(params["convolutions"])):
                added = _seen(params, channels, growth, space, kernel)
                modules.append(Joined(*added, *conv.stochastic_depth(params)))
                channels += growth
        how, dropout = str(params["pooling"]), float(params["dropout"])
        modules += _before(params, channels, len(space))
        return modules + conv.head(channels, outputs, pooling=how, dropout=dropout)

    return arrays.Network(layout, layers, mirrored=arrays.mirrors(params, layout))


def emit(graph: Graph, x: str, network: nn.Module) -> str:
    """Write the trained network's forward pass (logits or values) to ``graph``."""
    return blocks.emit(graph, x, [network])


def _seen(
    params: Params, inputs: int, outputs: int, space: tuple[int, ...], kernel: int
) -> list[nn.Module]:
    """Return a convolution with what stands before it."""
    made = conv.convolution(inputs, outputs, space=space, kernel=kernel)
    return [*_before(params, inputs, len(space)), made]


def _before(params: Params, channels: int, dimensions: int) -> list[nn.Module]:
    norm, activation = str(params["normalization"]), str(params["activation"])
    return [
        *conv.normalization(norm, channels, dimensions=dimensions),
        blocks.ACTIVATIONS[activation](),
    ]
