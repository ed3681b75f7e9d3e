"""RealMLP: how its layers start, how fast they move, and that the graph equals the network."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch

from automl.core.hyperparameter import Value, defaults
from automl.core.learner import RATE, Layout
from automl.families.numbers import Periodic, after_codes
from automl.families.realmlp import model
from automl.families.realmlp.layers import Bounds, Dense, Front
from automl.families.realmlp.space import NETWORK, SPEC, TRAINING
from automl.families.stack import Stack
from automl.training.recipe import Recipe
from automl.training.schedules import Schedule
from tests.families import written

DEFAULTS = defaults(SPEC.space)
LAYOUT = Layout(7, ((2, 4),), (0, 1, 5))


def rows(count: int = 300) -> torch.Tensor:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(count, LAYOUT.width))
    x[:, 2] = draw.integers(4, size=count)
    return torch.tensor(x, dtype=torch.float32)


def build(outputs: int = 3, **more: Value) -> Stack:
    torch.manual_seed(0)
    network = model.build({**DEFAULTS, "width": 16, **more}, LAYOUT, outputs)
    assert isinstance(network, Stack)
    with torch.no_grad():
        network.eval().observe(rows(), torch.linspace(-1.0, 2.0, 300))
    return network


def choices(name: str) -> tuple[Value, ...]:
    return next(item.choices or () for item in NETWORK if item.name == name)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("activation", choices("activation"))
def test_the_graph_computes_what_the_network_does(activation: str, outputs: int) -> None:
    network = build(outputs, activation=activation, dropout=0.5, sigma=2.0)
    fitted = written.Network(model, network)
    x = rows().numpy()
    for part in (x, x[:1], x[:0]):
        found = written.run_as_file(fitted, part)
        np.testing.assert_allclose(found, fitted.predict(part), atol=1e-5)


def test_units_start_with_one_size_and_bend_among_the_rows() -> None:
    torch.manual_seed(0)
    layer, x = Dense(5, 40), torch.randn(500, 5) * 3.0 + 7.0
    with torch.no_grad():
        layer.observe(x, x[:, 0])
        found = layer(x)
    torch.testing.assert_close(found.std(dim=0, correction=0), torch.ones(40))
    assert ((found > 0).any(dim=0) & (found < 0).any(dim=0)).all()


def test_columns_that_never_vary_do_no_harm() -> None:
    layer = Dense(3, 8)
    with torch.no_grad():
        layer.observe(torch.ones(20, 3), torch.ones(20))
    assert torch.isfinite(layer(torch.randn(5, 3))).all()


def test_values_are_kept_among_the_targets_outside_training() -> None:
    network, far = build(outputs=1), rows()
    far[:, list(LAYOUT.numbers)] *= 100
    with torch.no_grad():
        assert network(far).min() >= -1.0
        assert network(far).max() <= 2.0
        assert network.train()(far).abs().max() > 2.0
    assert not any(isinstance(layer, Bounds) for layer in build(outputs=2))


def test_every_part_has_the_speed_of_the_paper() -> None:
    def rates(network: torch.nn.Module) -> Mapping[str, float]:
        return {name: getattr(p, RATE, 1.0) for name, p in network.named_parameters()}

    network = build()
    found = [(type(layer), rates(layer)) for layer in network]
    assert dict(found)[Front] == {"factor": 6.0}
    dense = next(layer for layer in network if isinstance(layer, Dense))
    assert rates(dense) == {"weight": dense.weight.shape[1] ** -0.5, "bias": 0.1}
    assert sorted(rates(Periodic(3, sigma=0.1)).values()) == pytest.approx(
        [0.1, 0.1, 0.1, 0.2 * np.pi]
    )


def test_numbers_are_found_behind_the_codes() -> None:
    assert after_codes(LAYOUT) == [0, 1, 4]


def test_the_loop_reads_all_that_the_space_says_of_training() -> None:
    read = set(Recipe.__dataclass_fields__)
    assert {item.name for item in TRAINING} <= read
    assert {"beta2", "fade"} <= {item.name for item in TRAINING}
    assert next(i.default for i in TRAINING if i.name == "schedule") == Schedule.COSLOG4
