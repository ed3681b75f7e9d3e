"""A whole model file against numpy: encoder, a linear layer written by hand, the task's outputs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest

from automl import features, tasks
from automl.core.catalog import FamilyName, MetricName, TaskType
from automl.core.errors import ExportFailed, InvalidRows
from automl.core.frame import Frame
from automl.core.graph import ML, Graph
from automl.core.learner import View
from automl.core.model import Estimate, Exclusion, Input, Member, ModelCard
from automl.export import metadata, parity
from automl.export.onnx import load_metadata, serialize
from automl.export.scoring import Scorer, Session
from automl.features import Encoder
from automl.tasks import TargetScale
from tests.features.frames import inputs, table

Labels = tuple[str, ...] | tuple[int, ...]
SCALE = TargetScale(1e4, 300.0)


def weights(encoder: Encoder, outputs: int) -> npt.NDArray[np.float32]:
    drawn = np.random.default_rng(0).normal(size=(encoder.width, outputs)) * 0.3
    return drawn.astype(np.float32)


def native(encoder: Encoder, task: TaskType, outputs: int, rows: Frame) -> npt.NDArray[Any]:
    """Return what numpy makes of the rows."""
    raw = encoder.transform(rows).astype(np.float64) @ weights(encoder, outputs).astype(np.float64)
    if task is TaskType.CLASSIFICATION:
        raw = np.exp(raw - raw.max(axis=1, keepdims=True))
        raw /= raw.sum(axis=1, keepdims=True)
    return tasks.load(task).decode(raw, SCALE)


def program(
    encoder: Encoder, task: TaskType, schema: tuple[Input, ...], outputs: int, classes: Labels
) -> Graph:
    graph = Graph()
    raw = {item.name: graph.input(item.name, item.cells) for item in schema}
    x = encoder.emit(graph, raw)
    value = graph.node("MatMul", x, graph.constant(weights(encoder, outputs)))
    if task is TaskType.CLASSIFICATION:
        value = graph.node("Softmax", value, axis=1)
    module = tasks.load(task)
    module.emit_outputs(graph, module.emit_decode(graph, value, SCALE), classes)
    return graph


def card(task: TaskType, schema: tuple[Input, ...], classes: Labels) -> ModelCard:
    return ModelCard(
        task=task,
        target="Ziel ≥ 5",
        metric=MetricName.LOG_LOSS,
        value=0.125,
        source="test",
        metrics={MetricName.LOG_LOSS: Estimate(0.1, 0.05, 0.2)},
        members=(Member(3, FamilyName.LINEAR, 0.75), Member(1, FamilyName.MLP, 0.25)),
        inputs=schema,
        classes=classes,
        parity=3e-8,
        excluded=(Exclusion(7, 0.5, "too far off"),),
    )


def python(*arguments: str, cwd: Path | None) -> subprocess.CompletedProcess[str]:
    """Run a fresh interpreter."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


CASES: list[tuple[TaskType, Labels]] = [
    (TaskType.CLASSIFICATION, ("naïve", "no", "yes")),
    (TaskType.CLASSIFICATION, (-1, 4)),
    (TaskType.REGRESSION, ()),
]


def built(task: TaskType, classes: Labels, seed: int = 0) -> tuple[Encoder, bytes, Frame]:
    rows, columns = table(seed)
    encoder = features.fit(rows.take(np.arange(120)), columns, View.ONE_HOT)
    schema = inputs(columns)
    facts = metadata.write(
        card(task, schema, classes), seed=7, dataset_sha256="d1", spec_sha256="d2", version="0"
    )
    graph = program(encoder, task, schema, len(classes) or 1, classes)
    return encoder, serialize(graph, metadata=facts), rows


@pytest.mark.parametrize(("task", "classes"), CASES)
@pytest.mark.parametrize("seed", range(3))
def test_the_file_equals_numpy(task: TaskType, classes: Labels, seed: int) -> None:
    encoder, content, rows = built(task, classes, seed)
    scorer = Scorer(content)
    assert scorer.classes == classes
    for case in (rows, parity.inject(rows, seed), rows.take(np.array([5]))):
        expected = native(encoder, task, len(classes) or 1, case)
        scores = scorer.predict(parity.feeds(case, scorer.inputs))
        if scores.probabilities is None:
            assert scores.predictions.shape == (case.rows,)
            assert parity.difference(scores.predictions[:, None], expected) < 1e-6
        else:
            assert parity.difference(scores.probabilities, expected) < 1e-6
            labels = [classes[index] for index in scores.probabilities.argmax(axis=1)]
            assert scores.predictions.tolist() == labels


@pytest.mark.parametrize(("task", "classes"), CASES)
def test_equal_programs_are_equal_bytes(task: TaskType, classes: Labels) -> None:
    content = built(task, classes)[1]
    assert content == built(task, classes)[1]
    assert content != built(task, classes, seed=1)[1]


def test_the_file_tells_no_tales() -> None:
    content = built(*CASES[0])[1]
    model = onnx.load_model_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, model.producer_name) == (8, "automl")
    assert {item.domain: item.version for item in model.opset_import} == {"": 18, ML: 3}
    assert not any(node.doc_string or node.name for node in model.graph.node)
    assert str(Path.cwd()).encode() not in content
    shapes = {
        output.name: [dim.dim_param or dim.dim_value for dim in output.type.tensor_type.shape.dim]
        for output in model.graph.output
    }
    assert shapes == {"prediction": ["n"], "probabilities": ["n", 3]}


