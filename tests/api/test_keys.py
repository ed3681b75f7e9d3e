"""Who may do what once there are keys; tenants are sealed from each other."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import httpx
import pytest

from api.access import Access
from automl.core.errors import StoreUnavailable
from automl.core.key import Scope
from automl.core.leases import Worker
from automl.core.study import Study
from automl.service import keys
from automl.store import SqlStore
from tests.api.harness import Hand, Service, add_dataset, add_study, serving, wait_for
from tests.api.problems import problem
from tests.api.test_openapi import ROUTES
from tests.stopwatch import Stopwatch

STREAM = {"Accept": "text/event-stream"}


@dataclass
class Keyed:
    """A closed service: tenant ``default`` with an ended study, tenant ``other`` with nothing."""

    service: Service
    read: str
    write: str
    admin: str
    other: str
    study: Study

    def ask(self, method: str, path: str, key: str | None) -> httpx.Response:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return self.service.client.request(method, path, headers=headers)


def key(service: Service, scope: Scope, tenant: str = "default", **given: float) -> str:
    return keys.create(service.store, tenant=tenant, scope=scope, **given)[1]


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    with serving(tmp_path_factory.mktemp("keyed")) as service:
        study = add_study(service.store, add_dataset(service.store), trials=2)
        Hand(service.store).run(study.id)
        with service.store.unit() as unit:
            study = unit.studies.get("default", study.id)
        read, write, admin = (key(service, scope) for scope in Scope)
        yield Keyed(service, read, write, admin, key(service, Scope.ADMIN, "other"), study)


def addressed(route: str, study: Study) -> tuple[str, str]:
    """Return the method and path of a route for what the study has."""
    method, path = route.split()
    known = {"dataset_id": study.spec.dataset_id, "study_id": study.id, "number": "0"}
    return method, path.format(**known, model_id=study.model_id)


PRIVATE = sorted(route for route in ROUTES if " /v1/" in route)
OPEN = ["/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/"]


@pytest.mark.parametrize("route", PRIVATE)
def test_no_route_opens_without_a_key(keyed: Keyed, route: str) -> None:
    method, path = addressed(route, keyed.study)
    for wrong in (None, "nonsense", keyed.read + "x", "key_1.abc"):
        response = keyed.ask(method, path, wrong)
        problem(response, 401, "UNAUTHENTICATED")
        assert response.headers["www-authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("path", ["/v1", "/v1/nothing", "/v1/keys", "/v1/datasets/"])
def test_nothing_is_told_of_addresses_either(keyed: Keyed, path: str) -> None:
    problem(keyed.ask("GET", path, None), 401)
    assert keyed.ask("GET", path, keyed.admin).status_code == 404


@pytest.mark.parametrize("path", OPEN)
def test_what_tells_nothing_of_anyone_stays_open(keyed: Keyed, path: str) -> None:
    response = keyed.service.get(path, headers={"Host": "automl.example"})
    assert response.status_code in ({200, 503} if path == "/readyz" else {200})


@pytest.mark.parametrize(
    "header", ["Basic abc", "Bearer", "Bearer a b", "Bearer  a", "Token x", "Bearer ä"]
)
def test_a_malformed_header_is_no_key(keyed: Keyed, header: str) -> None:
    problem(keyed.service.get("/v1/studies", headers={"Authorization": header.encode()}), 401)


def test_a_name_of_the_network_is_served_with_a_key(keyed: Keyed) -> None:
    headers = {"Authorization": f"Bearer {keyed.read}", "Host": "automl.example",
               "Origin": "https://automl.example"}  # fmt: skip
    assert keyed.service.get("/v1/studies", headers=headers).status_code == 200


@pytest.mark.parametrize("route", [r for r in PRIVATE if "preview" not in r])  # no table here
def test_scopes(keyed: Keyed, route: str) -> None:
    method, path = addressed(route, keyed.study)
    looks = method == "GET" or path.endswith("/predict")
    if looks:
        assert keyed.ask(method, path, keyed.read).status_code not in (401, 403)
    else:
        problem(keyed.ask(method, path, keyed.read), 403, "SCOPE_MISSING")
    if method == "POST":  # without a body none of these does anything
        assert keyed.ask(method, path, keyed.write).status_code not in (401, 403)


def test_only_an_admin_manages_keys(keyed: Keyed) -> None:
    problem(keyed.ask("GET", "/v1/keys", keyed.read), 403, "SCOPE_MISSING")
    problem(keyed.ask("POST", "/v1/keys", keyed.write), 403, "SCOPE_MISSING")


@pytest.mark.parametrize("route", [route for route in PRIVATE if "{" in route])
def test_another_tenants_ids_answer_as_unknown_ones(keyed: Keyed, route: str) -> None:
    method, path = addressed(route, keyed.study)
    unknown = path
    for known in (keyed.study.spec.dataset_id, keyed.study.id, keyed.study.model_id or ""):
        unknown = unknown.replace(known, known[:3].rstrip("_") + "_0zzzzzzzzzz0zzzzzzzzzzz")
    theirs, nobodys = (keyed.ask(method, each, keyed.other) for each in (path, unknown))
    assert theirs.status_code == nobodys.status_code
    if route.endswith("/predict"):  # what is sent is looked at first
        headers = {"Authorization": f"Bearer {keyed.other}"}
        theirs, nobodys = (
            keyed.service.post(each, json={"rows": []}, headers=headers) for each in (path, unknown)
        )
    problem(theirs, 404, "NOT_FOUND")
    assert theirs.content.decode().replace(path.split("/")[3], "") == nobodys.content.decode(
    ).replace(unknown.split("/")[3], "")  # fmt: skip


def test_another_tenant_cannot_use_a_dataset(keyed: Keyed) -> None:
    body = {"dataset_id": keyed.study.spec.dataset_id, "budget": {"trials": 1},
            "task": {"type": "classification", "target": "colour"}}  # fmt: skip
    headers = {"Authorization": f"Bearer {keyed.other}"}
    problem(keyed.service.post("/v1/studies", json=body, headers=headers), 404, "NOT_FOUND")


def test_lists_hold_the_tenants_own(keyed: Keyed) -> None:
    for path in ("/v1/datasets", "/v1/studies", "/v1/models"):
        assert keyed.ask("GET", path, keyed.other).json()["items"] == []
        assert len(keyed.ask("GET", path, keyed.read).json()["items"]) == 1
    worker = Worker("w1", "cpu", "busy", 0.0, "default", keyed.study.id, 3)
    keyed.service.store.leases.beat(worker, ())
    asked = [keyed.ask("GET", "/v1/workers", text) for text in (keyed.read, keyed.other)]
    seen = [answer.json()["items"][0] for answer in asked]
    assert [item["current_study"] for item in seen] == [keyed.study.id, None]
    assert [item["current_trial"] for item in seen] == [3, None]
    keyed.service.store.leases.leave("w1")


def test_what_is_made_belongs_to_the_keys_tenant(own: Service) -> None:
    mine, theirs = key(own, Scope.WRITE, "a"), key(own, Scope.WRITE, "b")
    wait_for(lambda: own.get("/v1/datasets").status_code == 401)
    answers = [
        own.post("/v1/datasets", content=b"x,y\n1,a\n2,b\n", headers={
            "Authorization": f"Bearer {text}", "Idempotency-Key": "same"})
        for text in (mine, theirs, mine)
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [201] * 3
    first, second, again = (answer.json()["id"] for answer in answers)
    assert first == again != second
    with own.store.unit() as unit:
        assert [d.id for d in unit.datasets.list("a", before=None, limit=9)] == [first]


def test_a_body_is_refused_before_it_is_sent(keyed: Keyed) -> None:
    """The headers of an endless upload alone bring the answer."""
    head = b"POST /v1/datasets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n"
    for text, status in ((b"", b" 401 "), (keyed.read.encode(), b" 403 ")):
        with socket.create_connection(("127.0.0.1", keyed.service.port), timeout=10) as line:
            line.sendall(head + b"Authorization: Bearer " + text + b"\r\n\r\n")
            assert status in line.recv(4096).split(b"\r\n")[0] + b" "


def test_the_first_key_closes_the_service_for_ever(own: Service) -> None:
    assert own.get("/v1/studies").status_code == 200
    made, text = keys.create(own.store, tenant="default", scope=Scope.READ)
    wait_within_a_second(lambda: own.get("/v1/studies").status_code == 401)
    headers = {"Authorization": f"Bearer {text}"}
    assert own.get("/v1/studies", headers=headers).status_code == 200
    keys.revoke(own.store, made.id)
    wait_within_a_second(lambda: own.get("/v1/studies", headers=headers).status_code == 401)
    assert own.get("/v1/studies").status_code == 401


def test_who_brings_the_very_first_key_is_its_tenant_at_once(own: Service) -> None:
    assert own.client.get("/v1/datasets").status_code == 200  # for a moment that is trusted
    write = {"Authorization": f"Bearer {key(own, Scope.WRITE, 'other')}"}
    made = own.client.post("/v1/datasets", content=b"x,y\n1,2\n3,4\n", headers=write).json()
    assert own.client.get(f"/v1/datasets/{made['id']}", headers=write).status_code == 200
    wait_for(lambda: own.get("/v1/datasets").status_code == 401)
    assert own.client.get(f"/v1/datasets/{made['id']}", headers=write).status_code == 200


def test_an_expired_key_opens_nothing(own: Service) -> None:
    text = key(own, Scope.READ, expires_seconds=0.6)
    headers = {"Authorization": f"Bearer {text}"}
    assert own.get("/v1/studies", headers=headers).status_code == 200
    wait_within_a_second(lambda: own.get("/v1/studies", headers=headers).status_code == 401)


@pytest.mark.parametrize("end", ["revoked", "expired", "first key"])
def test_a_stream_ends_with_its_key(own: Service, end: str) -> None:
    study = add_study(own.store, add_dataset(own.store))
    headers, made = dict(STREAM), None
    if end == "revoked":
        made, text = keys.create(own.store, tenant="default", scope=Scope.READ)
        headers["Authorization"] = f"Bearer {text}"
    elif end == "expired":
        headers["Authorization"] = f"Bearer {key(own, Scope.READ, expires_seconds=1.0)}"
    ended: list[bool] = []

    def follow() -> None:
        with own.client.stream("GET", f"/v1/studies/{study.id}/events", headers=headers) as stream:
            assert stream.status_code == 200
            stream.read()  # returns: the stream is ended, not cut
        ended.append(True)

    thread = Thread(target=follow)
    thread.start()
    wait_for(lambda: own.context.tailer.watchers == 1)
    with Stopwatch() as watch:
        if made is not None:
            keys.revoke(own.store, made.id)
        elif end == "first key":
            key(own, Scope.READ)
        thread.join(timeout=10)
    assert ended
    assert watch.seconds < 2.0  # a second is promised; the rest is this machine's
    wait_for(lambda: own.context.tailer.watchers == 0)


def wait_within_a_second(condition: object) -> None:
    assert callable(condition)
    wait_for(condition, seconds=2.0)  # a second is promised; the rest is this machine's


def test_with_the_store_away_nothing_opens(own: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    text = key(own, Scope.READ)

    def unit() -> None:
        raise StoreUnavailable

    monkeypatch.setattr(own.store, "unit", unit)
    headers = {"Authorization": f"Bearer {text}"}
    problem(own.get("/v1/studies", headers=headers), 503, "STORE_UNAVAILABLE")
    assert own.get("/healthz", headers={"Host": "10.0.0.7"}).status_code == 200


def test_the_last_use_is_written_down_now_and_then(own: Service) -> None:
    text = key(own, Scope.READ)
    own.get("/v1/studies", headers={"Authorization": f"Bearer {text}"})
    assert keys.page(own.store)[0].last_used_at is None
    own.context.access.note_use()
    assert keys.page(own.store)[0].last_used_at is not None


def test_an_answer_is_trusted_for_half_a_second(store: SqlStore, anyio_backend: str) -> None:
    del anyio_backend
    import anyio

    _, text = keys.create(store, tenant="a", scope=Scope.READ)
    clock = [0.0]
    access = Access(store, clock=lambda: clock[0])
    asked: list[int] = []
    unit = store.unit

    def counted() -> object:
        asked.append(1)
        return unit()

    store.unit = counted  # type: ignore[assignment, method-assign]
    for moment in (0.0, 0.1, 0.4, 0.6, 0.7):
        clock[0] = moment
        assert anyio.run(access.caller, text) is not None
    assert len(asked) == 2


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_secrets_are_in_no_log_and_no_answer(
    own: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    text = key(own, Scope.READ)
    headers = {"Authorization": f"Bearer {text}"}
    answers = [own.get(path, headers=headers).text for path in ("/v1/studies", "/metrics", "/v1/x")]
    secret = text.split(".")[1]
    assert secret not in caplog.text + json.dumps(answers)
    for file in Path(own.settings.data_dir).rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes()
