"""Models, their files, and predictions by both."""

import csv
import hashlib
import io
from typing import Any

import httpx
import numpy as np
import onnxruntime
import pytest

from tests.e2e.contract.page import (
    MODEL,
    Json,
    items,
    refused,
)

ROWS: list[Json] = [
    {"size": 40.5, "price": 2000, "colour": "red", "flag": 1},
    {"flag": 0, "colour": None, "price": None, "size": 70, "extra": "ignored"},
    {"size": None, "price": 1.5, "colour": "never seen", "flag": 1},
]


def test_a_model_is_as_the_page_says(http: httpx.Client, study: Json, model: Json) -> None:
    assert model.keys() >= MODEL
    assert model["study_id"] == study["id"]
    assert model["test"]["source"] == "out_of_fold"
    assert model["test"]["metrics"]["roc_auc"].keys() >= {"value", "low", "high"}
    assert sum(member["weight"] for member in model["members"]) == pytest.approx(1.0)
    assert [item["name"] for item in model["inputs"]] == ["size", "price", "colour", "flag"]
    assert model["classes"] == ["class 0", "class 1"]
    assert model["id"] in [item["id"] for item in items(http.get("/v1/models"))]


@pytest.mark.parametrize("path", ["models/{model_id}/download", "studies/{id}/model/download"])
def test_downloads(http: httpx.Client, study: Json, model: Json, path: str) -> None:
    path = f"/v1/{path.format(**study)}"
    for offered in model["formats"]:
        whole = http.get(path, params={"format": offered["format"]})
        digest = hashlib.sha256(whole.content).hexdigest()
        assert whole.headers["etag"] == f'"{digest}"'
        assert (digest, len(whole.content)) == (offered["sha256"], offered["bytes"])
        assert whole.headers["content-length"] == str(offered["bytes"])
        part = http.get(
            path,
            params={"format": offered["format"]},
            headers={"Range": "bytes=10-19", "If-Range": whole.headers["etag"]},
        )
        assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert http.get(path).content.startswith(http.get(path, params={"format": "onnx"}).content[:64])
    assert {"onnx"} <= {offered["format"] for offered in model["formats"]}


def test_predictions_by_service_and_by_file_agree(http: httpx.Client, model: Json) -> None:
    path = f"/v1/models/{model['id']}/predict"
    answer = http.post(path, json={"rows": ROWS}).json()
    assert answer.keys() >= {"predictions", "probabilities", "classes"}
    assert answer["classes"] == model["classes"]
    text = "size,price,colour,flag\n40.5,2000,red,1\n70,NA,,0\n,1.5,never seen,1\n"
    headers = {"Content-Type": "text/csv", "Accept": "text/csv"}
    table = http.post(path, content=text, headers=headers)
    lines = list(csv.DictReader(io.StringIO(table.text)))
    assert list(lines[0]) == ["prediction", "probability_class 0", "probability_class 1"]
    assert [line["prediction"] for line in lines] == answer["predictions"]
    session = onnxruntime.InferenceSession(http.get(f"/v1/models/{model['id']}/download").content)
    kinds = {item.name: item.type for item in session.get_inputs()}
    assert list(kinds) == [item["name"] for item in model["inputs"]]
    feeds = {
        name: np.array([[_cell(row[name], kind)] for row in ROWS]) for name, kind in kinds.items()
    }
    feeds = {name: cells.astype(object if kinds[name] == "tensor(string)" else float)
             for name, cells in feeds.items()}  # fmt: skip
    prediction, probabilities = session.run(["prediction", "probabilities"], feeds)
    assert list(prediction.ravel()) == answer["predictions"]
    assert np.allclose(probabilities, answer["probabilities"], atol=1e-6)
    assert session.get_modelmeta().custom_metadata_map


def _cell(value: Any, kind: str) -> Any:
    if kind == "tensor(string)":
        return "" if value is None else value
    return np.nan if value is None else float(value)


def test_rows_that_do_not_fit_are_named(http: httpx.Client, model: Json) -> None:
    path = f"/v1/models/{model['id']}/predict"
    problem = refused(http.post(path, json={"rows": [{"size": 1, "price": 1, "flag": 0}]}), 422)
    assert "colour" in problem["detail"]
    wrong = {**ROWS[0], "size": "large"}
    assert "size" in refused(http.post(path, json={"rows": [wrong]}), 422)["detail"]
