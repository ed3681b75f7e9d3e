"""Models of images, series and volumes: their file, the bundle's script, rows given as arrays."""

import io
import math
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from automl import tasks
from automl.core.catalog import ColumnKind, TaskType
from automl.core.decision import PLAIN
from automl.core.errors import InvalidRows
from automl.core.frame import Arrays, Frame
from automl.core.graph import Graph
from automl.core.model import Input
from automl.data import rows
from automl.export import metadata, parity, predict, scoring
from automl.export.onnx import serialize
from automl.features.arrays import ArrayEncoder
from automl.service.predictions import Predicted, as_csv
from automl.tasks import TargetScale
from tests.export.models import card

CLASSES = ("=1+1", "b", "c")
CASES = [
    (ColumnKind.IMAGE, (8, 8), "uint8"),
    (ColumnKind.IMAGE, (64, 40, 3), "uint8"),
    (ColumnKind.SERIES, (2, 30), "float32"),
    (ColumnKind.VOLUME, (4, 5, 6), "float64"),
    (ColumnKind.SERIES, (2, 30), "bool"),
]


def _input(kind: ColumnKind, shape: tuple[int, ...], dtype: str) -> Input:
    return Input("X", kind, "array", shape=shape, dtype=dtype)


def _values(item: Input, count: int = 700) -> npt.NDArray[Any]:
    drawn = np.random.default_rng(0).integers(0, 256, (count, *item.shape))
    return drawn.astype(item.dtype)


def _model(item: Input) -> bytes:
    """Return a file with one linear layer, which takes missing steps for 0."""
    encoder = ArrayEncoder("X", item.kind, item.shape, item.dtype)
    graph = Graph()
    raw = graph.input("X", "array", dtype=item.dtype, shape=item.shape)
    x = graph.node("Flatten", encoder.emit(graph, {"X": raw}), axis=1)
    known = graph.node("Equal", x, x)
    x = graph.node("Where", known, x, graph.constant(np.float32(0)))
    weights = np.random.default_rng(1).normal(size=(encoder.width, 3)) / encoder.width
    x = graph.node("Softmax", graph.node("MatMul", x, graph.constant(weights, np.float32)), axis=1)
    module = tasks.load(TaskType.CLASSIFICATION)
    decoded = module.emit_decode(graph, x, TargetScale(0.0, 1.0))
    module.emit_outputs(graph, decoded, CLASSES, PLAIN)
    facts = metadata.write(
        card(TaskType.CLASSIFICATION, (item,), CLASSES),
        seed=7, dataset_sha256="d1", spec_sha256="d2", version="0",
    )  # fmt: skip
    return serialize(graph, metadata=facts)


def _npz(**arrays: npt.NDArray[Any]) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


