"""The residual network over series, images and volumes.

A convolution, then stages that halve the array and double its channels, every other one with a
block of two convolutions whose input is added to their output; then each channel's largest number.
With three stages over images it is the network of Page 2018, "How to train your ResNet". Of large
arrays the first convolution may look at every second place only.
"""

from collections.abc import Sequence

from torch import nn

from automl.core.hyperparameter import Params
from automl.core.learner import Layout
from automl.families import arrays, blocks, conv

MOST_CHANNELS = 512


def build(params: Params, layout: Layout, outputs: int) -> nn.Module:
    """Return the untrained network: ``(rows, channels, …)`` → float32 ``(rows, outputs)``."""

    def layers(channels: int) -> list[nn.Module]:
        space, width = layout.shape[1:], int(params["width"])
        strides, left = conv.strides(params, space)
        modules = _unit(params, channels, width, space, strides)
        space = left
        for stage in range(int(params["layers"])):
            wider = min(2 * width, MOST_CHANNELS)
            modules += _unit(params, width, wider, space)
            pooling, space = conv.pool("max", space)
            modules += pooling
            width = wider
            if stage % 2 == 0:
                modules.append(_block(params, width, space))
        how, dropout = str(params["pooling"]), float(params["dropout"])
        return modules + conv.head(width, outputs, pooling=how, dropout=dropout)

    return arrays.Network(layout, layers, mirrored=arrays.mirrors(params, layout))


def _unit(
    params: Params,
    inputs: int,
    outputs: int,
    space: tuple[int, ...],
    stride: Sequence[int] | int = 1,
) -> list[nn.Module]:
    return conv.unit(
        inputs,
        outputs,
        space=space,
        kernel=int(params["kernel"]),
        norm=str(params["normalization"]),
        activation=str(params["activation"]),
        stride=stride,
    )


def _block(params: Params, width: int, space: tuple[int, ...]) -> nn.Module:
    inner = [*_unit(params, width, width, space), *_unit(params, width, width, space)]
    return blocks.Residual(*inner, *conv.stochastic_depth(params))
