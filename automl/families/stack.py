"""Layers in a row of which some look at the training rows before the first step."""

import torch
from torch import Tensor, nn

from automl.core.learner import Observer

_SHOWN = 10_000
"""As many rows are shown, drawn at random: enough for quantiles and deviations, and they fit."""


class Stack(nn.Sequential):
    """One layer after the other; an `automl.core.learner.Observer` for those of them that are."""

    def observe(self, x: Tensor, y: Tensor) -> None:
        """Show each layer what those before it make of some training rows, and all targets."""
        x = x[torch.randperm(len(x))[:_SHOWN]]
        layers = list(self)
        while layers and not isinstance(layers[-1], Observer):
            layers.pop()
        for layer in layers:
            if isinstance(layer, Observer):
                layer.observe(x, y)
            if layer is not layers[-1]:
                x = layer(x)
