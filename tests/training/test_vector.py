import pytest
import torch
from torch import nn

from automl.core.learner import RATE
from automl.training.vector import flatten


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.LayerNorm(7), nn.ReLU(), nn.Linear(7, 3))


def test_flattening_changes_nothing_that_a_network_says() -> None:
    module, x = network(), torch.randn(4, 5)
    before = module(x).detach()
    flatten(module)
    assert torch.equal(module(x), before)


def test_the_vector_is_what_the_network_computes_with() -> None:
    module = network()
    vector = flatten(module)
    vector.values.zero_()
    assert all(not parameter.any() for parameter in module.parameters())
    assert not module(torch.ones(2, 5)).any()


def test_gradients_arrive_in_the_vector() -> None:
    module, plain = network(), network()
    vector = flatten(module)
    x = torch.randn(4, 5)
    for net in (module, plain):
        torch.autograd.backward(net(x).square().sum())
    for ours, theirs in zip(module.parameters(), plain.parameters(), strict=True):
        assert ours.grad is not None
        assert theirs.grad is not None
        torch.testing.assert_close(ours.grad, theirs.grad)
    squares = sum(float(p.grad.square().sum()) for p in plain.parameters() if p.grad is not None)
    assert float(vector.gradient.square().sum()) == pytest.approx(squares)


def test_matrices_come_first_and_parameters_are_aligned() -> None:
    module = network()
    vector = flatten(module)
    vector.values[: vector.matrices] = 0.0
    assert all(not p.any() for p in module.parameters() if p.ndim == 2)
    assert dict(module.named_parameters())["1.weight"].all()
    assert all(p.data_ptr() % 64 == 0 for p in module.parameters())


def test_parameters_may_say_how_fast_they_move() -> None:
    module = network()
    assert flatten(module).rates is None
    module = network()
    weight = next(module.parameters())
    setattr(weight, RATE, 6.0)
    vector = flatten(module)
    assert vector.rates is not None
    assert (vector.rates == 6.0).sum() == weight.numel()
    assert ((vector.rates == 6.0) | (vector.rates == 1.0)).all()
