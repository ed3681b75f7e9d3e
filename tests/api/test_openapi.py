"""The document is what the contract says; a change of it is a decision, not an accident."""

import json
from pathlib import Path
from typing import Any

import pytest

from automl.core.study import Study
from tests.api.harness import Service

SNAPSHOT = Path(__file__).with_name("openapi.json")

ROUTES = {
    "GET /healthz", "GET /metrics", "GET /readyz",
    "GET /v1/datasets", "POST /v1/datasets", "GET /v1/datasets/{dataset_id}",
    "DELETE /v1/datasets/{dataset_id}", "GET /v1/datasets/{dataset_id}/download",
    "GET /v1/datasets/{dataset_id}/preview",
    "GET /v1/studies", "POST /v1/studies", "GET /v1/studies/{study_id}",
    "DELETE /v1/studies/{study_id}", "POST /v1/studies/{study_id}/cancel",
    "POST /v1/studies/{study_id}/pause", "POST /v1/studies/{study_id}/resume",
    "GET /v1/studies/{study_id}/trials", "GET /v1/studies/{study_id}/trials/{number}",
    "GET /v1/studies/{study_id}/events", "GET /v1/studies/{study_id}/report",
    "GET /v1/studies/{study_id}/model/download",
    "GET /v1/models", "GET /v1/models/{model_id}", "DELETE /v1/models/{model_id}",
    "GET /v1/models/{model_id}/download", "POST /v1/models/{model_id}/predict",
    "GET /v1/workers", "GET /v1/families",
}  # fmt: skip


@pytest.fixture(scope="module")
def document(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = service.get("/openapi.json").json()
    return found


def _operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def test_the_contracts_routes_are_there(document: dict[str, Any]) -> None:
    assert set(_operations(document)) == ROUTES


def test_the_document_is_as_agreed(document: dict[str, Any]) -> None:
    """After a wanted change: write the document anew with ``tests/api/write_openapi.py``."""
    assert document == json.loads(SNAPSHOT.read_text())


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    names = set(document["components"]["schemas"])
    used = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert used <= names


def test_every_operation_documents_its_problems(document: dict[str, Any]) -> None:
    for name, operation in _operations(document).items():
        for status in ("4XX", "5XX"):
            content = operation["responses"][status]["content"]
            assert "application/problem+json" in content, name
        assert "HTTPValidationError" not in json.dumps(operation), name
        assert operation["summary"], name
        assert operation["description"], name


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for operation in _operations(document).values()]
    assert len(set(ids)) == len(ids)


def test_what_is_shown_is_documented(
    service: Service, document: dict[str, Any], ended: Study
) -> None:
    schemas = document["components"]["schemas"]
    for path, schema in (
        (f"/v1/studies/{ended.id}", "StudyView"),
        (f"/v1/studies/{ended.id}/trials/0", "TracedView"),
        (f"/v1/studies/{ended.id}/events", "EventsView"),
        (f"/v1/models/{ended.model_id}", "ModelView"),
        (f"/v1/datasets/{ended.spec.dataset_id}", "DatasetView"),
    ):
        assert service.get(path).json().keys() == schemas[schema]["properties"].keys(), path
