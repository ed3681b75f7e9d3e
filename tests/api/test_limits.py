"""What a tenant may have and how fast it may ask, over HTTP."""

from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import pytest

from api.rate import AWAY_SECONDS, Rate, SharedRate
from automl.core.key import Scope
from automl.service import keys
from tests import servers
from tests.api.harness import Service, serving
from tests.api.problems import problem
from tests.torture.proxy import Fault, Proxy, proxy

CSV = b"size,colour\n" + b"1,red\n2,blue\n" * 40
TEXT = {"Content-Type": "text/csv"}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Service]:
    """A service whose tenants may have one dataset, one study and little beside."""
    with serving(
        tmp_path, tenant_max_datasets=1, tenant_max_studies=1, tenant_max_bytes=100_000
    ) as service:
        yield service


def upload(service: Service, content: bytes = CSV, **headers: str) -> int:
    response = service.post("/v1/datasets", content=content, headers=TEXT | headers)
    return response.status_code


def test_an_upload_over_the_quota_leaves_nothing(small: Service) -> None:
    with small.store.unit() as unit:
        before = unit.gauges()
    response = small.post("/v1/datasets", content=b"a,b\n" * 50_000, headers=TEXT)
    body = problem(response, 403, "QUOTA")
    assert "delete" in body["detail"]
    with small.store.unit() as unit:
        assert unit.gauges() == before
    inbox = small.settings.data_dir / "inbox"
    assert [path.name for path in inbox.rglob("*") if path.is_file()] == ["lock"]


