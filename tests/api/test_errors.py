import http.client
import json
import socket
from collections.abc import Iterator

import anyio
import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message

from api import errors as table
from api.app import create_app
from automl.core import errors
from automl.core.errors import AutoMLError
from automl.settings import Settings
from automl.store import open_store
from tests.api.harness import Bell, Service, add_dataset, add_study
from tests.api.problems import problem


def _classes(root: type[AutoMLError]) -> Iterator[type[AutoMLError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == root.__module__:  # other doors may have errors of their own
            yield from _classes(child)


def test_every_error_has_its_status() -> None:
    assert set(_classes(AutoMLError)) == set(table.STATUS)


def test_no_client_error_is_called_the_servers_fault() -> None:
    for kind, status in table.STATUS.items():
        if issubclass(
            kind, (errors.InvalidInput, errors.NotFound, errors.QuotaExceeded, errors.Conflict)
        ):
            assert 400 <= status < 500
        else:
            assert status >= 500


@pytest.mark.parametrize("path", ["/nothing", "/v1", "/v1/datasets/", "/v1/studies/x/y/z"])
def test_an_unknown_address_is_a_problem(service: Service, path: str) -> None:
    problem(service.get(path), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/datasets/ds_unknown",
        "/v1/datasets/ds_unknown/preview",
        "/v1/datasets/ds_unknown/download",
        "/v1/studies/st_unknown",
        "/v1/studies/st_unknown/trials",
        "/v1/studies/st_unknown/trials/0",
        "/v1/studies/st_unknown/events",
        "/v1/studies/st_unknown/model/download",
        "/v1/models/mdl_unknown",
        "/v1/models/mdl_unknown/download",
        "/v1/models/%00",
        "/v1/models/..%5c..%5cetc",
        "/v1/models/ü",
    ],
)
def test_an_unknown_resource_is_a_problem(service: Service, path: str) -> None:
    problem(service.get(path), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/studies", "GET, POST"),
        ("/v1/studies/st_unknown", "GET, DELETE"),
        ("/v1/studies/st_unknown/cancel", "POST"),
        ("/v1/datasets/ds_unknown/download", "GET, HEAD"),
        ("/healthz", "GET"),
        ("/", "GET, HEAD"),
    ],
)
def test_a_wrong_method_says_which_are_right(service: Service, path: str, allowed: str) -> None:
    for method in ("PUT", "PATCH", "TRACE"):
        response = service.client.request(method, path)
        assert allowed in problem(response, 405, "METHOD_NOT_ALLOWED")["detail"]
        assert response.headers["allow"] == allowed


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", ""),
        (b'{"name": "\xfc"}', "JSON in UTF-8"),
        (b"[" * 100_000, "not nested"),
        (b"[]", ""),
        (b"null", ""),
        (b'"text"', ""),
        (b"1e999", ""),
        (b"1" * 5000, ""),
        (b'{"dataset_id": "\\ud800"}', ""),
    ],
)
def test_a_malformed_body_is_a_problem(service: Service, body: bytes, says: str) -> None:
    headers = {"Content-Type": "application/json"}
    response = service.post("/v1/studies", content=body, headers=headers)
    assert response.status_code in (400, 422)
    assert says in problem(response, response.status_code)["detail"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "The body is required."),
        (b"[]", "The body must be an object."),
        (b"{}", "dataset_id: is required"),
        (b'{"dataset_id": "d", "task": []}', "task: must be an object"),
        (
            b'{"dataset_id": "d", "task": {"type": "regression", "aim": 1}}',
            "task.aim: there is no such field; /docs lists those that there are",
        ),
        (
            b'{"dataset_id": "d", "task": {"type": "regression"}, "families": {}}',
            "families: must be a list",
        ),
    ],
)
def test_what_is_wrong_with_a_body_is_said_in_words_of_json(
    service: Service, body: bytes, says: str
) -> None:
    response = service.post(
        "/v1/studies", content=body, headers={"Content-Type": "application/json"}
    )
    assert problem(response, 422, "INVALID_INPUT")["detail"] == says


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", ""])
def test_a_body_that_is_not_marked_as_json_says_so(service: Service, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    response = service.post("/v1/studies", content=b'{"dataset_id": "ds_a"}', headers=headers)
    assert "Content-Type: application/json" in problem(response, 422, "INVALID_INPUT")["detail"]


@pytest.mark.parametrize(
    "head",
    [
        b"no HTTP at all\r\n\r\n",
        b"POST /v1/datasets HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_problem_too(service: Service, head: bytes) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(head)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        body = json.loads(answer.read())
    assert answer.getheader("content-type") == "application/problem+json"
    assert (answer.status, body["status"], body["reason"]) == (400, 400, "BAD_REQUEST")


def test_a_large_body_is_refused(service: Service) -> None:
    headers = {"Content-Type": "application/json"}
    content = b'"' + b"x" * (2 * 1024 * 1024) + b'"'
    problem(service.post("/v1/studies", content=content, headers=headers), 413, "TOO_LARGE")


def test_a_field_at_fault_is_named(service: Service) -> None:
    request = {"dataset_id": "ds_a", "task": {"type": "classification", "targt": "x"}, "wrong": 1}
    body = problem(service.post("/v1/studies", json=request), 422, "INVALID_INPUT")
    fields = {place["field"] for place in body["errors"]}
    assert fields == {"task.targt", "wrong"}


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data_dir=tmp_path_factory.mktemp("broken"))


def test_a_store_that_is_away_is_a_503(own: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def unit() -> None:
        raise errors.StoreUnavailable

    monkeypatch.setattr(own.store, "unit", unit)
    for path in ("/v1/datasets", "/v1/studies/st_a", "/v1/workers", "/v1/studies/st_a/events"):
        problem(own.get(path), 503, "STORE_UNAVAILABLE")
    csv = {"Content-Type": "text/csv", "Idempotency-Key": "k"}
    problem(own.post("/v1/datasets", content=b"a\n1\n", headers=csv), 503, "STORE_UNAVAILABLE")
    problem(own.get("/readyz"), 503, "NOT_READY")
    assert "automl_store_up 0" in own.get("/metrics").text
    assert own.get("/healthz").status_code == 200
    monkeypatch.undo()
    assert own.get("/v1/datasets").status_code == 200


async def _get(app: FastAPI, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.get(path)


@pytest.mark.parametrize("error", [RuntimeError("/secret/path"), errors.LeaseLost("/secret/path")])
def test_an_unexpected_error_tells_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    store = open_store(settings)

    def unit() -> None:
        raise error

    monkeypatch.setattr(store, "unit", unit)
    response = anyio.run(_get, create_app(settings, store, Bell()), "/v1/datasets")
    assert "secret" not in problem(response, 500)["detail"]
    store.close()


def test_a_client_that_goes_is_no_failure(own: Service) -> None:
    scope = {"type": "http", "method": "POST", "path": "/v1/datasets", "query_string": b""}
    scope |= {"headers": [(b"host", b"localhost")], "http_version": "1.1"}
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        statuses.append(message.get("status", 0))

    app = create_app(own.settings, own.store, Bell())
    app.state.context.inbox.open()
    anyio.run(app, scope, receive, send)
    app.state.context.inbox.close()
    assert statuses[0] == 400


def test_foreign_resources_look_like_unknown_ones(own: Service) -> None:
    foreign = add_dataset(own.store, tenant="other")
    study = add_study(own.store, foreign, tenant="other")
    unknown = problem(own.get("/v1/datasets/ds_unknown"), 404)
    for path in (
        f"/v1/datasets/{foreign.id}",
        f"/v1/datasets/{foreign.id}/download",
        f"/v1/datasets/{foreign.id}/preview",
        f"/v1/studies/{study.id}",
        f"/v1/studies/{study.id}/trials",
        f"/v1/studies/{study.id}/events",
        f"/v1/studies/{study.id}/model/download",
    ):
        assert problem(own.get(path), 404)["reason"] == unknown["reason"]
    for path in (f"/v1/datasets/{foreign.id}", f"/v1/studies/{study.id}"):
        problem(own.delete(path), 404)
    for verb in ("cancel", "pause", "resume"):
        problem(own.post(f"/v1/studies/{study.id}/{verb}"), 404)
    assert foreign.id not in own.get("/v1/datasets?limit=500").text
    assert study.id not in own.get("/v1/studies?limit=500").text
    request = {
        "dataset_id": foreign.id,
        "task": {"type": "classification", "target": "colour"},
        "budget": {"trials": 1},
    }
    body = problem(own.post("/v1/studies", json=request), 404)
    assert body["errors"][0]["field"] == "dataset_id"
