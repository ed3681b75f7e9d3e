"""InceptionTime: layers of convolutions of several lengths beside each other, with shortcuts.

Reference: Ismail Fawaz et al. (2020), "InceptionTime: finding AlexNet for time series
classification".

Shapes: ``(rows, channels, steps)`` throughout; the last layer's channels are averaged over the
steps that a row has.
"""

from torch import Tensor, nn
from typing_extensions import override

from automl.core.graph import Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Layout
from automl.families import blocks
from automl.families.arrays import Standardized
from automl.families.blocks import Written
from automl.families.conv import convolution, joined, laid
from automl.families.dropout import Dropout
from automl.families.inception.space import NETWORK
from automl.families.series import BatchNorm, MaxPool

PARTS = 4
"""Three convolutions, and one of what is largest nearby."""

SHORTCUT = 3
"""Layers that a shortcut leads around."""


def build(params: Params, layout: Layout, outputs: int) -> nn.Module:
    """Return the untrained network: ``(rows, channels, steps)`` → float32 ``(rows, outputs)``.

    Weights come from torch's global random state.

    Raises:
        TrialError: the candidate's numbers describe no network.
    """
    blocks.check(params, NETWORK)
    return Inception(params, layout, outputs)


def emit(graph: Graph, x: str, network: nn.Module) -> str:
    """Write the trained network's forward pass (logits or values) to ``graph``."""
    return blocks.emit(graph, x, [network])


class Layer(Written):
    """Convolutions of three lengths of a few mixed channels, and one of the largest nearby."""

    def __init__(self, inputs: int, width: int, *, kernel: int, steps: int) -> None:
        super().__init__()

        def made(channels: int, size: int) -> nn.Module:
            return convolution(channels, width, space=(steps,), kernel=size)

        sizes = [kernel // 2**part | 1 for part in range(PARTS - 1)]  # odd
        self.mixed = made(inputs, 1)
        self.long = nn.ModuleList([made(width, size) for size in sizes])
        self.largest = MaxPool(3, stride=1, padding=1)
        self.near = made(inputs, 1)
        self.after = nn.Sequential(BatchNorm(PARTS * width), nn.ReLU())
        self.outputs = PARTS * width

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return ``(rows, outputs, steps)``."""
        mixed = self.mixed(input)
        parts = [part(mixed) for part in self.long]
        found: Tensor = self.after(joined([*parts, self.near(self.largest(input))]))
        return found

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same."""
        mixed = blocks.emit(graph, x, [self.mixed])
        parts = [blocks.emit(graph, mixed, [part]) for part in self.long]
        largest = graph.node("MaxPool", x, kernel_shape=[3], strides=[1], pads=[1, 1])
        near = blocks.emit(graph, largest, [self.near])
        return blocks.emit(graph, graph.node("Concat", *parts, near, axis=1), [self.after])


class Shortcut(Written):
    """Layers, and around them their input with as many channels as they give."""

    def __init__(self, layers: list[Layer], inputs: int) -> None:
        super().__init__()
        outputs = layers[-1].outputs
        self.layers = nn.Sequential(*layers)
        self.around = nn.Sequential(
            convolution(inputs, outputs, space=(1,), kernel=1), BatchNorm(outputs)
        )
        self.after = nn.ReLU()

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return ``(rows, outputs, steps)``."""
        return self.after(self.layers(input) + self.around(input))  # type: ignore[no-any-return]

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same."""
        through = blocks.emit(graph, x, [self.layers])
        both = graph.node("Add", through, blocks.emit(graph, x, [self.around]))
        return blocks.emit(graph, both, [self.after])


class Inception(Written):
    """Standardized steps, layers with shortcuts, the mean of the steps that are there."""

    def __init__(self, params: Params, layout: Layout, outputs: int) -> None:
        super().__init__()
        self.entry = Standardized(layout)
        self.body = nn.Sequential(*_layers(params, self.entry.outputs, layout.shape[1]))
        self.dropout = Dropout(float(params["dropout"]))
        width = PARTS * int(params["width"])
        self.head = blocks.dense(width, outputs, initialization="xavier", activation="relu")

    def observe(self, x: Tensor, y: Tensor) -> None:
        """Take the size of the channels' numbers."""
        self.entry.observe(x, y)

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return ``(rows, outputs)``."""
        x = laid(self.entry(input))
        there = x[:, -1:].transpose(1, 2)  # (rows, steps, 1), so that gradients are laid out alike
        counts = there.sum(dim=1).clamp(min=1.0)
        mean = (self.body(x).transpose(1, 2) * there).sum(dim=1) / counts
        return self.head(self.dropout(mean))  # type: ignore[no-any-return]

    @override
    def emit(self, graph: Graph, x: str) -> str:
        """Write the same."""
        x = self.entry.emit(graph, x)
        channel = graph.constant([self.entry.outputs - 1], "int64")
        there = graph.node("Gather", x, channel, axis=1)
        axis = graph.constant([2], "int64")
        steps = graph.node("ReduceSum", there, axis, keepdims=0)
        counts = graph.node("Max", steps, graph.constant(1.0, "float32"))
        inside = graph.node("Mul", blocks.emit(graph, x, [self.body]), there)
        total = graph.node("ReduceSum", inside, axis, keepdims=0)
        return blocks.emit(graph, graph.node("Div", total, counts), [self.head])


def _layers(params: Params, inputs: int, steps: int) -> list[nn.Module]:
    """Return the layers, every `SHORTCUT` of them, and what is left over, with a shortcut."""
    found: list[nn.Module] = []
    left = int(params["layers"])
    while left:
        channels, some = inputs, []
        for _ in range(min(SHORTCUT, left)):
            width, kernel = int(params["width"]), int(params["kernel"])
            some.append(Layer(channels, width, kernel=kernel, steps=steps))
            channels = some[-1].outputs
        found.append(Shortcut(some, inputs))
        inputs, left = channels, left - len(some)
    return found
