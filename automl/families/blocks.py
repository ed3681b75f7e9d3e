"""Parts that network families share: layers, their first weights, and their ONNX forms.

``emit`` writes by hand what a plain module computes, so a model file needs no tracing exporter, has
the same bytes each time, and its arithmetic can be read here.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from typing_extensions import override

from automl.core.catalog import TrialFailure
from automl.core.errors import TrialError
from automl.core.graph import ElementType, Graph
from automl.core.hyperparameter import Params, Space
from automl.core.learner import RATE, Layout, Leaf, Program

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "mish": nn.Mish,
}
NORMALIZATIONS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm1d,
    "layer": nn.LayerNorm,
}
_GAINS = {"selu": 1.0, "sigmoid": 4.0, "tanh": 5 / 3, "leaky_relu": math.sqrt(2 / 1.0001)}
"""What keeps a signal's size through a layer with that activation; sqrt(2) for the others."""


class Embedded(nn.Module):
    """Rows whose codes have become learned vectors: the numbers first, then a vector a code.

    All columns share one table, so that one look-up serves them. Vectors start at zero, where those
    of what no training row has stay: neither this nor that.
    """

    positions: Tensor
    numbers: Tensor
    offsets: Tensor

    def __init__(self, layout: Layout, width: int) -> None:
        super().__init__()
        sizes = [size for _, size in layout.codes]
        positions = [position for position, _ in layout.codes]
        numbers = [column for column in range(layout.width) if column not in positions]
        self.outputs = len(numbers) + width * len(sizes)
        self.table = nn.Embedding(sum(sizes), width)
        nn.init.zeros_(self.table.weight)
        offsets = [sum(sizes[:place]) for place in range(len(sizes))]
        for name, values in (("positions", positions), ("numbers", numbers), ("offsets", offsets)):
            self.register_buffer(name, torch.tensor(values, dtype=torch.int64), persistent=False)

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return ``(rows, outputs)`` for encoded rows ``(rows, layout.width)``."""
        codes = input.index_select(1, self.positions).long() + self.offsets
        vectors = self.table(codes).flatten(1)  # (rows, columns, width) before
        return torch.cat([input.index_select(1, self.numbers), vectors], dim=1)


class Residual(nn.Sequential):
    """Layers whose input is added to what they make of it."""

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` plus what the layers make of it."""
        added = input
        for layer in self:
            added = layer(added)
        return input + added


class Written(nn.Module):
    """A layer that knows its own ONNX form."""

    def emit(self, graph: Graph, x: str) -> str:
        """Write what the layer makes of ``x`` at inference and return the value's name."""
        raise NotImplementedError


def check(params: Params, space: Space) -> None:
    """Make sure that a network can be built of the ``params`` in that part of its space.

    Raises:
        TrialError: a hyperparameter is missing or out of its range.
    """
    for dimension in space:
        value = params.get(dimension.name)
        if value is None or not dimension.allows(value):
            right = dimension.choices or f"within {dimension.low} and {dimension.high}"
            message = f"{dimension.name} is {value!r}; it must be {right}."
            raise TrialError(TrialFailure.INVALID_CANDIDATE, message)


def parameter(values: Tensor, *, rate: float) -> nn.Parameter:
    """Return a parameter that Adam moves ``rate`` times as fast as others."""
    made = nn.Parameter(values)
    setattr(made, RATE, rate)
    return made


def entry(params: Params, layout: Layout) -> tuple[list[nn.Module], int]:
    """Return what makes numbers of encoded rows, nothing where they are, and how many there are."""
    if not layout.codes:
        return [], layout.width
    embedded = Embedded(layout, int(params["embedding_width"]))
    return [embedded], embedded.outputs


def dense(inputs: int, outputs: int, *, initialization: str, activation: str) -> nn.Linear:
    """Return a layer with weights drawn by ``kaiming`` (for ``activation``) or ``xavier``.

    Biases are drawn as torch does by itself: spread, so that units bend at different places.
    """
    layer = nn.Linear(inputs, outputs)
    if initialization == "kaiming":
        deviation = _GAINS.get(activation, math.sqrt(2)) / math.sqrt(inputs)
        nn.init.normal_(layer.weight, std=deviation)
    else:
        nn.init.xavier_uniform_(layer.weight)
    return layer


