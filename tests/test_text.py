"""A table of texts, from the file to the checked model."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl import pipeline
from automl.core.catalog import (
    ColumnKind,
    ExportFormat,
    FamilyName,
    Modality,
    TaskType,
    ValidationStrategy,
)
from automl.core.study import Budget, ColumnOverride, StudySpec, TaskSpec, Validation
from automl.data import rows
from automl.export.scoring import Scorer
from automl.search.plan import make_plan
from tests import tables

TOPICS = ("river bank café", "stock 市场 price", "goal 🙂 team")
VOWELS = (list("aou"), list("eiö"))
FILLERS = ("the", "A", "of", "it's", "was", "And", "très", "42", "日本", "said")

SMALL: dict[str, dict[str, Any]] = {
    "linear": {"penalty": ["l2"]},
    "embedding_bag": {"width": [16], "runs": [2], "buckets": [1_000], "epochs": [20]},
    "text_cnn": {"width": [16], "filters": [16], "epochs": [30], "learning_rate": [0.01]},
    "rnn": {"width": [16], "epochs": [40], "patience": [40], "learning_rate": [0.01]},
    "transformer": {"layers": [1], "width": [16], "epochs": [30], "learning_rate": [0.01]},
}
"""Spaces of candidates that train in a moment."""

HOLDOUT = Validation(ValidationStrategy.HOLDOUT)


def texts(path: Path, *, count: int, classes: int, seed: int = 0) -> Path:
    """Write sentences in which one word tells their topic; with no classes a number does."""
    random = np.random.default_rng(seed)
    topics = random.integers(max(classes, 2), size=count)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "y"))
        for topic in topics.tolist():
            fillers = random.choice(FILLERS, random.integers(3, 9)).tolist()
            words = random.permutation([*fillers, random.choice(TOPICS[topic].split())])
            writer.writerow((" ".join(words.tolist()), f"t{topic}" if classes else topic * 2.5))
    return path


def fit(folder: Path, *, classes: int, slots: int = 1, **more: Any) -> pipeline.Fit:
    path = texts(folder / "data.csv", count=240, classes=classes)
    dataset, table = tables.dataset(path, folder / "data.parquet")
    task = TaskType.CLASSIFICATION if classes else TaskType.REGRESSION
    small = {"linear": SMALL["linear"]}
    given = {"budget": Budget(trials=2), "search_space": small, "validation": HOLDOUT, **more}
    spec = StudySpec(dataset.id, TaskSpec(task, "y"), **given)
    return pipeline.fit(spec, replace(dataset, modality=Modality.TEXT), table, slots=slots)


@pytest.mark.parametrize("classes", [0, 2])
def test_texts_become_a_model_of_equal_bytes(classes: int, tmp_path: Path) -> None:
    first = fit(tmp_path, classes=classes)
    assert first.plan.modality is Modality.TEXT
    assert first.trials[0].candidate.family is FamilyName.LINEAR
    assert first.finished.card.parity <= 1e-5
    scorer = Scorer(first.finished.files[ExportFormat.ONNX])
    unseen = texts(tmp_path / "unseen.csv", count=100, classes=classes, seed=1)
    scores = scorer.predict(rows.from_file(unseen, scorer.inputs))
    lines = list(csv.reader(unseen.read_text(encoding="utf-8").splitlines()))[1:]
    if classes:
        assert (scores.predictions == np.array([y for _, y in lines])).mean() > 0.9
    else:
        truth = np.array([float(y) for _, y in lines])
        assert np.mean((scores.predictions - truth) ** 2) < 0.3 * truth.var()
    assert fit(tmp_path, classes=classes).finished.files == first.finished.files


@pytest.mark.parametrize("name", [FamilyName(name) for name in SMALL if name != "linear"])
def test_networks_read_in_the_file_as_in_training(name: FamilyName, tmp_path: Path) -> None:
    more: dict[str, Any] = {"families": (name,), "search_space": {name.value: SMALL[name.value]}}
    first = fit(tmp_path, classes=2, budget=Budget(trials=1), **more)
    card = first.finished.card
    assert [member.family for member in card.members] == [name]
    assert card.parity <= 1e-5
    assert card.value > 0.8
    again = fit(tmp_path, classes=2, budget=Budget(trials=1), **more)
    assert again.finished.files == first.finished.files


def names(path: Path, *, count: int) -> Path:
    """Write names, hardly one twice, of two languages that have other vowels."""
    random = np.random.default_rng(0)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "y"))
        for language in random.integers(2, size=count).tolist():
            signs = random.choice(list("bdgkmrtčж"), 4), random.choice(VOWELS[language], 4)
            name = "".join(map("".join, zip(*signs, strict=True)))
            writer.writerow((name, f"l{language}"))
    return path


def test_names_are_read_as_characters(tmp_path: Path) -> None:
    path = names(tmp_path / "data.csv", count=200)
    dataset, table = tables.dataset(path, tmp_path / "data.parquet", modality=Modality.TEXT)
    spec = StudySpec(
        dataset.id,
        TaskSpec(TaskType.CLASSIFICATION, "y"),
        Budget(trials=1),
        families=(FamilyName.TEXT_CNN,),
        search_space={"text_cnn": SMALL["text_cnn"]},
        validation=HOLDOUT,
    )
    found = pipeline.fit(spec, dataset, table)
    assert found.plan.rare == 1.0
    assert found.trials[0].candidate.params["unit"] == "characters"
    assert found.finished.card.value > 0.9
    assert found.finished.card.parity <= 1e-5


def test_a_text_that_is_called_a_category_is_a_table(tmp_path: Path) -> None:
    path = texts(tmp_path / "data.csv", count=60, classes=2)
    dataset, table = tables.dataset(path, tmp_path / "data.parquet")
    spec = StudySpec(
        dataset.id,
        TaskSpec(TaskType.CLASSIFICATION, "y"),
        Budget(trials=1),
        columns={"text": ColumnOverride(kind=ColumnKind.CATEGORICAL)},
    )
    plan = make_plan(spec, replace(dataset, modality=Modality.TEXT), table)
    assert plan.modality is Modality.TABLE
    assert FamilyName.LIGHTGBM in plan.families
