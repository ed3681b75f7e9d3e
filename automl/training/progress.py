"""All that a network in training is, in one value: what a checkpoint holds and the loop moves.

There is no random state in it: see `automl.training.device.seed`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from automl.core.learner import Drawing
from automl.core.state import State, nest, unnest
from automl.core.trail import Trail
from automl.training.network import arrays, tensors
from automl.training.optimizers import Moments
from automl.training.vector import Vector, show


@dataclass(frozen=True, slots=True, eq=False)
class Best:
    """The epoch that is kept: its measurements and copies of its weights and buffers."""

    epoch: int
    value: float
    loss: float
    weights: Tensor
    buffers: Mapping[str, Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """Where a training once stood: see `Progress`."""

    steps: int
    step: int
    epoch: int
    best: Best | None
    buffers: Mapping[str, Tensor]


@dataclass(slots=True, eq=False)
class Progress:
    """A network's training between two steps.

    ``steps`` are those planned; ``step`` and ``epoch`` those done. ``best`` is None until the first
    epoch has been validated.
    """

    network: nn.Module
    vector: Vector
    memory: Moments
    steps: int
    step: int = 0
    epoch: int = 0
    best: Best | None = None
    trail: Trail = field(default_factory=Trail)
    """Of the validation rows, epoch by epoch, where the fold asks for it."""
    buffers: Mapping[str, Tensor] = field(init=False)
    """What the network counts beside its parameters: running means and variances, in place."""
    _dropouts: list[tuple[nn.Dropout, float]] = field(init=False)
    _drawing: list[Drawing] = field(init=False)

    def __post_init__(self) -> None:
        self.buffers = dict(self.network.named_buffers())
        modules = list(self.network.modules())
        self._dropouts = [(each, each.p) for each in modules if isinstance(each, nn.Dropout)]
        self._drawing = [each for each in modules if isinstance(each, Drawing)]

    @property
    def stale(self) -> int:
        """Epochs since the best one."""
        return self.epoch - self.best.epoch if self.best else 0

    def move(self, vector: Vector, memory: Moments) -> None:
        """Show weights, gradient and memory where equal ones lie; buffers may have moved too."""
        show(self.network, vector.values, vector.gradient)
        self.vector, self.memory = vector, memory
        self.buffers = dict(self.network.named_buffers())

    def fade(self, part: float) -> None:
        """Let dropout leave out that part of what the network was built to leave out."""
        for dropout, rate in self._dropouts:
            dropout.p = part * rate

    def draw_from(self, generator: torch.Generator | None) -> None:
        """Let layers that draw while training draw from that; from torch's state where None."""
        for layer in self._drawing:
            layer.generator = generator

    def keep(self, value: float, loss: float) -> None:
        """Make the epoch that has just ended the best."""
        buffers = {name: buffer.clone() for name, buffer in self.buffers.items()}
        self.best = Best(self.epoch, value, loss, self.vector.values.clone(), buffers)

    def revert(self) -> None:
        """Put the best epoch's weights back into the network."""
        if self.best:
            self.vector.values.copy_(self.best.weights)
            _copy(self.best.buffers, self.buffers)

    def mark(self) -> Mark:
        """Return where this stands, but for weights and the optimizer's memory."""
        buffers = {name: buffer.clone() for name, buffer in self.buffers.items()}
        return Mark(self.steps, self.step, self.epoch, self.best, buffers)

    def back(self, mark: Mark, weights: Tensor, memory: Moments) -> None:
        """Go back to the mark, with weights and memory of then."""
        self.steps, self.step, self.epoch, self.best = mark.steps, mark.step, mark.epoch, mark.best
        self.trail.cut(self.epoch)
        self.buffers = dict(self.network.named_buffers())
        self.vector.values.copy_(weights)
        _copy(memory, self.memory)
        _copy(mark.buffers, self.buffers)

    def save(self) -> State:
        """Return a checkpoint; whatever happens to this value later does not change it."""
        header = {"steps": self.steps, "step": self.step, "epoch": self.epoch}
        parts = {
            "network": State(header, arrays({"weights": self.vector.values})),
            "buffers": State({}, arrays(self.buffers)),
            "memory": State({}, arrays(self.memory)),
        }
        if self.trail.steps:
            parts["trail"] = self.trail.state()
        if self.best:
            best = self.best
            # As an array: JSON has no NaN, which a metric can be.
            measured = np.array([best.value, best.loss])
            kept = {"measured": measured, **arrays({"weights": best.weights})}
            parts["best"] = State({"epoch": best.epoch}, kept)
            parts["best_buffers"] = State({}, arrays(best.buffers))
        return nest(parts)

    def restore(self, state: State) -> None:
        """Go back to where ``save`` was called; the network must be of the same shape."""
        parts = unnest(state)
        header = parts["network"].header
        self.steps, self.step, self.epoch = header["steps"], header["step"], header["epoch"]
        _copy(tensors(parts["network"].arrays), {"weights": self.vector.values})
        _copy(tensors(parts["buffers"].arrays), self.buffers)
        _copy(tensors(parts["memory"].arrays), self.memory)
        self.trail = Trail.load(parts.get("trail", State()))
        if "best" in parts:
            best, device = parts["best"], self.vector.values.device
            kept = tensors(parts["best_buffers"].arrays)
            value, loss = best.arrays["measured"].tolist()
            self.best = Best(
                epoch=best.header["epoch"],
                value=value,
                loss=loss,
                weights=tensors(best.arrays)["weights"].to(device),
                buffers={name: buffer.to(device) for name, buffer in kept.items()},
            )


def _copy(source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> None:
    for name, tensor in target.items():
        tensor.copy_(source[name].reshape(tensor.shape))
