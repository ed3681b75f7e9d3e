"""A study whose networks learn vectors for a large column of categories, from table to bundle."""

from pathlib import Path

import numpy as np
import pytest
import torch

import automl
from automl import pipeline
from automl.core.catalog import ExportFormat, FamilyName, TaskType
from automl.core.study import Budget, StudySpec, TaskSpec
from automl.core.trial import Candidate
from automl.export import parity
from automl.families.blocks import Embedded
from automl.search.plan import make_plan
from automl.search.prepare import Prepared, prepare
from tests import tables

CITIES = [f"city {index:02}" for index in range(20)]
BRIEF = {"epochs": [20], "batch_size": [32], "width": [16], "layers": [1]}
SPACE = {"mlp": BRIEF, "resnet": BRIEF}


def prepared(folder: Path, csv: Path) -> Prepared:
    dataset, table = tables.dataset(csv, folder / "data.parquet")
    spec = StudySpec(
        dataset.id,
        TaskSpec(TaskType.CLASSIFICATION, "y"),
        Budget(trials=2),
        families=(FamilyName.MLP, FamilyName.RESNET),
        search_space=SPACE,
    )
    return prepare(make_plan(spec, dataset, table), spec, dataset, table)


def cities(path: Path) -> Path:
    """Write a number, a column of twenty cities with gaps, and a target that is the city's."""
    random = np.random.default_rng(0)
    place = random.integers(len(CITIES), size=500)
    lines = [
        [
            f"{random.normal():.3f}",
            "" if random.random() < 0.05 else CITIES[city],
            "yes" if (city % 3 == 0) ^ (random.random() < 0.05) else "no",
        ]
        for city in place
    ]
    return tables.write(path, ["size", "city", "y"], lines)


@pytest.fixture(scope="module")
def fits(tmp_path_factory: pytest.TempPathFactory) -> tuple[pipeline.Fit, pipeline.Fit]:
    folder = tmp_path_factory.mktemp("cities")
    study = prepared(folder, cities(folder / "data.csv"))
    dataset, table = tables.dataset(folder / "data.csv", folder / "data.parquet")
    one, other = (pipeline.fit(study.spec, dataset, table) for _ in range(2))
    return one, other


def test_the_file_is_what_was_trained(fits: tuple[pipeline.Fit, pipeline.Fit]) -> None:
    card = fits[0].finished.card
    assert {trial.candidate.params["categories"] for trial in fits[0].trials} == {"embedding"}
    assert card.parity <= parity.TOLERANCE
    assert not card.excluded
    assert card.value > 0.8  # the city is all there is to know


def test_equal_searches_give_equal_bundles(fits: tuple[pipeline.Fit, pipeline.Fit]) -> None:
    one, other = (fit.finished.files[ExportFormat.BUNDLE] for fit in fits)
    assert one == other


def test_the_bundle_rebuilds_the_networks(
    fits: tuple[pipeline.Fit, pipeline.Fit], tmp_path: Path
) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(fits[0].finished.files[ExportFormat.BUNDLE])
    opened = automl.load(path)
    for member in opened.members:
        for network, features in zip(member.networks, member.features, strict=True):
            assert any(isinstance(module, Embedded) for module in network.modules())
            assert "city" in features
            assert network(torch.zeros(2, len(features))).shape == (2, 2)
    known = {"size": 0.0, "city": CITIES[0]}
    scores = opened.predict([known, {**known, "city": "elsewhere"}, {**known, "city": None}])
    assert scores.probabilities is not None
    assert np.isfinite(scores.probabilities).all()


def test_without_large_columns_both_views_are_one(tmp_path: Path) -> None:
    study = prepared(tmp_path, tables.mixed(tmp_path / "data.csv"))
    one, other = (
        study.encoded(0, Candidate(FamilyName.MLP, {"categories": view}))
        for view in ("one_hot", "embedding")
    )
    assert one is other