class _Product(torch.autograd.Function):
    """Dense layers of lanes, of whose weights' gradient no matrix is turned over.

    Torch's own comes as ``(lanes, inputs, outputs)``; training takes 2 to 10 % longer with it.
    """

    @staticmethod
    @override
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return torch.baddbmm(bias.unsqueeze(1), x, weight.mT)

    @staticmethod
    @override
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        before = torch.bmm(gradient, weight) if ctx.needs_input_grad[0] else None
        return before, torch.bmm(gradient.mT, x), gradient.sum(dim=1)


def stacked_dense(layers: Sequence[Any], leaf: Leaf) -> Program:
    """Return what dense layers of several networks do side by side."""
    weight, bias = leaf(layers[0].weight), leaf(layers[0].bias)

    def forward(x: Tensor) -> Tensor:
        made: Tensor = _Product.apply(x, weight, bias)  # type: ignore[no-untyped-call]
        return made

    return forward


def emit(graph: Graph, x: str, modules: Iterable[nn.Module]) -> str:
    """Write ``modules``, one after the other as they are at inference, and return the last value.

    Raises:
        TypeError: a module has no form here.
    """
    for module in modules:
        if isinstance(module, nn.Dropout):
            continue
        if isinstance(module, Written):
            x = module.emit(graph, x)
            continue
        write = _FORMS.get(type(module))
        if write is None:
            raise TypeError(f"{type(module).__name__} has no ONNX form in automl.families.blocks")
        x = write(graph, x, module)
    return x


def emit_as(kind: type[nn.Module], graph: Graph, x: str, module: nn.Module) -> str:
    """Write a layer that computes what its base of that ``kind`` does, only otherwise."""
    return _FORMS[kind](graph, x, module)


def constant(graph: Graph, tensor: Tensor) -> str:
    """Return the float32 constant of a tensor."""
    return graph.constant(tensor.detach().cpu().numpy(), dtype=np.float32)


def _constant(graph: Graph, tensor: Tensor | None) -> str:
    if tensor is None:
        raise TypeError("a layer without its weights or statistics has no ONNX form")
    return constant(graph, tensor)


def _linear(graph: Graph, x: str, module: nn.Linear) -> str:
    weight, bias = _constant(graph, module.weight), _constant(graph, module.bias)
    return graph.node("Gemm", x, weight, bias, transB=1)


def _batch_norm(
    graph: Graph, x: str, module: nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d
) -> str:
    parts = (module.weight, module.bias, module.running_mean, module.running_var)
    names = [_constant(graph, part) for part in parts]
    return graph.node("BatchNormalization", x, *names, epsilon=module.eps)


def _layer_norm(graph: Graph, x: str, module: nn.LayerNorm) -> str:
    weight, bias = _constant(graph, module.weight), _constant(graph, module.bias)
    return graph.node("LayerNormalization", x, weight, bias, axis=-1, epsilon=module.eps)


def _convolution(graph: Graph, x: str, module: nn.Conv1d | nn.Conv2d | nn.Conv3d) -> str:
    pads = [int(part) for part in module.padding]
    weights = [_constant(graph, module.weight)]
    if module.bias is not None:
        weights.append(_constant(graph, module.bias))
    return graph.node(
        "Conv",
        x,
        *weights,
        kernel_shape=module.kernel_size,
        strides=module.stride,
        dilations=module.dilation,
        pads=pads + pads,
        group=module.groups,
    )


def _pool(op: str) -> Callable[[Graph, str, nn.Module], str]:
    def write(graph: Graph, x: str, module: nn.Module) -> str:
        size = module.kernel_size
        shape = list(size) if isinstance(size, tuple) else [int(size)]  # type: ignore[arg-type]
        return graph.node(op, x, kernel_shape=shape, strides=shape)

    return write


