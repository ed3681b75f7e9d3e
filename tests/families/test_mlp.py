import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from automl.core.catalog import Modality, TaskType, TrialFailure
from automl.core.errors import TrialError
from automl.core.graph import ElementType, Graph
from automl.core.hyperparameter import Value, defaults
from automl.core.learner import Layout
from automl.export import parity
from automl.export.onnx import serialize
from automl.families import blocks
from automl.families.categories import CATEGORIES
from automl.families.dropout import Dropout
from automl.families.mlp import model
from automl.families.mlp.space import NETWORK, SPEC
from automl.families.recipe import TRAINING
from automl.families.scaling import SCALING
from automl.training.fit import fit
from automl.training.losses import REGRESSION
from automl.training.optimizers import Optimizer
from automl.training.recipe import Recipe
from automl.training.schedules import Schedule
from tests.families import written
from tests.training.folds import Watcher, classification, regression

DEFAULTS = defaults(SPEC.space)
INPUTS = 6
LAYOUT = Layout(INPUTS)


def choices(name: str) -> tuple[Value, ...]:
    return next(item.choices or () for item in SPEC.space if item.name == name)


def run(graph: Graph, value: str, x: np.ndarray) -> np.ndarray:
    """Return what the graph, as an ONNX file, makes of ``x``; ``value`` becomes its output."""
    graph.output("y", value)
    session = onnxruntime.InferenceSession(serialize(graph, metadata={}))
    feeds = {f"f{i}": x[:, i : i + 1].astype(np.float64) for i in range(x.shape[1])}
    return np.asarray(session.run(None, feeds)[0])


def entry(graph: Graph) -> str:
    """Return the float32 matrix made of ``INPUTS`` declared inputs."""
    names = [graph.input(f"f{i}", "number") for i in range(INPUTS)]
    return graph.node("Cast", graph.node("Concat", *names, axis=1), to=ElementType.FLOAT)


@pytest.mark.parametrize("normalization", choices("normalization"))
@pytest.mark.parametrize("activation", choices("activation"))
def test_the_graph_computes_what_the_network_does(activation: str, normalization: str) -> None:
    params = {**DEFAULTS, "activation": activation, "normalization": normalization, "width": 32}
    for fold in (classification(), regression()):
        fitted = fit(model, {**params, "epochs": 3, "learning_rate": 0.02}, fold, Watcher())
        x = np.concatenate([fold.valid.x, fold.valid.x * 30, np.zeros((1, INPUTS))])
        x = x.astype(np.float32)
        graph = Graph()
        seen = run(graph, fitted.emit(graph, entry(graph)), x)
        native = fitted.predict(x)
        assert parity.difference(seen, native) <= parity.TOLERANCE


def test_logits_match_before_softmax_hides_differences() -> None:
    torch.manual_seed(0)
    params = {**DEFAULTS, "activation": "gelu", "normalization": "layer"}
    network = model.build(params, LAYOUT, 4).eval()
    graph, x = Graph(), np.random.default_rng(0).normal(size=(50, INPUTS)).astype(np.float32)
    seen = run(graph, model.emit(graph, entry(graph), network), x)
    with torch.no_grad():
        native = network(torch.tensor(x)).numpy()
    assert seen.dtype == np.float32
    np.testing.assert_allclose(seen, native, atol=1e-5)


def test_equal_networks_are_equal_files() -> None:
    def content() -> bytes:
        torch.manual_seed(0)
        graph = Graph()
        graph.output("y", model.emit(graph, entry(graph), model.build(DEFAULTS, LAYOUT, 2)))
        return serialize(graph, metadata={})

    assert content() == content()


def test_an_unknown_layer_is_not_left_out() -> None:
    with pytest.raises(TypeError, match="Bilinear"):
        blocks.emit(Graph(), "x", [torch.nn.Bilinear(2, 2, 2)])


@pytest.mark.parametrize(
    ("layers", "width", "shape", "expected"),
    [
        (3, 64, "brick", (64, 64, 64)),
        (3, 64, "funnel", (64, 32, 16)),
        (5, 64, "diamond", (16, 32, 64, 32, 16)),
        (2, 64, "diamond", (45, 45)),
        (1, 8, "funnel", (8,)),
        (5, 8, "funnel", (8, 4, 4, 4, 4)),
    ],
)
def test_widths(layers: int, width: int, shape: str, expected: tuple[int, ...]) -> None:
    assert model.widths(layers, width, shape) == expected


def test_the_network_is_the_one_described() -> None:
    params = {**DEFAULTS, "layers": 2, "width": 16, "shape": "funnel", "activation": "selu"}
    network = model.build({**params, "normalization": "layer", "dropout": 0.2}, Layout(5), 3)
    kinds = [type(module).__name__ for module in network.children()]
    assert kinds == ["Linear", "LayerNorm", "SELU", "Dropout"] * 2 + ["Linear"]
    shapes = [tuple(m.weight.shape) for m in network.children() if isinstance(m, torch.nn.Linear)]
    assert shapes == [(16, 5), (8, 16), (3, 8)]


