"""How long the client waits for what is sent."""

from io import BytesIO
from typing import Any

import httpx
import pytest

from automl.client.transport import READ_SECONDS, SLOWEST, Transport


@pytest.mark.parametrize("size", [0, 2_000_000_000])
def test_a_larger_file_is_waited_for_longer(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    asked: list[httpx.Timeout] = []

    def answer(client: httpx.Client, method: str, path: str, **given: Any) -> httpx.Response:
        asked.append(given.get("timeout", client.timeout))
        return httpx.Response(201, request=httpx.Request(method, f"http://service{path}"))

    monkeypatch.setattr(httpx.Client, "request", answer)
    transport = Transport("http://service", key="", patience=1.0)
    transport.upload("/v1/datasets", lambda: BytesIO(b""), size)
    transport.send("GET", "/v1/datasets")
    transport.close()
    assert [timeout.read for timeout in asked] == [READ_SECONDS + size / SLOWEST, READ_SECONDS]