def test_an_upload_of_unknown_length_is_judged_before_it_is_read(
    small: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("automl.data.ingest.run", None)
    lines = (b"%d,%d,%d\n" % (n, n * n, n * 7) for n in range(2, 9000))
    response = small.client.post("/v1/datasets", content=lines, headers=TEXT)
    assert " or more; " in problem(response, 403, "QUOTA")["detail"]
    with small.store.unit() as unit:
        assert unit.gauges()["artifacts"]["stored"] == 0


def test_an_answer_is_given_again_with_the_quota_spent(small: Service) -> None:
    key = {"Idempotency-Key": "once"}
    first = small.post("/v1/datasets", content=CSV, headers=TEXT | key)
    again = small.post("/v1/datasets", content=CSV, headers=TEXT | key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    problem(small.post("/v1/datasets", content=CSV, headers=TEXT), 403, "QUOTA")
    assert small.delete(f"/v1/datasets/{first.json()['id']}").status_code == 204
    assert upload(small) == 201


def test_a_study_too_many_is_refused(small: Service) -> None:
    dataset = small.post("/v1/datasets", content=CSV, headers=TEXT).json()["id"]
    spec = {
        "dataset_id": dataset,
        "task": {"type": "classification", "target": "colour"},
        "budget": {"trials": 1},
    }
    first = small.post("/v1/studies", json=spec)
    assert first.status_code == 202, first.text
    assert "studies" in problem(small.post("/v1/studies", json=spec), 403, "QUOTA")["detail"]
    assert small.post("/v1/studies?dry_run=true", json=spec).status_code == 200
    path = f"/v1/studies/{first.json()['id']}"
    assert small.post(f"{path}/cancel").status_code == 202
    assert small.delete(path).status_code == 204
    assert small.post("/v1/studies", json=spec).status_code == 202


def test_who_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    with serving(tmp_path, tenant_requests_per_second=0.01) as service:
        assert service.get("/v1/datasets").status_code == 200
        response = service.get("/v1/datasets")
        problem(response, 429, "RATE_LIMITED")
        assert 90 <= int(response.headers["retry-after"]) <= 100
        for path in ("/healthz", "/metrics", "/", "/openapi.json"):
            assert service.get(path).status_code == 200
        assert service.get("/readyz").status_code == 503  # no worker, and no refusal


def test_tenants_have_a_rate_each(tmp_path: Path) -> None:
    with serving(tmp_path, tenant_requests_per_second=0.01) as service:
        for tenant in ("a", "b"):
            ours = [keys.create(service.store, tenant=tenant, scope=Scope.READ)[1] for _ in "12"]
            headers = [{"Authorization": f"Bearer {key}"} for key in ours]
            service.context.access._closed = True
            assert service.get("/v1/datasets", headers=headers[0]).status_code == 200
            problem(service.get("/v1/datasets", headers=headers[1]), 429, "RATE_LIMITED")
        strange = {"Authorization": "Bearer nonsense"}
        problem(service.get("/v1/datasets", headers=strange), 401, "UNAUTHENTICATED")


def test_a_rate_allows_a_burst_and_then_its_pace() -> None:
    now = 0.0
    rate = Rate(10.0, clock=lambda: now)
    assert [rate.wait("a") for _ in range(20)] == [0.0] * 20
    assert rate.wait("a") == pytest.approx(0.1)
    taken = 0
    for _ in range(1000):
        now += 0.01
        taken += rate.wait("a") == 0.0
    assert taken == pytest.approx(100, abs=1)


def test_no_rate_is_no_limit() -> None:
    rate = Rate(0.0)
    assert {rate.wait("a") for _ in range(10_000)} == {0.0}


def test_processes_share_a_rate_where_the_broker_is_on_the_network(
    valkey: servers.Valkey, tmp_path: Path
) -> None:
    given = {"tenant_requests_per_second": 0.01, "broker_url": _database(valkey, 5)}
    with serving(tmp_path / "a", **given) as one, serving(tmp_path / "b", **given) as other:
        assert one.get("/v1/datasets").status_code == 200
        for service in (one, other):
            problem(service.get("/v1/datasets"), 429, "RATE_LIMITED")


def test_a_limiter_in_the_store_counts_like_one_in_memory(
    valkey: servers.Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.rate.BURST_SECONDS", 800.0)  # eight at once, however long they take

    async def ask() -> list[float]:
        async with aclosing(SharedRate(Rate(0.01), _database(valkey, 6))) as rate:
            return [await rate.wait("a") for _ in range(10)] + [await rate.wait("b")]

    *taken, more, late, other = anyio.run(ask)
    assert (taken, other) == ([0.0] * 8, 0.0)
    assert 50.0 < late <= more <= 100.0


def test_a_limiter_without_its_store_serves_and_comes_back(valkey: servers.Valkey) -> None:
    """However the store is away: each process counts for itself meanwhile."""

    async def ask(through: Proxy, fault: Fault) -> None:
        now = 0.0
        rate = SharedRate(
            Rate(0.01, clock=lambda: now),
            f"redis://127.0.0.1:{through.port}/7",
            clock=lambda: now,
        )
        async with aclosing(rate):
            shared, own = f"shared {fault}", f"own {fault}"
            assert await rate.wait(shared) == 0.0
            with through.under(fault):
                with anyio.fail_after(5):
                    assert await rate.wait(own) == 0.0
                assert await rate.wait(own) > 0.0
            now += AWAY_SECONDS
            assert await rate.wait(shared) > 0.0  # the store remembers what this process does not

    with proxy(urlsplit(valkey.tcp_url).port or 0) as through:
        for fault in (Fault.CUT, Fault.RESET, Fault.BLACK_HOLE):
            anyio.run(ask, through, fault)


def test_a_service_without_its_limiters_store_serves(tmp_path: Path) -> None:
    url = f"redis://127.0.0.1:{servers.free_port()}/0"
    with serving(tmp_path, tenant_requests_per_second=100.0, broker_url=url) as service:
        assert {service.get("/v1/datasets").status_code for _ in range(20)} == {200}


def _database(server: servers.Valkey, number: int) -> str:
    """Return the URL of a database of the server that no other test uses."""
    return server.tcp_url.removesuffix("/0") + f"/{number}"
