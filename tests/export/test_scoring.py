"""Whole model files against numpy: encoder, a linear layer written by hand, the task's outputs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl import features
from automl.core.catalog import ColumnKind, TaskType
from automl.core.errors import InvalidRows
from automl.core.graph import ElementType, Graph
from automl.core.learner import View
from automl.export import parity
from automl.export.onnx import serialize
from automl.export.scoring import Scorer, Session
from tests.export.models import CASES, Labels, built, native, python
from tests.features.frames import column, frame, strings


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
        "heavy = {'torch', 'sklearn', 'lightgbm', 'catboost', 'optuna', 'onnx'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = python("-c", script, cwd=None)
    assert done.stdout.strip() == "[]", done.stderr


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


def test_threads_do_not_change_a_digit() -> None:
    _, content, rows = built(*CASES[0])
    fed = parity.feeds(rows.take(np.resize(np.arange(rows.rows), 2_000)), Scorer(content).inputs)
    one, three = (Scorer(content, threads=n).predict(fed) for n in (1, 3))
    np.testing.assert_array_equal(one.probabilities, three.probabilities)
    assert len(one.predictions) == 2_000


class _Counted:
    """A loaded program that remembers how many rows it was given."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.sizes: list[int] = []

    def run(self, outputs: list[str], feeds: dict[str, Any]) -> Any:
        self.sizes.append(len(next(iter(feeds.values()))))
        return self.session.run(outputs, feeds)


@pytest.mark.parametrize(
    ("rows", "sizes"),
    [
        (0, [0]),
        (1, [1]),
        (64, [64]),
        (65, [33, 32]),
        (250, [125, 125]),
        (578, [289, 289]),
        (2_048, [1_024] * 2),
        (2_049, [513, 513, 513, 510]),
    ],
)
def test_rows_are_dealt_to_cores_evenly(rows: int, sizes: list[int]) -> None:
    graph = Graph()
    graph.output("prediction", graph.node("Identity", graph.input("x", "number")))
    session = Session(serialize(graph, metadata={}))
    counted = session._session = _Counted(session._session)
    fed = np.arange(rows, dtype=float)[:, None]
    np.testing.assert_array_equal(session.score({"x": fed}).predictions, fed)
    assert counted.sizes == sizes


@pytest.mark.parametrize(
    ("lengths", "sizes"),
    [
        ([100] * 600, [300] * 2),
        ([400] * 100, [40, 40, 20]),
        ([9_000] * 50 + [1], [40, 11]),
        ([20_000], [1]),
        ([200] * 200 + [10] * 200, [200, 81, 81, 38]),
    ],
)
def test_fewer_long_texts_are_scored_at_a_time(lengths: list[int], sizes: list[int]) -> None:
    graph = Graph()
    texts = graph.input("t", "string")
    shown = graph.node("Shape", texts)
    graph.output("prediction", graph.node("ConstantOfShape", shown, value=np.zeros(1)))
    session = Session(serialize(graph, metadata={}))
    counted = session._session = _Counted(session._session)
    fed = np.array(["x" * length for length in lengths], object)[:, None]
    assert len(session.score({"t": fed}).predictions) == len(lengths)
    assert counted.sizes == sizes


def test_long_texts_are_answered_in_their_order() -> None:
    cells = strings([f"w{n % 7} " * (n * 37 % 90 + 1) for n in range(1_100)])
    schema = [column("t", ColumnKind.TEXT, cells)]
    encoder = features.fit(frame(t=cells), schema, View.TOKENS)
    graph = Graph()
    tokens = encoder.emit(graph, {"t": graph.input("t", "string")})
    ids = graph.node("Cast", tokens, to=ElementType.DOUBLE)
    axis = graph.constant([1], np.int64)
    graph.output("prediction", graph.node("ReduceSum", ids, axis, keepdims=0))
    session = Session(serialize(graph, metadata={}))
    found = session.score({"t": cells.cells()[:, None]}).predictions
    np.testing.assert_array_equal(found, encoder.transform(frame(t=cells)).sum(axis=1))
