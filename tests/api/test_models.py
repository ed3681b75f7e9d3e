import csv
import io
import json
import math
from dataclasses import replace
from typing import Any

import httpx
import pyarrow as pa
import pytest
from pyarrow import parquet

from api.views.models import ModelView
from automl.core.catalog import MetricName
from automl.core.model import Estimate
from automl.core.study import Study
from tests.api.harness import Hand, Service, add_dataset, add_study
from tests.api.problems import problem


def _predict(service: Service, study: Study, content: Any, **headers: str) -> httpx.Response:
    sent = {"Content-Type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    body = content if isinstance(content, (str, bytes)) else json.dumps(content)
    return service.post(f"/v1/models/{study.model_id}/predict", content=body, headers=sent)


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_a_model_says_what_it_is(service: Service, ended: Study) -> None:
    body = service.get(f"/v1/models/{ended.model_id}").json()
    assert body["study_id"] == ended.id
    assert body["dataset_id"] == ended.spec.dataset_id
    assert body["task"] == {"type": "classification", "target": "colour"}
    assert body["metric"] == {"name": "log_loss", "direction": "minimize"}
    assert body["test"]["source"] == "out_of_fold"
    assert body["test"]["metrics"] == {"log_loss": {"value": 0.1, "low": 0.05, "high": 0.2}}
    assert body["members"] == [{"trial": 0, "family": "mlp", "weight": 1.0, "fits": 1}]
    shown = {"name": "size", "kind": "numeric", "shape": None, "dtype": None}
    assert body["inputs"] == [shown]
    assert body["classes"] == ["blue", "red"]
    assert body["id"] in service.get("/v1/models?limit=500").text


def test_a_metric_without_a_value_is_null_as_the_document_says(
    service: Service, ended: Study
) -> None:
    with service.store.unit() as unit:
        model = unit.models.get(ended.tenant, str(ended.model_id))
    nothing = {MetricName.RMSLE: Estimate(math.nan, math.nan, math.nan)}
    shown = ModelView.of(replace(model, card=replace(model.card, metrics=nothing)))
    text = shown.model_dump_json()
    assert json.loads(text)["test"]["metrics"]["rmsle"]["value"] is None
    ModelView.model_validate_json(text)


def test_rows_are_predicted(service: Service, ended: Study) -> None:
    rows = [{"size": 1}, {"size": -2.5, "more": "x"}, {"size": None}, {"size": "3"}]
    body = _predict(service, ended, {"rows": rows}).json()
    assert body["predictions"] == ["red", "blue", body["predictions"][2], "red"]
    assert body["classes"] == ["blue", "red"]
    for index, size in ((0, 1), (1, -2.5), (3, 3)):
        blue, red = body["probabilities"][index]
        assert red == pytest.approx(_sigmoid(size))
        assert blue == pytest.approx(1 - red)
    assert body["probabilities"][2] == [None, None]  # this toy makes NaN of NaN; JSON knows none
    assert _predict(service, ended, {"rows": []}).json()["predictions"] == []


def test_csv_in_and_csv_out(service: Service, ended: Study) -> None:
    content = "extra;size\nx;1,5\ny;-1,5\n"
    response = _predict(service, ended, content, Content_Type="text/csv", Accept="text/csv")
    assert response.status_code in (200, 422)
    response = _predict(
        service, ended, "extra,size\nx,1\ny,-1\n", Content_Type="text/csv", Accept="text/csv"
    )
    assert response.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["prediction"] for row in rows] == ["red", "blue"]
    assert float(rows[0]["probability_red"]) == pytest.approx(_sigmoid(1))
    assert list(rows[0]) == ["prediction", "probability_blue", "probability_red"]
    shown = _predict(service, ended, "size\n1\n", Content_Type="text/csv; charset=utf-8").json()
    assert shown["predictions"] == ["red"]


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"rows": [{"colour": 1}]}, "size"),
        ({"rows": [{"size": 1}, {}]}, "size"),
        ({"rows": [{"size": "tall"}]}, "size"),
        ({"rows": [{"size": [1]}]}, "size"),
        ({"rows": [{"size": {"x": 1}}]}, "size"),
        ({"rows": [1]}, "rows.0"),
        ({"rows": {}}, "rows"),
        ({"rows": [], "more": 1}, "more"),
        ({}, "rows"),
        ("{", None),
        ("[" * 5000, None),
        ('{"rows": [{"size": NaN}]}', None),
        ('{"rows": [{"\\ud800": 1}]}', None),
        (b"\xff", None),
        ("", None),
    ],
)
def test_rows_that_do_not_fit_are_named(
    service: Service, ended: Study, content: Any, field: str | None
) -> None:
    body = problem(_predict(service, ended, content), 422, "INVALID_ROWS")
    if field is not None:
        assert body["errors"][0]["field"] == field


@pytest.mark.parametrize("content", ["colour\nred\n", "size\ntall\n", "", "\0\0\0"])
def test_a_csv_that_does_not_fit_is_refused(service: Service, ended: Study, content: str) -> None:
    problem(_predict(service, ended, content, Content_Type="text/csv"), 422)


def test_the_charset_of_a_file_of_rows_is_obeyed(service: Service, ended: Study) -> None:
    content = "size\n1\n-1\n".encode("cp037")  # of which nothing is as in any other
    response = _predict(service, ended, content, Content_Type="text/csv; charset=cp037")
    assert response.json()["predictions"] == ["red", "blue"]
    problem(_predict(service, ended, content, Content_Type="text/csv; charset=cp0"), 422)


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.apache.parquet",
        "application/x-parquet",
        "application/parquet",
        "application/octet-stream",
    ],
)
def test_parquet_goes_by_every_name(service: Service, ended: Study, media_type: str) -> None:
    file = io.BytesIO()
    parquet.write_table(pa.table({"size": [1.0, -1.0]}), file)
    response = _predict(service, ended, file.getvalue(), Content_Type=media_type)
    assert response.json()["predictions"] == ["red", "blue"]


@pytest.mark.parametrize("media_type", ["", "application/pdf", "text/html"])
def test_other_bodies_are_a_415(service: Service, ended: Study, media_type: str) -> None:
    response = _predict(service, ended, "x", Content_Type=media_type)
    problem(response, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_too_many_rows_are_refused(service: Service, ended: Study) -> None:
    content = '{"rows": [' + ",".join(['{"size":1}'] * 100_001) + "]}"
    problem(_predict(service, ended, content), 422, "INVALID_ROWS")
    problem(_predict(service, ended, b" " * (17 << 20)), 413, "TOO_LARGE")


def test_an_unknown_model_predicts_nothing(service: Service) -> None:
    problem(service.post("/v1/models/mdl_unknown/predict", json={"rows": []}), 404)


def test_a_deleted_model_is_gone(own: Service) -> None:
    study = add_study(own.store, add_dataset(own.store), trials=1)
    Hand(own.store).run(study.id)
    model_id = own.get(f"/v1/studies/{study.id}").json()["model_id"]
    path = f"/v1/models/{model_id}"
    assert own.delete(path).status_code == 204
    for gone in (path, f"{path}/download", f"/v1/studies/{study.id}/model/download"):
        problem(own.get(gone), 404, "NOT_FOUND")
    problem(own.delete(path), 404)
    assert own.get("/v1/models").json()["items"] == []
