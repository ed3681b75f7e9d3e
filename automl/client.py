"""The service from Python: what a program needs to go from a file to a model over REST."""

import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

RETRIED = frozenset({429, 502, 503, 504})
"""Answers that promise better luck later."""

Json = dict[str, Any]


class ServiceError(Exception):
    """The service refused: ``reason`` is its stable code, the message what would be right."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.reason = str(problem.get("reason", "UNKNOWN"))
        super().__init__(str(problem.get("detail") or problem.get("title") or f"HTTP {status}"))


class Client:
    """A connection to a service; creating calls carry idempotency keys, so retries are safe.

    Args:
        url: where the service listens.
        key: an API key, where the service wants one.
        patience: seconds to go on retrying while the service is away or busy.
    """

    def __init__(
        self, url: str = "http://127.0.0.1:8000", *, key: str = "", patience: float = 60.0
    ) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(
            base_url=url, headers=headers, timeout=httpx.Timeout(30.0, read=120.0)
        )
        self._patience = patience

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def upload(self, file: Path | str, *, name: str | None = None) -> Json:
        """Return the dataset made of a local file."""
        path = Path(file)
        params = {"name": name or path.name}
        key = str(uuid.uuid4())

        def send() -> httpx.Response:
            with path.open("rb") as content:
                headers = {"Content-Type": "application/octet-stream", "Idempotency-Key": key}
                return self._http.post(
                    "/v1/datasets", params=params, content=content, headers=headers
                )

        return self._json(self._retry(send))

    def start(self, body: Mapping[str, Any]) -> Json:
        """Return the study started with a request body as the service's contract has it."""
        return self.post("/v1/studies", body)

    def study(self, study_id: str) -> Json:
        """Return a study as it stands."""
        return self.get(f"/v1/studies/{study_id}")

    def events(self, study_id: str, *, after: int = 0) -> Iterator[Json]:
        """Yield a study's events up to the terminal one, through restarts of the service."""
        last, path = after, f"/v1/studies/{study_id}/events"
        deadline = time.monotonic() + self._patience
        while True:
            try:
                headers = {"Accept": "text/event-stream", "Last-Event-ID": str(last)}
                with self._http.stream("GET", path, headers=headers) as response:
                    if response.status_code != 200:
                        response.read()
                        self._json(response)
                    for event in _server_sent(response.iter_lines()):
                        last = int(event["seq"])
                        deadline = time.monotonic() + self._patience
                        yield event
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                return

    def trials(self, study_id: str, *, sort: str = "value") -> list[Json]:
        """Return the whole leaderboard."""
        items: list[Json] = []
        cursor: str | None = None
        while True:
            params = {"sort": sort, "limit": "500"} | ({"cursor": cursor} if cursor else {})
            page = self.get(f"/v1/studies/{study_id}/trials", **params)
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    def download(self, study_id: str, file: Path | str) -> Path:
        """Write the study's model file and return its path."""
        path = Path(file)
        response = self._retry(lambda: self._http.get(f"/v1/studies/{study_id}/model/download"))
        if response.status_code != 200:
            self._json(response)
        path.write_bytes(response.content)
        return path

    def predict(self, model_id: str, rows: Sequence[Mapping[str, Any]]) -> Json:
        """Return predictions for rows of raw cells."""
        return self.post(f"/v1/models/{model_id}/predict", {"rows": list(rows)})

    def get(self, path: str, **params: str) -> Json:
        """Return the answer to a GET. Raises `ServiceError`."""
        return self._json(self._retry(lambda: self._http.get(path, params=params)))

    def post(self, path: str, body: Mapping[str, Any]) -> Json:
        """Return the answer to a POST that may be retried. Raises `ServiceError`."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        return self._json(self._retry(lambda: self._http.post(path, json=body, headers=headers)))

    def _retry(self, send: Any) -> httpx.Response:
        deadline, pause = time.monotonic() + self._patience, 0.2
        while True:
            try:
                response: httpx.Response = send()
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                wait = pause
            else:
                flight = response.status_code == 409 and "Retry-After" in response.headers
                busy = response.status_code in RETRIED or flight
                if not busy or time.monotonic() > deadline:
                    return response
                wait = float(response.headers.get("Retry-After", pause))
            time.sleep(min(wait, 5.0))
            pause = min(2 * pause, 5.0)

    @staticmethod
    def _json(response: httpx.Response) -> Json:
        if response.is_success:
            body: Json = response.json()
            return body
        try:
            problem = response.json()
        except ValueError:
            problem = {"detail": f"HTTP {response.status_code}"}
        raise ServiceError(response.status_code, problem)


def _server_sent(lines: Iterator[str]) -> Iterator[Json]:
    data = ""
    for line in lines:
        if line.startswith("data:"):
            data += line.removeprefix("data:").lstrip()
        elif not line and data:
            yield json.loads(data)
            data = ""
