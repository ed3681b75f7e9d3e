"""Classes that a spreadsheet would run are inert in every CSV of predictions."""

import csv
import io
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from automl.cli.predict import predict as command
from automl.core.graph import Graph
from automl.export import metadata, predict
from automl.export.onnx import serialize
from automl.export.scoring import Scorer
from automl.service.predictions import Predicted, as_csv
from tests.api.harness import CARD

RUN = [
    "=1+1", "=cmd|'/c calc'!A0", "+SUM(A1)", "-2+3+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1",
    "＝1+1", "+1-1", "-none", '=HYPERLINK("http://evil.example","x")', "=", "+", "-", "@",
]  # fmt: skip
HARMLESS = [
    "-5", "+3.25", "-1e-7", "- 50000.", "-1,234.5", "-12 %", "<=50K", "a=b", "1-2", "", " =1",
    "'=1", "yes", "ü",
]  # fmt: skip


@pytest.mark.parametrize("label", RUN)
def test_what_would_run_is_written_as_text(label: str) -> None:
    alone = len(label) == 1  # a mark alone is text, and a class of real tables
    assert predict.inert(label) == (label if alone else f"'{label}")


@pytest.mark.parametrize("label", HARMLESS)
def test_what_does_not_run_is_written_as_it_is(label: str) -> None:
    assert predict.inert(label) == label


@pytest.mark.parametrize("number", [-1, -1.5, 0.0, float("-inf")])
def test_numbers_are_no_formulas(number: float) -> None:
    assert predict.inert(number) == number


LABELS = tuple(sorted(['=cmd|"/c calc"!A0', "+", "-1+1", "@x,y", "\x1b[31mred", "<b>\n=2</b>"]))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model whose class is the number in its one column."""
    graph = Graph()
    size = graph.input("size", "number")
    places = graph.constant([[float(place) for place in range(len(LABELS))]])
    far = graph.node("Neg", graph.node("Abs", graph.node("Sub", size, places)))
    index = graph.node("ArgMax", far, axis=1, keepdims=0)
    graph.output("prediction", graph.node("Gather", graph.constant(list(LABELS)), index, axis=0))
    graph.output("probabilities", graph.node("Softmax", far, axis=1))
    card = replace(CARD, classes=LABELS)
    facts = metadata.write(card, seed=0, dataset_sha256="d", spec_sha256="s", version="0")
    path = tmp_path / "model.onnx"
    path.write_bytes(serialize(graph, metadata=facts))
    return path


def test_service_command_and_script_write_the_same_bytes(model: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("size\n" + "".join(f"{place}\n" for place in range(len(LABELS))))
    scorer = Scorer(model)
    scores = scorer.predict({"size": np.arange(len(LABELS), dtype=float).reshape(-1, 1)})
    assert tuple(scores.predictions) == LABELS
    assert scores.probabilities is not None
    service = as_csv(
        Predicted(scores.predictions.tolist(), scores.probabilities.tolist(), scorer.classes)
    )
    command(model, rows, out=tmp_path / "out.csv")
    script = shutil.copy(predict.__file__, tmp_path / "predict.py")
    done = subprocess.run([sys.executable, script, rows], capture_output=True, check=True)
    assert (tmp_path / "out.csv").read_bytes() == done.stdout == service.encode()
    written = [row[0] for row in csv.reader(io.StringIO(service, newline=""))][1:]
    assert written == [predict.inert(label) for label in LABELS]
    assert [cell for cell in written if cell[:1] in set("=+-@")] == ["+"]
