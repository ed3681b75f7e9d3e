"""One real service for all of the contract, with a dataset, an ended study and its model."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import tables
from tests.e2e.contract.page import STUDY, Json, body, ended
from tests.e2e.service import Service, serve


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serve(tmp_path_factory.mktemp("contract") / "data", workers=1) as running:
        yield running


@pytest.fixture(scope="package")
def http(service: Service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="package")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tables.mixed(tmp_path_factory.mktemp("files") / "mixed.csv", rows=300, classes=2)


@pytest.fixture(scope="package")
def dataset(http: httpx.Client, file: Path) -> Json:
    with file.open("rb") as content:
        answer = http.post("/v1/datasets", files={"file": ("mixed.csv", content, "text/csv")})
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    assert answer.headers["location"] == f"/v1/datasets/{made['id']}"
    return made


@pytest.fixture(scope="package")
def study(http: httpx.Client, dataset: Json) -> Json:
    """A study that has succeeded."""
    answer = http.post("/v1/studies", json=body(dataset, name="walk"))
    assert answer.status_code == 202, answer.text
    made: Json = answer.json()
    assert answer.headers["location"] == f"/v1/studies/{made['id']}"
    assert made.keys() >= STUDY
    assert made["model_id"] is None
    early = http.get(f"/v1/studies/{made['id']}/model/download")
    assert early.status_code in {409, 200}
    if early.status_code == 409:
        assert early.json()["reason"] == "MODEL_NOT_READY"
    return ended(http, made["id"])


@pytest.fixture(scope="package")
def model(http: httpx.Client, study: Json) -> Json:
    found: Json = http.get(f"/v1/models/{study['model_id']}").json()
    return found
