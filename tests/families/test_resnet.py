"""The residual network: its shape and its ONNX form."""

import numpy as np
import pytest
import torch

from automl.core.hyperparameter import Value, defaults
from automl.core.learner import Layout
from automl.families import blocks
from automl.families.resnet import model
from automl.families.resnet.space import NETWORK, SPEC
from tests.families import written

DEFAULTS = defaults(SPEC.space)
INPUTS = 7


def build(**more: Value) -> torch.nn.Module:
    torch.manual_seed(0)
    return model.build({**DEFAULTS, "width": 16, **more}, Layout(INPUTS), 4).eval()


def choices(name: str) -> tuple[Value, ...]:
    return next(item.choices or () for item in NETWORK if item.name == name)


@pytest.mark.parametrize("normalization", choices("normalization"))
@pytest.mark.parametrize("activation", choices("activation"))
def test_the_graph_computes_what_the_network_does(activation: str, normalization: str) -> None:
    network = build(activation=activation, normalization=normalization, layers=3, dropout=0.5)
    fitted = written.Network(model, network)
    x = np.random.default_rng(0).normal(size=(50, INPUTS)).astype(np.float32) * 3
    np.testing.assert_allclose(written.run_as_file(fitted, x), fitted.predict(x), atol=1e-5)


def test_a_block_adds_to_what_it_was_given() -> None:
    layer = torch.nn.Linear(3, 3)
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.copy_(torch.full((3,), 2.0))
    block = blocks.Residual(layer)
    x = torch.randn(5, 3)
    assert torch.equal(block(x), x + 2.0)


def test_every_block_is_there_and_as_wide_as_said() -> None:
    network = build(layers=4, expansion=1.5)
    found = [module for module in network.children() if isinstance(module, blocks.Residual)]
    assert len(found) == 4
    shapes = [m.weight.shape for m in found[0] if isinstance(m, torch.nn.Linear)]
    assert shapes == [(24, 16), (16, 24)]


def test_deep_networks_start_even() -> None:
    for layers in (1, 8):
        network = build(layers=layers, width=64)
        assert network(torch.randn(500, INPUTS)).std().item() < 2.0
