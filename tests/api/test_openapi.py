"""The document is what the contract says; a change of it is a decision, not an accident."""

import json
from pathlib import Path
from typing import Any

import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from automl.core.study import Study
from tests.api.harness import Service
from tests.api.lint import complaints, operations

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


def test_the_contracts_routes_are_there(document: dict[str, Any]) -> None:
    assert set(operations(document)) == ROUTES


def test_the_document_is_as_agreed(document: dict[str, Any]) -> None:
    """After a wanted change: write the document anew with ``tests/api/write_openapi.py``."""
    assert document == json.loads(SNAPSHOT.read_text())


def test_the_document_is_openapi(document: dict[str, Any]) -> None:
    """Its form is that of the specification's own schema."""
    assert document["openapi"] == "3.1.0"
    assert [error.message for error in OPENAPI_31_VALIDATOR.iter_errors(document)] == []


def test_the_document_lints_clean(document: dict[str, Any]) -> None:
    assert list(complaints(document)) == []


def test_a_linter_that_finds_nothing_would_prove_nothing(document: dict[str, Any]) -> None:
    broken = json.loads(json.dumps(document))
    study = broken["paths"]["/v1/studies"]["post"]
    del study["summary"], study["requestBody"]["content"]["application/json"]["example"]
    study["operationId"] = broken["paths"]["/v1/studies"]["get"]["operationId"]
    study["parameters"][0].pop("description")
    del broken["paths"]["/v1/studies"]["get"]["responses"]["200"]["description"]
    broken["components"]["schemas"]["Stray"] = {"type": "object"}
    found = "\n".join(complaints(broken))
    for word in (
        "POST /v1/studies: no summary",
        "the body as application/json has no example",
        "is taken",
        "parameter dry_run has no description",
        "GET /v1/studies: response 200 has no description of its own",
        "schema Stray is used by nothing",
    ):
        assert word in found
    del broken["info"]
    assert [error.message for error in OPENAPI_31_VALIDATOR.iter_errors(broken)] != []


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    names = set(document["components"]["schemas"])
    used = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert used <= names


def test_every_operation_documents_its_problems(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        for status in ("4XX", "5XX"):
            content = operation["responses"][status]["content"]
            assert "application/problem+json" in content, name
        assert "HTTPValidationError" not in json.dumps(operation), name


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
