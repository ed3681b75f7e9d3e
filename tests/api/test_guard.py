import pytest

from tests.api.harness import Service
from tests.api.problems import problem

LOOPBACK = [
    "localhost", "localhost:8000", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:8000",
    "app.localhost", "LOCALHOST.",
]  # fmt: skip
FOREIGN = [
    "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "[::]", "[", "",
    "user@localhost@evil.ex", "evil.example:8000", "127.0.0.1@evil.example",
]  # fmt: skip


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_names_are_served(service: Service, host: str) -> None:
    assert service.get("/v1/datasets", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", FOREIGN)
def test_other_names_are_refused(service: Service, host: str) -> None:
    problem(service.get("/v1/datasets", headers={"Host": host}), 403, "HOST_NOT_ALLOWED")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example",
                                    "file://", "", "http://10.0.0.1:8000"])  # fmt: skip
def test_other_sites_pages_are_refused(service: Service, origin: str) -> None:
    response = service.post("/v1/studies", json={}, headers={"Origin": origin})
    problem(response, 403, "ORIGIN_NOT_ALLOWED")


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1:8000"])
def test_own_pages_are_served(service: Service, origin: str) -> None:
    assert service.get("/v1/datasets", headers={"Origin": origin}).status_code == 200


def test_answers_carry_the_headers_that_browsers_heed(service: Service) -> None:
    headers = service.get("/v1/datasets").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
