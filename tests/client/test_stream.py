"""How long the client goes on with a stream of events that is cut, by a clock of its own."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from automl.client import Client, Unreachable, patience

LAST = b'data: {"seq": 1, "type": "study.succeeded"}\n\n'


@dataclass
class Cutting:
    """A service that cuts its streams: the first ``cuts``, each after so many ``seconds``."""

    cuts: int
    seconds: float
    now: float = 0.0

    def monotonic(self) -> float:
        return self.now

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/events"):
            return httpx.Response(200, content=self._stream())
        self.now += 1.0
        return httpx.Response(200, json={"status": "succeeded", "last_seq": 1})

    def _stream(self) -> Iterator[bytes]:
        if self.cuts == 0:
            yield LAST
            return
        self.cuts -= 1
        self.now += self.seconds
        raise httpx.ReadError("cut")


def followed(service: Cutting, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the numbers of the events that a client of five seconds' patience is told."""
    monkeypatch.setattr(patience, "time", service)
    with Client(patience=5.0) as client:
        client._transport._http = httpx.Client(
            transport=httpx.MockTransport(service.answer), base_url=client.url
        )
        return [event["seq"] for event in client.events("st_1")]


def test_a_stream_that_was_there_without_events_was_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert followed(Cutting(cuts=3, seconds=600.0), monkeypatch) == [1]


def test_streams_that_are_cut_at_once_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unreachable, match="cut"):
        followed(Cutting(cuts=100, seconds=0.0), monkeypatch)
