from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import paging
from automl.core.errors import InvalidCursor
from automl.core.leases import Worker
from automl.core.study import Study
from automl.families import specs
from tests.api.harness import Service, add_dataset
from tests.api.problems import problem
from tests.store import values


@given(st.text(max_size=20), st.integers(0, paging.MAX_OFFSET - 1))
def test_a_cursor_leads_back(scope: str, offset: int) -> None:
    cursor = paging.write(scope, offset)
    assert paging.read_offset(scope, cursor) == offset
    with pytest.raises(InvalidCursor):
        paging.read_offset(scope + "x", cursor)
    with pytest.raises(InvalidCursor):
        paging.read_id(scope, cursor)


@given(st.none() | st.floats(allow_nan=False), st.integers(0, paging.MAX_OFFSET - 1))
def test_a_cursor_leads_back_to_a_place(value: float | None, number: int) -> None:
    assert paging.read_place("t", paging.write("t", (value, number))) == (value, number)


@pytest.mark.parametrize("position", [7, "ds_1", (1, 2), (0.5, -1), (0.5, 2**31), ("a", 1), (0.5,)])
def test_a_place_that_is_none_is_refused(position: Any) -> None:
    with pytest.raises(InvalidCursor):
        paging.read_place("t", paging.write("t", position))


@given(st.text(max_size=60))
def test_a_forged_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        paging.read_id("datasets", text)


def _walk(service: Service, path: str, limit: int, **given: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    given["limit"] = limit
    for _ in range(100):
        body = service.get(path, params=given).json()
        assert len(body["items"]) <= limit
        items += body["items"]
        if body["next_cursor"] is None:
            return items
        given["cursor"] = body["next_cursor"]
    raise AssertionError("the list never ends")


def test_pages_join_to_the_whole_list(own: Service) -> None:
    made = [add_dataset(own.store, name=f"d{number}").id for number in range(7)]
    for limit in (1, 3, 7, 8):
        assert [item["id"] for item in _walk(own, "/v1/datasets", limit)] == made[::-1]


def test_the_leaderboard_pages(service: Service, ended: Study) -> None:
    path = f"/v1/studies/{ended.id}/trials"
    for limit in (2, 5):
        values = [item["value"] for item in _walk(service, path, limit, sort="value")]
        assert values == [0.2, 0.3, 0.4, 0.5, 0.6]


def test_a_trial_that_ends_between_two_pages_shifts_none(own: Service) -> None:
    study = values.add_study(own.store)
    for value in (0.5, 0.3, 0.7):
        values.complete(own.store, value)
    path = f"/v1/studies/{study.id}/trials"
    given: dict[str, Any] = {"sort": "value", "limit": 2}
    first = own.get(path, params=given).json()
    values.complete(own.store, 0.9 if study.plan.metric == "roc_auc" else 0.1)
    second = own.get(path, params={**given, "cursor": first["next_cursor"]}).json()
    seen = [trial["number"] for trial in first["items"] + second["items"]]
    assert sorted(seen) == [0, 1, 2]


def test_lists_about_the_service_page_too(own: Service) -> None:
    names = [f"w{number}" for number in range(5)]
    for name in names:
        own.store.leases.beat(Worker(name, "cpu", "idle", 0.0), ())
    for limit in (2, 5, 6):
        assert [item["id"] for item in _walk(own, "/v1/workers", limit)] == names
    families = [item["name"] for item in _walk(own, "/v1/families", 4)]
    assert families == [spec.name for spec in specs()]


LISTS = ["/v1/datasets", "/v1/studies", "/v1/models", "/v1/workers", "/v1/families"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["0", "-1", "x", "1.5", "", "9" * 5000])
def test_a_wrong_limit_is_refused(service: Service, path: str, limit: str) -> None:
    problem(service.get(path, params={"limit": limit}), 422, "INVALID_INPUT")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["501", "99999999999999999999"])
def test_a_large_limit_is_clamped(service: Service, path: str, limit: str) -> None:
    assert service.get(path, params={"limit": limit}).status_code == 200


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "%00", "é", "a" * 2000])
def test_a_foreign_cursor_is_a_400(service: Service, ended: Study, cursor: str) -> None:
    for path in (*LISTS, f"/v1/studies/{ended.id}/trials"):
        problem(service.get(path, params={"cursor": cursor}), 400, "INVALID_CURSOR")


def test_a_cursor_of_another_list_is_a_400(service: Service, ended: Study) -> None:
    path = f"/v1/studies/{ended.id}/trials"
    cursor = service.get(path, params={"limit": 1}).json()["next_cursor"]
    problem(service.get(path, params={"cursor": cursor, "sort": "value"}), 400, "INVALID_CURSOR")
    problem(service.get("/v1/studies", params={"cursor": cursor}), 400, "INVALID_CURSOR")
