import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from api import events as module
from api.events import Channel, Frame
from automl.core.errors import StoreUnavailable
from automl.core.study import Budget, Study
from tests.api.harness import Hand, Service, add_dataset, add_study, serving, wait_for
from tests.api.problems import problem

STREAM = {"Accept": "text/event-stream"}


@dataclass(frozen=True)
class Sent:
    """One event off the wire."""

    seq: int
    type: str
    data: dict[str, Any]


def parse(lines: Iterator[str]) -> Iterator[Sent]:
    """Yield the events of a stream as a browser would."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield Sent(int(fields["id"]), fields["event"], json.loads(fields["data"]))
            fields = {}
        else:
            fields = {}


def stream(service: Service, study_id: str, query: str = "", **headers: str) -> list[Sent]:
    """Return everything that a stream sends until the server ends it."""
    path = f"/v1/studies/{study_id}/events{query}"
    with service.client.stream("GET", path, headers={**STREAM, **headers}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        return list(parse(response.iter_lines()))


def pages(service: Service, study_id: str, limit: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    while True:
        after = items[-1]["seq"] if items else 0
        given = {"after": after, "limit": limit}
        body = service.get(f"/v1/studies/{study_id}/events", params=given).json()
        items += body["items"]
        if not body["items"]:
            assert body["last_seq"] == after
            return items


def test_the_log_is_gapless_and_the_same_in_both_forms(service: Service, ended: Study) -> None:
    shown = pages(service, ended.id, 500)
    assert [item["seq"] for item in shown] == list(range(1, ended.last_seq + 1))
    for limit in (1, 4):
        assert pages(service, ended.id, limit) == shown
    sent = stream(service, ended.id)
    assert [item.data for item in sent] == shown
    assert [(item.seq, item.type) for item in sent] == [(e["seq"], e["type"]) for e in shown]
    assert sent[0].type == "study.queued"
    assert sent[-1].type == "study.succeeded"


def test_a_stream_goes_on_where_the_client_stopped(service: Service, ended: Study) -> None:
    last = ended.last_seq
    assert [item.seq for item in stream(service, ended.id, "?after=5")] == list(range(6, last + 1))
    again = stream(service, ended.id, "?after=1", **{"Last-Event-ID": "7"})
    assert [item.seq for item in again] == list(range(8, last + 1))
    assert stream(service, ended.id, f"?after={last}") == []
    assert stream(service, ended.id, f"?after={last + 100}") == []


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", f"after={2**63}"])
def test_a_wrong_place_is_refused(service: Service, ended: Study, query: str) -> None:
    path = f"/v1/studies/{ended.id}/events?{query}"
    problem(service.get(path), 422, "INVALID_INPUT")
    problem(service.get(path, headers=STREAM), 422, "INVALID_INPUT")


@pytest.mark.parametrize("last", ["x", "-1", "1.5", str(2**53 + 1), "9" * 5_000])
def test_a_wrong_last_event_id_is_refused_where_it_counts(
    service: Service, ended: Study, last: str
) -> None:
    path, headers = f"/v1/studies/{ended.id}/events", {"Last-Event-ID": last}
    body = problem(service.get(path, headers={**STREAM, **headers}), 422, "INVALID_INPUT")
    assert body["errors"][0]["field"] == "Last-Event-ID"
    assert service.get(path, headers=headers).json()["items"][0]["seq"] == 1


def test_an_empty_last_event_id_is_none(service: Service, ended: Study) -> None:
    sent = stream(service, ended.id, "?after=5", **{"Last-Event-ID": ""})
    assert [item.seq for item in sent] == list(range(6, ended.last_seq + 1))


def _watch(service: Service, study_id: str, got: list[Sent]) -> Thread:
    def run() -> None:
        got.extend(stream(service, study_id))

    thread = Thread(target=run)
    thread.start()
    return thread


def test_clients_see_a_study_live_until_its_end(own: Service) -> None:
    study = add_study(own.store, add_dataset(own.store), trials=4)
    views: list[list[Sent]] = [[] for _ in range(10)]
    threads = [_watch(own, study.id, view) for view in views]
    Hand(own.store).run(study.id)
    for thread in threads:
        thread.join(timeout=20)
        assert not thread.is_alive()
    shown = pages(own, study.id, 500)
    for view in views:
        assert [item.data for item in view] == shown


def test_a_resumed_study_goes_on_in_the_same_log(own: Service) -> None:
    study = add_study(own.store, add_dataset(own.store), trials=1)
    Hand(own.store).run(study.id)
    first = stream(own, study.id)
    with own.store.unit() as unit:
        unit.studies.resume("default", study.id, Budget(trials=1))
    got: list[Sent] = []
    thread = _watch(own, study.id, got)
    Hand(own.store).run(study.id)
    thread.join(timeout=20)
    assert got[: len(first)] == first
    assert [item.seq for item in got] == list(range(1, len(got) + 1))
    assert [item.type for item in got].count("study.succeeded") == 2
    assert got[-1].type == "study.succeeded"


async def _flood(port: int, path: str, clients: int) -> list[list[Sent]]:
    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=60
    ) as client:

        async def one() -> list[Sent]:
            async with client.stream("GET", path, headers=STREAM) as response:
                lines = [line async for line in response.aiter_lines()]
                return list(parse(iter(lines)))

        return await asyncio.gather(*(one() for _ in range(clients)))


def test_hundreds_watch_at_once(own: Service) -> None:
    study = add_study(own.store, add_dataset(own.store), trials=6)
    views: list[list[Sent]] = []

    def run() -> None:
        views.extend(asyncio.run(_flood(own.port, f"/v1/studies/{study.id}/events", 200)))

    thread = Thread(target=run)
    thread.start()
    wait_for(lambda: own.context.tailer.watchers == 200, seconds=30)
    Hand(own.store).run(study.id)
    thread.join(timeout=60)
    shown = pages(own, study.id, 500)
    assert len(views) == 200
    assert all([item.data for item in view] == shown for view in views)
    wait_for(lambda: own.context.tailer.watchers == 0)


def test_clients_that_go_leave_nothing_behind(own: Service) -> None:
    study = add_study(own.store, add_dataset(own.store))
    for _ in range(20):
        with own.client.stream("GET", f"/v1/studies/{study.id}/events", headers=STREAM) as response:
            lines = response.iter_lines()  # dropping this would close the stream
            while not next(lines).startswith("id"):
                pass
            assert own.context.tailer.watchers >= 1
    wait_for(lambda: own.context.tailer.watchers == 0)


def test_a_deleted_study_ends_its_streams(own: Service) -> None:
    study = add_study(own.store, add_dataset(own.store), trials=1)
    got: list[Sent] = []
    Hand(own.store).run(study.id)
    with own.store.unit() as unit:
        unit.studies.resume("default", study.id, Budget(trials=1))
    thread = _watch(own, study.id, got)
    wait_for(lambda: own.context.tailer.watchers == 1)
    with own.store.unit() as unit:
        unit.studies.cancel("default", study.id)
    Hand(own.store).run(study.id)
    own.delete(f"/v1/studies/{study.id}")
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_a_store_that_is_away_only_delays(own: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    study = add_study(own.store, add_dataset(own.store), trials=1)
    got: list[Sent] = []
    thread = _watch(own, study.id, got)
    wait_for(lambda: own.context.tailer.watchers == 1)
    asked: list[int] = []

    def unit() -> None:
        asked.append(1)
        raise StoreUnavailable

    monkeypatch.setattr(own.store, "unit", unit)
    wait_for(lambda: asked)
    monkeypatch.undo()
    Hand(own.store).run(study.id)
    thread.join(timeout=20)
    assert got[-1].type == "study.succeeded"


def test_silence_is_filled_with_pings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PING_SECONDS", 0.05)
    with serving(tmp_path) as service:
        study = add_study(service.store, add_dataset(service.store))
        path = f"/v1/studies/{study.id}/events"
        with service.client.stream("GET", path, headers=STREAM) as response:
            lines = response.iter_lines()
            seen = [next(lines) for _ in range(20)]
        assert seen.count(": ping") >= 2


def _frames(first: int, last: int) -> list[Frame]:
    return [Frame(seq, b"", terminal=False) for seq in range(first, last + 1)]


def test_a_channel_knows_how_far_it_reaches_back() -> None:
    channel = Channel(last_seq=10)
    assert channel.since(10) == []
    assert channel.since(9) is None
    channel.recent.extend(_frames(11, 13))
    channel.last_seq = 13
    assert channel.since(9) is None
    assert [item.seq for item in channel.since(10) or []] == [11, 12, 13]
    assert [item.seq for item in channel.since(12) or []] == [13]


def test_json_is_the_default(service: Service, ended: Study) -> None:
    path = f"/v1/studies/{ended.id}/events"
    for accept in ("*/*", "application/json", "text/html", "text/event-stream;q=0.1, */*"):
        response = service.get(path, headers={"Accept": accept})
        assert response.headers["content-type"] == "application/json", accept
