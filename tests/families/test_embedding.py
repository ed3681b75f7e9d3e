"""Categories as learned vectors: what the layer computes, learns, and becomes in the file."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
import torch

from automl import families
from automl.core.catalog import FamilyName, TaskType
from automl.core.graph import ElementType, Graph
from automl.core.hyperparameter import Value, defaults
from automl.core.learner import Examples, Layout, View
from automl.core.state import State
from automl.export.onnx import serialize
from automl.families import blocks
from automl.families.categories import view_of
from automl.training.fit import fit, load
from tests.families import cases
from tests.families.cases import Case
from tests.training.folds import Watcher

NAMES = (FamilyName.MLP, FamilyName.RESNET)
EACH = pytest.mark.parametrize("name", NAMES)
MIXED = Layout(5, ((1, 3), (4, 1_002)))
ALL_CODES = Layout(2, ((0, 4), (1, 2)))


def candidate(name: FamilyName, **more: Value) -> dict[str, Value]:
    space = Case(name, TaskType.CLASSIFICATION, 2, embedding=True).space
    params = {**defaults(space), "epochs": 3, "width": 16}
    return {**params, **more}


def rows_of(layout: Layout, rows: int = 50) -> npt.NDArray[np.float32]:
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, layout.width))
    for position, size in layout.codes:
        x[:, position] = random.integers(size, size=rows)
        x[:2, position] = 0, size - 1
    return x.astype(np.float32)


def embedded(layout: Layout, width: int = 3) -> blocks.Embedded:
    torch.manual_seed(0)
    module = blocks.Embedded(layout, width)
    torch.nn.init.normal_(module.table.weight)
    return module


@pytest.mark.parametrize("layout", [MIXED, ALL_CODES])
def test_every_column_has_vectors_of_its_own_behind_the_numbers(layout: Layout) -> None:
    module, x = embedded(layout), rows_of(layout)
    found = module(torch.tensor(x)).detach().numpy()
    table = module.table.weight.detach().numpy()
    coded = [position for position, _ in layout.codes]
    parts = [np.delete(x, coded, axis=1)]
    start = 0
    for position, size in layout.codes:
        parts.append(table[start + x[:, position].astype(int)])
        start += size
    np.testing.assert_array_equal(found, np.hstack(parts))
    assert start == len(table)
    assert found.shape[1] == module.outputs


@pytest.mark.parametrize("layout", [MIXED, ALL_CODES])
def test_the_graph_is_exactly_equal(layout: Layout) -> None:
    module = embedded(layout)
    graph = Graph()
    names = [graph.input(f"f{column}", "number") for column in range(layout.width)]
    x = graph.node("Cast", graph.node("Concat", *names, axis=1), to=ElementType.FLOAT)
    graph.output("y", blocks.emit(graph, x, [module]))
    session = onnxruntime.InferenceSession(serialize(graph, metadata={}))
    for rows in (rows_of(layout), rows_of(layout)[:1], rows_of(layout)[:0]):
        feeds = {f"f{c}": rows[:, [c]].astype(np.float64) for c in range(layout.width)}
        native = module(torch.tensor(rows)).detach().numpy()
        np.testing.assert_array_equal(session.run(None, feeds)[0], native)


@EACH
def test_without_codes_the_network_is_that_of_the_other_view(name: FamilyName) -> None:
    family = families.model(name)
    assert families.is_network(family)
    states = []
    for view in ("one_hot", "embedding"):
        torch.manual_seed(0)
        network = family.build(candidate(name, categories=view), Layout(5), 2)
        states.append(network.state_dict())
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


@EACH
def test_a_code_without_training_rows_is_neither_this_nor_that(name: FamilyName) -> None:
    case = Case(name, TaskType.REGRESSION, 1, embedding=True)
    fold = cases.fold(case)
    seen = np.where(fold.train.x[:, 5] >= 40, 0, fold.train.x[:, 5])  # none unseen, none missing
    train = np.column_stack([fold.train.x[:, :5], seen, fold.train.x[:, 6:]])
    fold = replace(fold, train=Examples(train.astype(np.float32), fold.train.y))
    params = candidate(name, loss="mse", penalty="both", l1=1e-4)
    fitted = fit(families.model(name), params, fold, Watcher())  # type: ignore[arg-type]
    table = next(a for key, a in fitted.state().arrays.items() if key.endswith("table.weight"))
    assert not table[-2:].any()
    assert (table[5:-2] != 0).any(axis=1).all()


def test_networks_stored_before_there_were_codes_still_load() -> None:
    case = Case(FamilyName.MLP, TaskType.CLASSIFICATION, 2)
    fold, family = cases.fold(case), families.model(case.family)
    assert families.is_network(family)
    fitted = fit(family, {**defaults(case.space), "epochs": 1}, fold, Watcher())
    state = fitted.state()
    header = {key: value for key, value in state.header.items() if key != "codes"}
    header["params"] = {k: v for k, v in header["params"].items() if k != "categories"}
    again = load(family, State(header, state.arrays))
    np.testing.assert_array_equal(again.predict(fold.valid.x), fitted.predict(fold.valid.x))


def test_a_candidate_chooses_its_view() -> None:
    spec = families.spec(FamilyName.MLP)
    assert view_of(spec, {"categories": "embedding"}) is View.EMBEDDING
    assert view_of(spec, {"categories": "one_hot"}) is View.ONE_HOT
    assert view_of(spec, {}) is View.ONE_HOT  # asked for before there was a choice
    trees = families.spec(FamilyName.LIGHTGBM)
    assert view_of(trees, {"categories": "native"}) is View.ORDINAL
