"""Ended studies whose models have reports, made in the store without training anything."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from typing_extensions import override

from automl.core.catalog import ExportFormat
from automl.core.model import Model
from automl.core.ports import Store
from automl.core.schema import Dataset
from automl.core.study import Study
from automl.core.trial import Finish
from tests.api.harness import Hand, Service, add_study

ROWS = b"size,colour,note\n-2,blue,x\n0,red,y\n2,red,z\n3,blue,x\n"

CURVE = {
    "label": "red",
    "roc_auc": 0.75,
    "average_precision": 0.8,
    "roc": [(0.0, 0.0), (0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (1.0, 1.0)],
    "precision_recall": [(0.0, 1.0), (0.5, 1.0), (0.5, 0.5), (1.0, 0.6667), (1.0, 0.5)],
    "calibration": [
        {"predicted": 0.2, "observed": 0.25, "rows": 4},
        {"predicted": 0.8, "observed": 0.75, "rows": 4},
    ],
}
CUTS = {"cuts": [(0.9, 2, 0), (0.7, 2, 2), (0.4, 4, 2), (0.1, 4, 4)], "rows": 8, "positives": 4}
"""Of the same curve: a threshold with the rows of the class and the others from there on."""


def report(**other: Any) -> dict[str, Any]:
    """Return a report on eight judged rows of two classes; ``other`` replaces parts of it."""
    return {
        "task": {
            "type": "classification", "target": "colour", "positive": "red",
            "metric": "log_loss", "direction": "minimize",
        },
        "data": {
            "rows": 8, "test_rows": 0, "dropped_rows": 0, "features": 1,
            "strategy": "kfold", "folds": 2, "modality": "table", "shape": [],
        },
        "source": "out_of_fold",
        "judged_rows": 8,
        "value": 0.1,
        "baseline": 0.69,
        "metrics": {
            "accuracy": {"value": 0.75, "low": 0.5, "high": 1.0},
            "log_loss": {"value": 0.1, "low": 0.05, "high": 0.2},
        },
        "classification": {
            "classes": ["blue", "red"],
            "confusion": [[2, 2], [0, 4]],
            "confused": [{"actual": "blue", "predicted": "red", "rows": 2}],
            "per_class": [
                {"label": "blue", "precision": 1.0, "recall": 0.5, "f1": 0.6667, "support": 4},
                {"label": "red", "precision": 0.6667, "recall": 1.0, "f1": 0.8, "support": 4},
            ],
            "curves": [CURVE | CUTS],
        },
        "regression": None,
        "importance": {
            "metric": "log_loss", "rows_from": "training", "rows": 8, "repeats": 3, "left_out": 0,
            "columns": [{"column": "size", "mean": 0.4, "std": 0.05}],
        },
        "families": [
            {
                "family": "mlp", "complete": 6, "best": 0.05,
                "hyperparameters": [{"name": "layers", "share": 0.62}],
            }
        ],
        "members": [
            {
                "trial": 0, "family": "mlp", "weight": 1.0, "value": 0.05,
                "params": {"layers": 1}, "learned": "folds", "fits": 2,
            }
        ],
        "excluded": [],
        "optimism": {"search": 0.05, "final": 0.1, "gap": 0.05},
        "decision": {"temperature": 1.25, "threshold": 0.4, "levels": [0.6, 0.4], "factors": []},
        "geometric": True,
        "examples": [],
        "preview": None,
        "inputs": [{"name": "size", "kind": "numeric"}],
        "warnings": [{"code": "FEW_ROWS_JUDGED", "message": "Only 8 rows: mind the interval."}],
        "provenance": {
            "seed": 0, "dataset_sha256": "d", "spec_sha256": "s", "software_version": "0",
            "parity": 1e-7,
        },
        **other,
    }  # fmt: skip


def dataset(service: Service) -> Dataset:
    """Return four rows, uploaded once; the tiny model takes their ``size``."""
    found = service.get("/v1/datasets").json()["items"]
    if found:
        return _dataset(service, found[0]["id"])
    sent = service.post(
        "/v1/datasets?name=tiny", content=ROWS, headers={"Content-Type": "text/csv"}
    )
    return _dataset(service, sent.json()["id"])


def _dataset(service: Service, dataset_id: str) -> Dataset:
    with service.store.unit() as unit:
        return unit.datasets.get("default", dataset_id)


def ended(service: Service, written: Mapping[str, Any] | None) -> Study:
    """Return a study of one trial that has ended with a model and, unless None, a report."""
    study = add_study(service.store, dataset(service), trials=1)
    hand = Reporting(service.store, written)
    hand.run(study.id)
    return study


class Reporting(Hand):
    """A hand whose models come with a report."""

    def __init__(self, store: Store, written: Mapping[str, Any] | None) -> None:
        super().__init__(store)
        self._written = written

    @override
    def model(self, finish: Finish) -> Model:
        model = super().model(finish)
        if self._written is None:
            return model
        content = json.dumps(self._written).encode()
        file = self.store.artifacts.put("default", "application/json", [content])
        return replace(model, formats={**model.formats, ExportFormat.REPORT: file})
