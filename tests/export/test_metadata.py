"""What a model file says of itself."""

import json
import math
from dataclasses import replace
from pathlib import Path

import onnx

from automl.core.catalog import MetricName, TaskType
from automl.core.model import Estimate
from automl.export import metadata
from automl.export.scoring import Scorer
from tests.export.models import CASES, built, card
from tests.features.frames import inputs, table


def facts_of(content: bytes) -> dict[str, str]:
    return {item.key: item.value for item in onnx.load_model_from_string(content).metadata_props}


def test_metadata_come_back_and_are_sorted(tmp_path: Path) -> None:
    task, classes = CASES[0]
    _, content, _ = built(task, classes)
    (tmp_path / "m.onnx").write_bytes(content)
    facts = facts_of(content)
    assert list(facts) == sorted(facts)
    schema = inputs(table(0)[1])
    assert metadata.read(facts) == metadata.Metadata(
        card(task, schema, classes), 7, "d1", "d2", "0"
    )
    assert Scorer(tmp_path / "m.onnx").metadata == metadata.read(facts)


def test_a_metric_without_a_value_is_null_and_comes_back() -> None:
    nothing = Estimate(math.nan, math.nan, math.nan)
    stated = replace(card(TaskType.REGRESSION, (), ()), metrics={MetricName.RMSLE: nothing})
    facts = metadata.write(stated, seed=0, dataset_sha256="d", spec_sha256="s", version="0")
    assert json.loads(facts["values"]) == {"rmsle": dict.fromkeys(("value", "low", "high"))}
    assert math.isnan(metadata.read(facts).card.metrics[MetricName.RMSLE].value)


def test_a_file_of_an_earlier_version_does_not_say_how_many_fits_a_member_has() -> None:
    facts = facts_of(built(*CASES[2])[1])
    members = json.loads(facts["members"])
    for member in members:
        del member["fits"]
    read = metadata.read({**facts, "members": json.dumps(members)}).card.members
    assert [member.fits for member in read] == [None, None]


def test_metadata_are_json_of_known_keys() -> None:
    facts = facts_of(built(*CASES[2])[1])
    values = {key: json.loads(text) for key, text in facts.items()}
    assert values["schema"][0] == {
        "name": "age",
        "kind": "numeric",
        "cells": "number",
        "decimal_comma": False,
        "true": None,
        "false": None,
        "point": False,
        "date": None,
        "thousands": "",
        "sign": "",
        "shape": [],
        "dtype": "",
        "words": [],
    }
    assert values["values"] == {"log_loss": {"value": 0.1, "low": 0.05, "high": 0.2}}
    assert values["members"][0] == {"trial": 3, "family": "linear", "weight": 0.75, "fits": 1}
    assert (values["seed"], values["parity"], values["task"]) == (7, 3e-8, "regression")
