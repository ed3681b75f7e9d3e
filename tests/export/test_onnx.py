"""Model files as bytes: equal for equal programs, whatever the columns are called."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from automl import features
from automl.core.catalog import TaskType
from automl.core.errors import ExportFailed
from automl.core.graph import MICROSOFT, ML, Graph
from automl.core.learner import View
from automl.export import metadata
from automl.export.onnx import serialize
from automl.export.scoring import Session
from tests.export.models import CASES, Labels, built
from tests.features.frames import table


@pytest.mark.parametrize(("task", "classes"), CASES)
def test_equal_programs_are_equal_bytes(task: TaskType, classes: Labels) -> None:
    content = built(task, classes)[1]
    assert content == built(task, classes)[1]
    assert content != built(task, classes, seed=1)[1]


@pytest.mark.parametrize(("task", "classes"), CASES)
def test_a_file_written_in_pieces_is_what_one_message_writes(
    task: TaskType, classes: Labels
) -> None:
    content = built(task, classes)[1]
    model = onnx.load_model_from_string(content)
    assert len(model.graph.node) > len(model.graph.input) > 0
    assert model.SerializeToString(deterministic=True) == content


def test_the_file_tells_no_tales() -> None:
    content = built(*CASES[0])[1]
    model = onnx.load_model_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, model.producer_name) == (8, "automl")
    assert {item.domain: item.version for item in model.opset_import} == {
        "": 18,
        ML: 3,
        MICROSOFT: 1,
    }
    assert not any(node.doc_string or node.name for node in model.graph.node)
    assert str(Path.cwd()).encode() not in content
    shapes = {
        output.name: [dim.dim_param or dim.dim_value for dim in output.type.tensor_type.shape.dim]
        for output in model.graph.output
    }
    assert shapes == {"prediction": ["n"], "probabilities": ["n", 3]}


def test_columns_may_be_called_anything() -> None:
    names = ("prediction", "prediction_", "probabilities", "", "_", "v0", "c0", "i1", "/v1", "//")
    graph = Graph()
    values = [graph.input(name, "number") for name in names]
    doubled = graph.node("Mul", graph.node("Concat", *values, axis=1), graph.constant([2.0]))
    first = graph.node("ReduceMax", doubled, graph.constant([1], np.int64), keepdims=0)
    graph.output("prediction", first)
    graph.output("probabilities", doubled)
    session = Session(serialize(graph, metadata={}))
    fed = {name: np.array([[float(index)]]) for index, name in enumerate(names)}
    scores = session.score(fed)
    assert scores.probabilities is not None
    assert scores.probabilities.tolist() == [[2.0 * index for index in range(len(names))]]
    assert len(set(metadata.input_names(names))) == len(names)
    assert metadata.input_names(("age", "é")) == ("age", "é")


def test_equal_nodes_are_written_once() -> None:
    rows, columns = table(0)
    encoder = features.fit(rows, columns, View.ORDINAL)

    def size(times: int) -> int:
        graph = Graph()
        raw = {item.name: graph.input(item.name, item.cells) for item in columns}
        emitted = [encoder.emit(graph, raw) for _ in range(times)]
        graph.output("prediction", graph.node("Sum", *emitted))
        return len(onnx.load_model_from_string(serialize(graph, metadata={})).graph.node)

    assert size(5) == size(1)


def test_trees_of_a_newer_opset_load() -> None:
    graph = Graph()
    x = graph.node("Cast", graph.input("x", "number"), to=1)
    stump = graph.node(
        "TreeEnsemble",
        x,
        domain=ML,
        n_targets=1,
        tree_roots=[0],
        nodes_featureids=[0],
        nodes_modes=np.array([0], np.uint8),
        nodes_splits=np.array([0.5], np.float32),
        nodes_truenodeids=[0],
        nodes_falsenodeids=[1],
        nodes_trueleafs=[1],
        nodes_falseleafs=[1],
        leaf_targetids=[0, 0],
        leaf_weights=np.array([10.0, 20.0], np.float32),
    )
    graph.output("prediction", graph.node("Cast", stump, to=11))
    content = serialize(graph, metadata={})
    model = onnx.load_model_from_string(content)
    assert {item.domain: item.version for item in model.opset_import}[ML] == 5
    fed = {"x": np.array([[0.4], [0.6]])}
    assert Session(content).score(fed).predictions.tolist() == [[10.0], [20.0]]


def test_more_than_a_file_can_hold_is_refused() -> None:
    graph = Graph()
    endless = np.broadcast_to(np.float32(1), (2**29,))  # 2 GiB on paper
    graph.constants["c0"] = endless
    with pytest.raises(ExportFailed, match="2 GiB"):
        serialize(graph, metadata={})


def two_ways(*, apart: float = 0.0) -> Graph:
    """Return a program that doubles, by one way for three rows and more, else by another."""
    graph = Graph()
    x = graph.input("x", "number")
    before = graph.shared("Abs", x)

    def add() -> str:
        graph.shared("Neg", x)
        return graph.node("Add", graph.node("Abs", x), before)

    def multiply() -> str:
        return graph.node("Mul", graph.shared("Neg", x), graph.constant([-2.0 - apart]))

    many = graph.node("GreaterOrEqual", graph.rows(), graph.constant([3], np.int64))
    graph.output("prediction", graph.either(many, add, multiply))
    graph.output("probabilities", graph.node("Add", graph.shared("Neg", x), before))
    return graph


def test_a_program_may_have_two_ways() -> None:
    content = serialize(two_ways(), metadata={})
    assert content == serialize(two_ways(), metadata={})
    model = onnx.load_model_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    shape = model.graph.output[0].type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in shape] == ["n", 1]
    assert sum(node.op_type == "Abs" for node in model.graph.node) == 1
    session = Session(serialize(two_ways(apart=1.0), metadata={}))
    for rows in range(6):
        x = np.arange(rows, dtype=np.float64)[:, None]
        factor = 2.0 if rows >= 3 else 3.0
        assert session.score({"x": x}).predictions.tolist() == (factor * x).tolist()
