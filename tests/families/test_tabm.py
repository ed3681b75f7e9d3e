"""TabM: its members, the bins of its numbers, and that the graph equals the network."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from automl.core.catalog import TaskType
from automl.core.hyperparameter import Value, defaults
from automl.core.learner import Layout
from automl.families.numbers import PiecewiseLinear
from automl.families.stack import Stack
from automl.families.tabm import model
from automl.families.tabm.layers import Members
from automl.families.tabm.space import SPEC, TRAINING
from automl.training import losses
from automl.training.recipe import Recipe
from tests.families import written

DEFAULTS = defaults(SPEC.space)
LAYOUT = Layout(7, ((2, 4),), (0, 1, 5))


def rows(count: int = 300) -> torch.Tensor:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(count, LAYOUT.width))
    x[:, 1] = draw.integers(3, size=count)
    x[:, 2] = draw.integers(4, size=count)
    return torch.tensor(x, dtype=torch.float32)


def build(outputs: int = 3, layout: Layout = LAYOUT, **more: Value) -> Stack:
    torch.manual_seed(0)
    network = model.build({**DEFAULTS, "width": 16, "members": 4, **more}, layout, outputs)
    assert isinstance(network, Stack)
    with torch.no_grad():
        network.eval().observe(rows(), torch.zeros(300))
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))  # as if it were trained
    return network


@pytest.mark.parametrize("outputs", [1, 2, 5])
@pytest.mark.parametrize("layout", [LAYOUT, Layout(7)], ids=["mixed", "no numbers"])
def test_the_graph_computes_what_the_network_does(layout: Layout, outputs: int) -> None:
    network = build(outputs, layout, layers=3, dropout=0.5, bins=50)
    fitted = written.Network(model, network)
    x = rows().numpy()
    x[:50, [0, 1, 5]] *= 20.0
    for part in (x, x[:1], x[:0]):
        found = written.run_as_file(fitted, part)
        np.testing.assert_allclose(found, fitted.predict(part), atol=1e-5)


def members_of(network: Stack) -> Members:
    members = network[-1]
    assert isinstance(members, Members)
    return members


@pytest.mark.parametrize("outputs", [1, 3])
def test_outside_training_it_says_the_mean_of_its_members(outputs: int) -> None:
    network = build(outputs, dropout=0.0)
    with torch.no_grad():
        answers = network.train()(rows())
        mean = network.eval()(rows())
    assert answers.shape == (4, 300, outputs)
    if outputs == 1:
        torch.testing.assert_close(mean, answers.mean(dim=0))
    else:
        chances = functional.softmax(answers, dim=2).mean(dim=0)
        torch.testing.assert_close(
            losses.predictions(TaskType.CLASSIFICATION, mean).float(), chances
        )


def test_members_differ_from_the_start() -> None:
    answers = build(2).train()(rows())
    assert (answers[0] - answers[1]).abs().mean() > 1e-3


def test_a_numbers_group_is_weighed_as_one_at_first() -> None:
    torch.manual_seed(0)
    found = Members(11, [8], 2, members=4, dropout=0.0, grouped=(4, 2)).weighing[:, 0]
    assert found.shape == (4, 11)
    for group in (slice(0, 4), slice(4, 8)):
        assert (found[:, group] == found[:, [group.start]]).all()
    assert len(set(found[0].tolist())) == 5


def test_the_loss_is_the_mean_of_the_members_losses() -> None:
    answers, y = torch.randn(4, 50, 3), torch.randint(3, (50,))
    whole = losses.measure(losses.Loss.CROSS_ENTROPY)(*losses.each(answers, y))
    single = torch.stack([functional.cross_entropy(answer, y) for answer in answers])
    torch.testing.assert_close(whole, single.mean())
    one = torch.randn(50, 3)
    assert losses.each(one, y)[0] is one


def test_bins_hold_equally_many_rows_and_few_values_get_few() -> None:
    module = PiecewiseLinear(3, bins=8, outputs=2)
    even, three, one = torch.linspace(0.0, 1.0, 801), torch.arange(801) % 3.0, torch.ones(801)
    with torch.no_grad():
        module.observe(torch.stack([even, three, one], dim=1))
    torch.testing.assert_close(module.left[0, 0], torch.arange(8) / 8, atol=1e-3, rtol=0.0)
    assert [(steep > 0).sum().item() for steep in module.steepness[:, 0]] == [8, 2, 0]
    assert torch.isfinite(module(torch.randn(20, 3))).all()


def test_the_loop_reads_all_that_the_space_says_of_training() -> None:
    assert {item.name for item in TRAINING} <= set(Recipe.__dataclass_fields__)
