"""Networks on a device that is not the processor: torch's ``meta``, where numbers are not kept.

What it does not do, it still refuses where tensors of the processor come in between, and so finds
much of what would break on a GPU alone.
"""

import pytest
import torch
from torch import Tensor, nn

from automl import families
from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Value, defaults
from automl.core.learner import NetworkFamily, Observer
from automl.families import lanes as stacking
from automl.families.mlp import model as mlp
from automl.families.realmlp import model as realmlp
from automl.families.resnet import model as resnet
from automl.families.tabm import model as tabm
from tests.families import cases
from tests.families.cases import Case
from tests.training.folds import regression
from tests.training.test_lanes import params

ELSEWHERE = "meta"

NETWORKS = [
    case
    for case in cases.cases()
    if families.scheduled(case.family)
    and case.task is TaskType.REGRESSION
    # These look at how long rows are, and take it to the processor: meta has nothing to look at.
    and case.modality is not Modality.TEXT
    and case.family is not FamilyName.RNN
]

UNUSUAL: dict[str, Value] = {"stride": 2, "residual_dropout": 0.2}
"""What convolutions may do and by default do not."""

CANDIDATES = [
    pytest.param(case, {**usual, **changes}, id=f"{case}{'-unusual' if changes else ''}")
    for case in NETWORKS
    for usual in [defaults(case.space)]
    for changes in (dict[str, Value](), UNUSUAL)
    if changes.keys() <= usual.keys()
]


@pytest.mark.parametrize(("case", "candidate"), CANDIDATES)
def test_a_network_learns_where_it_lies(case: Case, candidate: dict[str, Value]) -> None:
    family = families.model(case.family)
    assert families.is_network(family)
    fold = cases.fold(case, rows=12)
    network = family.build(candidate, fold.layout, fold.outputs)
    x = torch.from_numpy(fold.train.x)
    _observe(network, x, torch.from_numpy(fold.train.y))
    network.to(ELSEWHERE).train()
    outputs = network(x.to(ELSEWHERE))
    torch.autograd.backward(outputs.float().mean())
    learned = [each.grad for each in network.parameters() if each.grad is not None]
    assert learned
    assert {each.device.type for each in (outputs, *learned)} == {ELSEWHERE}


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        (mlp, {"dropout": 0.2, "normalization": "batch"}),
        (mlp, {"dropout": 0.2, "normalization": "layer"}),
        (resnet, {"residual_dropout": 0.1}),
        (realmlp, {}),
        (tabm, {"members": 4, "bins": 6}),
    ],
)
def test_lanes_learn_where_they_lie(family: NetworkFamily, changes: dict[str, Value]) -> None:
    fold = regression(40)
    x, y = torch.from_numpy(fold.train.x), torch.from_numpy(fold.train.y)
    networks = [family.build(params(family, changes), fold.layout, 1) for _ in range(3)]
    for lane, network in enumerate(networks):
        _observe(network, x, y)
        network.to(ELSEWHERE).train()
        for layer in network.modules():
            if isinstance(layer, nn.Dropout):
                layer.p += 0.1 * lane  # a mask of its own for each
    leaves: list[Tensor] = []
    names = {id(parameter): name for name, parameter in networks[0].named_parameters()}

    def leaf(parameter: nn.Parameter) -> Tensor:
        same = [network.get_parameter(names[id(parameter)]) for network in networks]
        leaves.append(torch.stack([each.detach() for each in same]).requires_grad_())
        return leaves[-1]

    program = stacking.stack(networks, leaf)
    outputs = program(x.to(ELSEWHERE).expand(3, *x.shape))
    learned = torch.autograd.grad(outputs.mean(), leaves)
    assert len(learned) == len(names)
    assert {each.device.type for each in (outputs, *learned)} == {ELSEWHERE}


def _observe(network: nn.Module, x: Tensor, y: Tensor) -> None:
    if isinstance(network, Observer):
        with torch.no_grad():
            network.eval().observe(x, y)
