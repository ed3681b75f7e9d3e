"""What a study of arrays hands out: the bundle, rows to look at, bounds that hold."""

import io
import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

import automl
from automl import pipeline
from automl.core.catalog import ExportFormat, FamilyName, Modality, TaskType, ValidationStrategy
from automl.core.errors import InvalidRows
from automl.core.report import Report
from automl.core.study import Budget, StudySpec, TaskSpec, Validation
from automl.data.rows import from_array
from automl.export.scoring import Scorer
from automl.service.predictions import Predicted, as_csv
from tests import arrays, tables

MOST_PICTURES = 200_000
"""Bytes of a report that its rows to look at may take."""


@dataclass(frozen=True)
class Ended:
    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    fit: pipeline.Fit

    @property
    def report(self) -> Report:
        return cast("Report", json.loads(self.fit.finished.files[ExportFormat.REPORT]))


def _waves() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Return series of two channels that differ in length, and how fast each is."""
    random = np.random.default_rng(0)
    pace = random.uniform(0.1, 0.5, 160)
    steps = np.arange(40)
    x = np.stack([np.sin(pace[:, None] * steps), np.cos(pace[:, None] * steps)], axis=1)
    x += random.normal(0, 0.1, x.shape)
    x[::3, :, 25:] = np.nan
    return x.astype(np.float32), pace


def _rows(modality: Modality) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    if modality is Modality.SERIES:
        return _waves()
    if modality is Modality.VOLUME:
        return arrays.shapes(120, size=8)
    x, kinds = arrays.digits(400)
    return x, np.array(["<b>0</b>", *map(str, range(1, 10))])[kinds]


def _ended(folder: Path, modality: Modality) -> Ended:
    x, y = _rows(modality)
    dataset, table = arrays.dataset(folder / "rows.parquet", x, y, modality=modality)
    task = TaskType.REGRESSION if y.dtype.kind == "f" else TaskType.CLASSIFICATION
    spec = StudySpec(
        dataset.id,
        TaskSpec(task, "y"),
        Budget(trials=2),
        families=(FamilyName.CNN,),
        search_space={
            "cnn": {
                "layers": [1],
                "width": [4, 6],
                "convolutions": [1],
                "epochs": [5],
                "shift": [0.1],
            },
        },
        validation=Validation(strategy=ValidationStrategy.HOLDOUT, test_fraction=0.25),
    )
    return Ended(x, y, pipeline.fit(spec, dataset, table))


@pytest.fixture(scope="module", params=[Modality.IMAGE, Modality.SERIES, Modality.VOLUME])
def ended(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    return _ended(tmp_path_factory.mktemp("arrays"), request.param)


def test_the_bundle_scores_arrays_as_the_service_does(ended: Ended, tmp_path: Path) -> None:
    content = ended.fit.finished.files[ExportFormat.BUNDLE]
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        zipped.extractall(tmp_path)
    np.savez(tmp_path / "rows.npz", X=ended.x[:50])
    command = [sys.executable, "-I", "-W", "error", "predict.py", "rows.npz"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    scorer = Scorer(ended.fit.finished.files[ExportFormat.ONNX])
    scores = scorer.predict(from_array(ended.x[:50], scorer.inputs))
    shares = None if scores.probabilities is None else scores.probabilities.tolist()
    answered = Predicted(scores.predictions.tolist(), shares, list(scorer.classes) or None)
    assert done.stderr == b""
    assert done.stdout == as_csv(answered).encode()
    (tmp_path / "bundle.zip").write_bytes(content)
    opened = automl.load(tmp_path / "bundle.zip")
    for given in (ended.x[:50], ended.x[:50].tolist(), {"X": ended.x[:50]}):
        np.testing.assert_array_equal(opened.predict(given).predictions, scores.predictions)
    for wrong in ({"Z": ended.x}, ended.x[:, :1], "rows.npz"):
        with pytest.raises(InvalidRows, match="'X'"):
            opened.predict(wrong)


def test_networks_come_back_with_the_shape_that_they_take(ended: Ended, tmp_path: Path) -> None:
    import torch

    (tmp_path / "bundle.zip").write_bytes(ended.fit.finished.files[ExportFormat.BUNDLE])
    for member in automl.load(tmp_path / "bundle.zip").members:
        assert len(member.networks) == 1
        answer = member.networks[0](torch.zeros(2, *member.shape))
        assert answer.shape == (2, ended.fit.plan.outputs)
        assert repr(member).endswith(f" of {'×'.join(map(str, member.shape))}>")


def test_the_report_shows_rows_and_no_importance(ended: Ended) -> None:
    report = ended.report
    assert report["importance"]["columns"] == []
    assert report["data"]["modality"] == ended.fit.plan.modality.value
    assert report["data"]["shape"] == list(ended.x.shape[1:])
    assert report["inputs"][0]["dtype"] == ended.x.dtype.name
    shown = report["examples"]
    assert 0 < len(shown) <= 16
    assert len(json.dumps(shown)) < MOST_PICTURES
    classes = set(ended.fit.plan.classes)
    for example in shown:
        assert set(example["seen"]) == (
            {"lines"} if ended.fit.plan.modality is Modality.SERIES else {"picture"}
        )
        if classes:
            assert {example["actual"], example["predicted"]} <= classes
            assert (example["actual"] == example["predicted"]) == example["right"]
    with zipfile.ZipFile(io.BytesIO(ended.fit.finished.files[ExportFormat.BUNDLE])) as zipped:
        page, card = zipped.read("report.html").decode(), zipped.read("MODEL_CARD.md").decode()
    assert "<b>0</b>" not in page + card
    assert "What it relies on" not in page
    assert "rows.npz" in page
    assert "rows.npz" in card


def test_the_report_shows_how_training_rows_were_varied(ended: Ended) -> None:
    found = ended.report["preview"]
    assert found is not None
    member = found["trial"]
    assert member in {item["trial"] for item in ended.report["members"]}
    assert len(found["before"]) == len(found["after"]) == 4
    params = ended.fit.trials[member].candidate.params
    pairs = zip(found["before"], found["after"], strict=True)
    assert params["shift"] == 0.1
    assert any(before != after for before, after in pairs)
    if "picture" in found["before"][0]:  # 8 × 8 points, as the data has them
        sizes = {len(row["picture"]) for row in found["before"] + found["after"]}
        assert sizes == {len(ended.report["examples"][0]["seen"]["picture"])}


def test_equal_searches_give_equal_files(ended: Ended, tmp_path: Path) -> None:
    again = _ended(tmp_path, ended.fit.plan.modality)
    assert again.fit.finished.files == ended.fit.finished.files


def test_texts_are_shown_as_they_begin(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    kind = np.tile(["good", "bad"], 120)
    said = ["fine </bdi><script>alert(1)</script>", "poor & awful"]
    lines = [
        f"{' '.join(random.choice(['the', 'film', 'story', 'of', 'a', 'town'], 120))}"
        f" {said[(label == 'bad') ^ (random.random() < 0.1)]} {number},{label}"
        for number, label in enumerate(kind)
    ]
    csv = tmp_path / "texts.csv"
    csv.write_text("\n".join(["review,label", *lines]))
    dataset, table = tables.dataset(csv, tmp_path / "texts.parquet")
    spec = StudySpec(
        dataset.id,
        TaskSpec(TaskType.CLASSIFICATION, "label"),
        Budget(trials=1),
        families=(FamilyName.LINEAR,),
        validation=Validation(strategy=ValidationStrategy.HOLDOUT),
    )
    files = pipeline.fit(spec, dataset, table).finished.files
    report = cast("Report", json.loads(files[ExportFormat.REPORT]))
    assert report["importance"]["columns"] == []
    texts = [example["seen"]["text"] for example in report["examples"]]
    assert {len(text) for text in texts} == {300}
    assert {example["right"] for example in report["examples"]} == {True, False}
    with zipfile.ZipFile(io.BytesIO(files[ExportFormat.BUNDLE])) as zipped:
        page = zipped.read("report.html").decode()
    assert "<script" not in page
    assert texts[0][:40] in page