def test_it_runs_where_only_numpy_and_onnxruntime_are(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(built(*CASES[0])[1])
    script = """
import json, sys
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
facts = session.get_modelmeta().custom_metadata_map
feeds = {}
for item, given in zip(json.loads(facts["schema"]), session.get_inputs()):
    cell = np.nan if item["cells"] == "number" else "never seen"
    kind = np.float64 if item["cells"] == "number" else object
    feeds[given.name] = np.array([[cell]] * 2, kind)
prediction, probabilities = session.run(["prediction", "probabilities"], feeds)
assert prediction[0] in json.loads(facts["classes"]), prediction
assert abs(probabilities.sum(axis=1) - 1).max() < 1e-12
assert not {"automl", "torch", "onnx", "sklearn"} & set(sys.modules)
"""
    done = python("-W", "error", "-c", script, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_scoring_loads_no_training_library() -> None:
    script = (
        "import sys, automl.export.scoring, automl.export.parity\n"
        "print(sorted({'torch', 'sklearn', 'lightgbm', 'optuna', 'onnx'} & set(sys.modules)))"
    )
    done = python("-c", script, cwd=None)
    assert done.stdout.strip() == "[]", done.stderr


def test_metadata_come_back_and_are_sorted(tmp_path: Path) -> None:
    task, classes = CASES[0]
    _, content, _ = built(task, classes)
    (tmp_path / "m.onnx").write_bytes(content)
    facts = load_metadata(tmp_path / "m.onnx")
    assert facts == load_metadata(content)
    assert list(facts) == sorted(facts)
    schema = inputs(table(0)[1])
    assert metadata.read(facts) == metadata.Metadata(
        card(task, schema, classes), 7, "d1", "d2", "0"
    )
    assert Scorer(tmp_path / "m.onnx").metadata == metadata.read(facts)


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="not a model file"):
        Scorer(b"not onnx")
    graph = Graph()
    graph.output("prediction", graph.node("Identity", graph.input("x", "number")))
    foreign = serialize(graph, metadata={})
    assert Session(foreign).run({"x": np.ones((2, 1))}).shape == (2, 1, 1)
    with pytest.raises(ValueError, match="not a model file of this service"):
        Scorer(foreign)


def test_missing_columns_are_named_and_others_ignored() -> None:
    _, content, rows = built(*CASES[0])
    scorer = Scorer(content)
    fed = parity.feeds(rows, scorer.inputs)
    wanted = scorer.predict(fed)
    shuffled = {"surplus": fed["age"], **dict(reversed(fed.items()))}
    np.testing.assert_array_equal(scorer.predict(shuffled).predictions, wanted.predictions)
    del fed["age"], fed["many"]
    with pytest.raises(InvalidRows, match="'age', 'many'"):
        scorer.predict(fed)


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


def test_difference_is_relative_to_the_largest() -> None:
    b = np.array([[1000.0, -2.0]])
    assert parity.difference(b + np.array([0.0, 0.1]), b) == pytest.approx(1e-4)
    assert parity.difference(b / 1e4 + 0.1, b / 1e4) == pytest.approx(0.1)
    assert parity.difference(b, b) == 0.0
    assert parity.difference(b[:0], b[:0]) == 0.0
    assert parity.difference(b, b[:, :1]) == float("inf")
    assert parity.difference(b * np.nan, b) == float("inf")
    huge = np.array([1.7e308])
    assert parity.difference(huge, -huge) == pytest.approx(2.0)


def test_injected_rows_are_real_rows_with_damage() -> None:
    rows, columns = table(0, rows=2000)
    damaged = parity.inject(rows, 3)
    for item in columns:
        if item.cells == "number":
            before, after = rows.numbers(item.name), damaged.numbers(item.name)
            gone = np.isnan(after) & ~np.isnan(before)
            np.testing.assert_array_equal(after[~gone], before[~gone])
        else:
            old, new = rows.strings(item.name).cells(), damaged.strings(item.name).cells()
            assert list(damaged.strings(item.name).values) == sorted(
                damaged.strings(item.name).values
            )
            gone = (new == "") & (old != "")
            strange = np.array([cell.endswith("unseen") for cell in new])
            assert 0.02 < strange.mean() < 0.08
            assert (new == old)[~gone & ~strange].all()
        if item.name not in {"never", "empty"}:
            assert 0.02 < gone.mean() < 0.08
    again = parity.feeds(parity.inject(rows, 3), inputs(columns))
    for name, array in parity.feeds(damaged, inputs(columns)).items():
        np.testing.assert_array_equal(array, again[name])


def test_metadata_are_json_of_known_keys() -> None:
    facts = load_metadata(built(*CASES[2])[1])
    values = {key: json.loads(text) for key, text in facts.items()}
    assert values["schema"][0] == {
        "name": "age",
        "kind": "numeric",
        "cells": "number",
        "decimal_comma": False,
    }
    assert values["values"] == {"log_loss": {"value": 0.1, "low": 0.05, "high": 0.2}}
    assert values["members"][0] == {"trial": 3, "family": "linear", "weight": 0.75}
    assert (values["seed"], values["parity"], values["task"]) == (7, 3e-8, "regression")