@pytest.mark.parametrize("activation", blocks.ACTIVATIONS)
def test_activations_of_extreme_numbers_are_what_torch_says(activation: str) -> None:
    ends = [0.0, 1e-30, 1.0, 17.0, 20.0, 44.0, 45.0, 88.0, 89.0, 104.0, 1e4, 1e30, 3e38]
    x = np.array([sign * end for end in ends for sign in (1, -1)], np.float32)[:, None]
    bent = written.Network(model, nn.Sequential(blocks.ACTIVATIONS[activation]()))
    found = written.run_as_file(bent, x)
    np.testing.assert_allclose(found, bent.predict(x), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("activation", choices("activation"))
def test_signals_keep_their_size_through_fresh_layers(activation: str) -> None:
    """Kaiming's gains are right: neither vanishing nor exploding before training."""
    torch.manual_seed(0)
    params = {**DEFAULTS, "layers": 5, "activation": activation, "normalization": "none"}
    network = model.build({**params, "dropout": 0.0, "initialization": "kaiming"}, Layout(100), 3)
    hidden = torch.nn.Sequential(*list(network.children())[:-1])
    size = hidden(torch.randn(500, 100)).std(dim=0).mean().item()
    assert 0.03 < size < 2.0


@pytest.mark.parametrize(
    ("name", "value"),
    [("layers", 0), ("layers", 1.5), ("width", -3), ("activation", "maxout"), ("dropout", 1.0)],
)
def test_impossible_networks_are_refused(name: str, value: Value) -> None:
    with pytest.raises(TrialError, match=name) as caught:
        model.build({**DEFAULTS, name: value}, Layout(4), 2)
    assert caught.value.failure is TrialFailure.INVALID_CANDIDATE


OF_TABLES = [
    item for item in SPEC.space if item.modalities is None or Modality.TABLE in item.modalities
]


def test_the_space_and_the_loop_name_the_same_things() -> None:
    names = [item.name for item in NETWORK + CATEGORIES + SCALING + TRAINING]
    assert [item.name for item in OF_TABLES] == names
    assert set(choices("optimizer")) == {item.value for item in Optimizer}
    assert set(choices("schedule")) == {item.value for item in Schedule} - {"coslog4"}
    assert set(choices("loss")) == {item.value for item in REGRESSION}
    assert set(choices("activation")) == set(blocks.ACTIVATIONS)
    assert set(choices("normalization")) == {"none", *blocks.NORMALIZATIONS}
    read = set(Recipe.__dataclass_fields__)
    assert {item.name for item in TRAINING} - read == {"penalty"}
    assert read - {item.name for item in TRAINING} == {"mixed_precision", "beta2", "fade"}


def test_every_corner_of_the_space_can_be_trained() -> None:
    draw = np.random.default_rng(0)
    fold = {
        task: make(40)
        for task, make in (
            (TaskType.CLASSIFICATION, classification),
            (TaskType.REGRESSION, regression),
        )
    }
    for _ in range(25):
        params: dict[str, Value] = {}
        for item in OF_TABLES:
            if item.active(params):
                pool = item.choices or (item.low, item.high)
                params[item.name] = pool[draw.integers(len(pool))]  # type: ignore[assignment]
        params |= {"epochs": 5, "width": min(32, int(params["width"]))}
        for each in fold.values():
            try:
                fit(model, params, each, Watcher())
            except TrialError as error:
                assert error.failure is TrialFailure.NON_FINITE_LOSS  # noqa: PT017 -- rarely raised


@pytest.mark.parametrize("p", [0.1, 0.25, 0.6])
def test_dropout_zeroes_its_part_and_keeps_the_mean(p: float) -> None:
    torch.manual_seed(0)
    x = torch.ones(1000, 257)
    dropout = Dropout(p)
    seen = dropout(x)
    assert float((seen == 0).float().mean()) == pytest.approx(p, abs=0.004)
    assert float(seen.mean()) == pytest.approx(1.0, abs=0.01)
    assert len(seen.unique()) == 2
    assert torch.equal(dropout.eval()(x), x)


def test_dropouts_gradient_flows_where_its_numbers_did() -> None:
    torch.manual_seed(0)
    x = torch.ones(64, 64, requires_grad=True)
    seen = Dropout(0.5)(x)
    (gradient,) = torch.autograd.grad(seen.sum(), x)
    assert torch.equal(gradient, seen.detach())


def test_an_even_start() -> None:
    """Before training every class is about as likely, whatever the depth."""
    torch.manual_seed(0)
    for layers in (1, 5):
        network = model.build({**DEFAULTS, "layers": layers, "dropout": 0.0}, Layout(20), 5)
        spread = network(torch.randn(500, 20)).std().item()
        assert spread < 1.5