def _flatten(graph: Graph, x: str, _: nn.Flatten) -> str:
    return graph.node("Flatten", x, axis=1)


def _sequence(graph: Graph, x: str, module: nn.Sequential) -> str:
    return emit(graph, x, module)


def _embedded(graph: Graph, x: str, module: Embedded) -> str:
    def whole(values: Tensor) -> str:
        return graph.constant(values.cpu().numpy(), np.int64)

    codes = graph.node("Gather", x, whole(module.positions), axis=1)
    places = graph.node(
        "Add", graph.node("Cast", codes, to=ElementType.INT64), whole(module.offsets)
    )
    vectors = graph.node("Gather", _constant(graph, module.table.weight), places, axis=0)
    width = len(module.positions) * module.table.embedding_dim
    flat = graph.node("Reshape", vectors, graph.constant([0, width], np.int64))
    return graph.node(
        "Concat", graph.node("Gather", x, whole(module.numbers), axis=1), flat, axis=1
    )


def _residual(graph: Graph, x: str, module: Residual) -> str:
    return graph.node("Add", x, emit(graph, x, module.children()))


def _leaky_relu(graph: Graph, x: str, module: nn.LeakyReLU) -> str:
    return graph.node("LeakyRelu", x, alpha=module.negative_slope)


def _gelu(graph: Graph, x: str, _: nn.GELU) -> str:
    # x · ½ · (1 + erf(x / √2)): ONNX has Gelu itself only from opset 20 on.
    scaled = graph.node("Mul", x, graph.constant([1 / math.sqrt(2)], dtype=np.float32))
    shifted = graph.node("Add", graph.node("Erf", scaled), graph.constant([1], dtype=np.float32))
    half = graph.node("Mul", shifted, graph.constant([0.5], dtype=np.float32))
    return graph.node("Mul", x, half)


def _silu(graph: Graph, x: str, _: nn.SiLU) -> str:
    return graph.node("Mul", x, graph.node("Sigmoid", x))


def _mish(graph: Graph, x: str, _: nn.Mish) -> str:
    # x · tanh(ln(1 + eˣ)) = x / (1 + 2 / n) with n = eˣ (eˣ + 2), also where n is 0 or infinite.
    # ONNX Runtime has kernels for these that take many numbers at once, for Mish none.
    power, two = graph.node("Exp", x), graph.constant([2], dtype=np.float32)
    many = graph.node("Mul", power, graph.node("Add", power, two))
    shrunk = graph.node("Add", graph.node("Div", two, many), graph.constant([1], dtype=np.float32))
    return graph.node("Div", x, shrunk)


def _same(op: str) -> Callable[[Graph, str, nn.Module], str]:
    return lambda graph, x, _: graph.node(op, x)


_FORMS: dict[type[nn.Module], Callable[..., str]] = {
    nn.Sequential: _sequence,
    nn.Flatten: _flatten,
    nn.Linear: _linear,
    nn.Conv1d: _convolution,
    nn.Conv2d: _convolution,
    nn.Conv3d: _convolution,
    nn.MaxPool1d: _pool("MaxPool"),
    nn.MaxPool2d: _pool("MaxPool"),
    nn.MaxPool3d: _pool("MaxPool"),
    nn.AvgPool1d: _pool("AveragePool"),
    nn.AvgPool2d: _pool("AveragePool"),
    nn.AvgPool3d: _pool("AveragePool"),
    Embedded: _embedded,
    Residual: _residual,
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.BatchNorm3d: _batch_norm,
    nn.LayerNorm: _layer_norm,
    nn.LeakyReLU: _leaky_relu,
    nn.GELU: _gelu,
    nn.SiLU: _silu,
    nn.ReLU: _same("Relu"),
    nn.SELU: _same("Selu"),
    nn.Tanh: _same("Tanh"),
    nn.Sigmoid: _same("Sigmoid"),
    nn.Mish: _mish,
}
