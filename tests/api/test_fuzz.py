"""Malformed requests of every kind: never a 5xx, always a problem."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.study import Study
from tests.api.harness import Service
from tests.api.problems import problem

EXAMPLES = settings(max_examples=60)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["ds_a", "classification", "auto", "\0", "\ud800", "=1+1", "9" * 400]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = ["dataset_id", "test_dataset_id", "task", "columns", "budget", "families", "search_space",
          "validation", "objective", "ensemble", "seed", "priority", "name", "extra"]  # fmt: skip
INNER = ["type", "target", "metric", "positive", "seconds", "trials", "strategy", "column",
         "test_fraction", "max_model_bytes", "max_row_ms", "mlp", "linear", "x"]  # fmt: skip
bodies = st.dictionaries(
    st.sampled_from(FIELDS),
    values | st.dictionaries(st.sampled_from(INNER), values, max_size=4),
    max_size=len(FIELDS),
)
words = st.text(max_size=30).map(lambda text: quote(text.encode("utf-8", "replace"), safe=""))
names = st.sampled_from(["limit", "cursor", "sort", "state", "status", "after", "rows", "format",
                         "max_points", "dry_run", "name", "modality"])  # fmt: skip
queries = st.lists(st.tuples(names, words), max_size=3).map(
    lambda pairs: "&".join(f"{name}={word}" for name, word in pairs)
)
header_values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)


def _check(response: Any) -> None:
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        problem(response, response.status_code)


@pytest.fixture(scope="module")
def dataset_id(service: Service) -> str:
    headers = {"Content-Type": "text/csv"}
    content = "size,colour\n" + "1,red\n2,blue\n" * 20
    return str(service.post("/v1/datasets", content=content, headers=headers).json()["id"])


@EXAMPLES
@given(body=bodies)
def test_any_study_is_answered(service: Service, dataset_id: str, body: dict[str, Any]) -> None:
    valid = {
        "dataset_id": dataset_id,
        "task": {"type": "classification", "target": "colour"},
        "budget": {"trials": 1},
    }
    for sent in (body, valid | body, valid | body | {"dataset_id": dataset_id}):
        headers = {"Content-Type": "application/json"}
        path = "/v1/studies?dry_run=true"
        _check(service.post(path, content=json.dumps(sent), headers=headers))


@EXAMPLES
@given(content=st.binary(max_size=200), media_type=header_values)
def test_any_bytes_are_answered(
    service: Service, ended: Study, content: bytes, media_type: str
) -> None:
    paths = (
        "/v1/studies",
        f"/v1/studies/{ended.id}/resume",
        f"/v1/models/{ended.model_id}/predict",
    )
    for path in paths:
        for kind in ("application/json", "text/csv", media_type):
            headers = {"Content-Type": kind.strip()}
            _check(service.post(path, content=content, headers=headers))


@EXAMPLES
@given(body=values)
def test_any_rows_are_answered(service: Service, ended: Study, body: Any) -> None:
    for sent in (body, {"rows": body}, {"rows": [body]}, {"rows": [{"size": body}]}):
        content = json.dumps(sent)
        headers = {"Content-Type": "application/json"}
        path = f"/v1/models/{ended.model_id}/predict"
        _check(service.post(path, content=content, headers=headers))


@EXAMPLES
@given(word=words, query=queries)
def test_any_address_is_answered(service: Service, ended: Study, word: str, query: str) -> None:
    for path in (
        f"/v1/datasets/{word}", f"/v1/datasets/{word}/preview", f"/v1/studies/{word}",
        f"/v1/studies/{ended.id}/trials/{word}", f"/v1/studies/{ended.id}/trials",
        f"/v1/studies/{ended.id}/{word}", f"/v1/models/{ended.model_id}/download",
        "/v1/datasets", "/v1/studies", "/v1/models", f"/{word}",
    ):  # fmt: skip
        _check(service.get(f"{path}?{query}"))


@EXAMPLES
@given(name=st.sampled_from(["Range", "If-Range", "If-None-Match", "Accept", "Last-Event-ID",
                             "Idempotency-Key", "Origin", "Content-Type"]),
       value=header_values)  # fmt: skip
def test_any_header_is_answered(service: Service, ended: Study, name: str, value: str) -> None:
    headers = {name: value.strip()}
    _check(service.get(f"/v1/models/{ended.model_id}/download", headers=headers))
    _check(service.get(f"/v1/studies/{ended.id}/events", headers=headers))
    _check(service.post(f"/v1/studies/{ended.id}/resume", headers=headers))


@EXAMPLES
@given(content=st.binary(max_size=300), boundary=header_values)
def test_any_form_is_answered(service: Service, content: bytes, boundary: str) -> None:
    kind = f'multipart/form-data; boundary="{boundary}"'
    body = b"--" + boundary.encode() + b"\r\n" + content
    for sent in (content, body):
        _check(service.post("/v1/datasets", content=sent, headers={"Content-Type": kind}))


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST", "OPTIONS", "TRACE", "BREW"])
def test_any_method_is_answered(service: Service, method: str) -> None:
    for path in ("/v1/datasets", "/v1/families", "/", "/openapi.json", "/metrics"):
        _check(service.client.request(method, path))