@pytest.mark.parametrize("case", CASES)
def test_the_script_prints_what_the_service_answers(
    case: tuple[ColumnKind, tuple[int, ...], str], tmp_path: Path
) -> None:
    item = _input(*case)
    (tmp_path / "model.onnx").write_bytes(_model(item))
    (tmp_path / "predict.py").write_bytes(Path(predict.__file__).read_bytes())
    values = _values(item)
    (tmp_path / "rows.npz").write_bytes(_npz(X=values, y=np.zeros(3)))
    command = [sys.executable, "-I", "-W", "error", "predict.py", "rows.npz"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    scorer = scoring.Scorer(tmp_path / "model.onnx")
    assert scorer.inputs == (item,)
    scores = scorer.predict(rows.from_array(values.tolist(), scorer.inputs))
    assert scores.probabilities is not None
    expected = as_csv(
        Predicted(scores.predictions.tolist(), scores.probabilities.tolist(), list(CLASSES))
    )
    assert done.stderr == b""
    assert done.stdout == expected.encode()
    assert "\n'=1+1," in expected or "=1+1" not in scores.predictions.tolist()


def _described(item: Input) -> dict[str, Any]:
    """Return an input as it stands in a file's schema."""
    return {**asdict(item), "kind": item.kind.value, "shape": list(item.shape)}


@pytest.mark.parametrize(
    ("case", "given", "says"),
    [
        (0, np.zeros((3, 8, 9), np.uint8), "takes arrays of .*8 × 8.*, not .*8 × 9"),
        (0, np.zeros((8, 8), np.uint8), "takes arrays of .*8 × 8.*, not "),
        (0, np.uint8(3), "takes arrays of .*8 × 8.*, not "),
        (0, np.full((2, 8, 8), 300), r"takes whole numbers from 0 to 255 \(uint8\)"),
        (0, np.full((2, 8, 8), -1.0), r"takes whole numbers from 0 to 255 \(uint8\)"),
        (0, np.full((2, 8, 8), 0.5), r"takes whole numbers from 0 to 255 \(uint8\)"),
        (0, np.full((2, 8, 8), "x"), "takes numbers, not "),
        (2, np.zeros((2, 2, 31)), "takes arrays of .*2 × 30.*, not .*2 × 31"),
        (2, np.zeros((2, 1, 30)), "takes arrays of .*2 × 30.*, not .*1 × 30"),
        (2, np.zeros((2, 2, 0)), "takes arrays of .*2 × 30.*, not .*2 × 0"),
    ],
)
def test_what_does_not_fit_is_named(case: int, given: npt.NDArray[Any], says: str) -> None:
    item = _input(*CASES[case])
    with pytest.raises(InvalidRows, match=says):
        rows.from_array(given, (item,))
    with pytest.raises(predict.Unusable, match=says):
        predict.cells_of(_npz(X=given), [_described(item)])


@pytest.mark.parametrize(
    ("item", "given"),
    [
        (Input("X", ColumnKind.IMAGE, "array", shape=(2, 3), dtype="uint8"), np.ones((4, 2, 3))),
        (
            Input("X", ColumnKind.IMAGE, "array", shape=(2, 3), dtype="uint8"),
            np.array([[[1, np.nan, np.inf], [255, 0, -0.0]]]),
        ),
        (Input("X", ColumnKind.IMAGE, "array", shape=(2, 3, 1), dtype="uint8"), np.eye(6) > 0),
        (
            Input("X", ColumnKind.IMAGE, "array", shape=(2, 3, 1), dtype="uint8"),
            np.ones((4, 2, 3), bool),
        ),
        (
            Input("X", ColumnKind.VOLUME, "array", shape=(2, 2, 2), dtype="float32"),
            np.array([[[[1, 1e300], [np.nan, 2]], [[3, -np.inf], [0, 0.1]]]]),
        ),
        (
            Input("X", ColumnKind.SERIES, "array", shape=(1, 5), dtype="float32"),
            np.array([[1, np.inf, np.nan], [1, 2, 3]]),
        ),
        (
            Input("X", ColumnKind.SERIES, "array", shape=(2, 5), dtype="float64"),
            np.arange(12, dtype=np.int16).reshape(2, 2, 3),
        ),
        (
            Input("X", ColumnKind.SERIES, "array", shape=(2, 3), dtype="int16"),
            np.arange(12.0).reshape(2, 2, 3),
        ),
    ],
)
def test_the_script_reads_arrays_as_the_service_does(item: Input, given: npt.NDArray[Any]) -> None:
    try:
        expected = rows.from_array(given, (item,))["X"]
    except InvalidRows:
        with pytest.raises(predict.Unusable):
            predict.cells_of(_npz(X=given), [_described(item)])
        return
    for content in (_npz(X=given, y=np.zeros(1)), _npz(x_test=given, z=given), _npz(one=given)):
        (read,) = predict.cells_of(content, [_described(item)])
        assert (read.dtype.name, read.shape) == (item.dtype, expected.shape)
        np.testing.assert_array_equal(read, expected)


@pytest.mark.parametrize(
    "content", [b"a,b\n1,2\n", _npz(Z=np.zeros(3), V=np.zeros(3)), b"PK\x03\x04", b""]
)
def test_the_script_names_the_file_that_a_model_of_arrays_takes(content: bytes) -> None:
    with pytest.raises(predict.Unusable, match=r"\.npz file with an array 'X'"):
        predict.cells_of(content, [_described(_input(*CASES[0]))])


def test_a_model_of_a_table_takes_no_array() -> None:
    column = {"name": "size", "kind": "numeric", "cells": "number"}
    with pytest.raises(predict.Unusable, match="give a CSV file"):
        predict.cells_of(_npz(X=np.zeros(3)), [column])
    with pytest.raises(InvalidRows, match="its columns are 'size'"):
        rows.from_array(np.zeros((3, 1)), (Input("size", ColumnKind.NUMERIC, "number"),))


def test_large_rows_are_scored_few_at_a_time() -> None:
    for shape, size in {(1,): 1_024, (8, 8): 1_024, (32, 32, 3): 85, (224, 224, 3): 1}.items():
        assert scoring._block(8_192, [np.empty((0, *shape))]) == size
    assert scoring._block(8_192, [np.empty((9, 1))] * 5_000) == 1_024


@pytest.mark.parametrize("shape", [(1,), (32, 32, 3), (224, 224, 3)], ids=str)
def test_the_script_deals_rows_as_the_service_does(shape: tuple[int, ...]) -> None:
    for rows_ in (0, 1, 64, 65, 255, 256, 2_048, 2_049, 100_000):
        size = scoring._block(rows_, [np.empty((0, *shape))])
        assert predict.block_of(rows_, math.prod(shape)) == size >= 1


def test_series_that_differ_in_length_are_shortened_and_others_left() -> None:
    values = np.random.default_rng(0).normal(size=(400, 2, 9)).astype(np.float32)
    even = Frame({"X": Arrays(values)}, len(values))
    assert parity.inject(even, 0).arrays("X").values is values
    ragged = values.copy()
    ragged[::3, :, 7:] = np.nan
    frame = Frame({"X": Arrays(ragged)}, len(values))
    short = parity.inject(frame, 0).arrays("X").values
    changed = (np.isnan(short) != np.isnan(ragged)).any(axis=(1, 2))
    assert 0.02 < changed.mean() < 0.08
    assert np.isnan(short[changed][:, :, 5:]).all()
    assert not np.isnan(short[:, :, :5]).any()
    np.testing.assert_array_equal(frame.arrays("X").values, ragged)
