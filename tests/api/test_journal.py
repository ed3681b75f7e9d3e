"""The log's line of a request: its name, what it was about, and no secret."""

import json
import logging
from collections.abc import Iterator, Sequence

import httpx
import pytest
import structlog
from structlog.testing import LogCapture

from automl.core.key import Scope
from automl.core.study import Study
from automl.service import keys
from tests.api.harness import Service, wait_for

Lines = list[structlog.typing.EventDict]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What is logged while the test runs, with the names bound around it."""
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, capture],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        cache_logger_on_first_use=False,
    )
    yield capture.entries
    structlog.configure(**before)


def test_every_answer_has_a_name_and_a_line(service: Service, lines: Lines, ended: Study) -> None:
    (line,) = _told(lines, [service.get(f"/v1/studies/{ended.id}/trials/3")])
    assert (line["study_id"], line["trial"], line["tenant"]) == (ended.id, "3", "default")
    assert (line["method"], line["status"], line["log_level"]) == ("GET", 200, "debug")


def test_the_callers_name_is_kept_where_it_is_one(service: Service) -> None:
    for name, kept in (("deploy-7.step:3", True), ("a b", False), ("x" * 65, False)):
        given = service.get("/healthz", headers={"X-Request-ID": name}).headers["x-request-id"]
        assert (given == name) is kept
        assert given


@pytest.mark.parametrize(
    ("method", "path", "level"),
    [
        ("GET", "/v1/nothing", "debug"),
        ("POST", "/v1/studies", "info"),
        ("GET", "/readyz", "warning"),
    ],
)
def test_what_matters_is_told_louder(
    service: Service, lines: Lines, method: str, path: str, level: str
) -> None:
    (line,) = _told(lines, [service.client.request(method, path)])
    assert line["log_level"] == level


def test_no_secret_is_told(own: Service, lines: Lines) -> None:
    _, key = keys.create(own.store, tenant="a", scope=Scope.READ)
    own.context.access._closed = True
    secret = key.partition(".")[2]
    with_key = {"Authorization": f"Bearer {key}"}
    answers = [
        own.get("/v1/studies", headers=with_key),
        own.client.post("/v1/studies", headers=with_key),
        own.get(f"/v1/studies?key={key}"),
        own.get(f"/v1/studies&key={key}"),
        own.get(f"/v1/studies/{key}", headers=with_key),
        own.get("/v1/studies", headers={"Authorization": f"Bearer {key}x"}),
    ]
    assert [answer.status_code for answer in answers] == [200, 403, 401, 401, 404, 401]
    assert _told(lines, answers)
    assert secret not in json.dumps(lines, default=str)


def _told(lines: Lines, answers: Sequence[httpx.Response]) -> Lines:
    """Return the lines of these answers, which are written just after them."""
    names = [answer.headers["x-request-id"] for answer in answers]

    def found() -> Lines:
        return [line for line in lines if line["request_id"] in names]

    wait_for(lambda: len(found()) == len(names))
    return found()
