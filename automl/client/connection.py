"""A connection to a service: its routes as methods, with ids in and JSON out."""

import copy
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from automl.client.answers import Dataset
from automl.client.download import download
from automl.client.patience import Patience
from automl.client.problems import Unreachable
from automl.client.source import as_file, media_type
from automl.client.transport import Content, Json, Transport, server_sent

ENDED = frozenset({"succeeded", "failed", "cancelled"})


class Connection:
    """A connection to a service; creating calls carry idempotency keys, so retries are safe.

    Args:
        url: where the service listens.
        key: an API key, where the service wants one.
        patience: seconds to go on trying while the service is away or busy.
    """

    def __init__(
        self, url: str = "http://127.0.0.1:8000", *, key: str = "", patience: float = 60.0
    ) -> None:
        self.url = url
        self._transport = Transport(url, key=key, patience=patience)

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
        self._transport.close()

    def within(self, patience: float) -> Self:
        """Return the same connection with another patience in seconds."""
        hurried = copy.copy(self)
        hurried._transport = self._transport.within(patience)  # noqa: SLF001 -- its own copy
        return hurried

    def upload(self, data: Any, *, name: str | None = None, modality: str | None = None) -> Dataset:
        """Return the dataset made of a local file, a data frame or a pair ``(X, y)``.

        Args:
            data: see `fit`.
            name: what to call it; None: the file's name.
            modality: what it holds; None: what it seems to hold.

        Raises:
            ServiceError: the service cannot read it, or refuses it.
            TypeError: it is none of these, or a cell is neither text nor a number.
            ValueError: it has no rows or no columns, or ``X`` and ``y`` do not fit together.
            Unreachable: the service stayed away for longer than the patience.
        """
        with as_file(data) as path:
            return self._upload(path, name or path.name, modality)

    def start(self, body: Mapping[str, Any]) -> Json:
        """Return the study started with a request body as the service's contract has it."""
        return self.post("/v1/studies", body)

    def dataset(self, dataset_id: str) -> Dataset:
        """Return a dataset."""
        return Dataset(self.get(f"/v1/datasets/{dataset_id}"))

    def study(self, study_id: str) -> Json:
        """Return a study as it stands."""
        return self.get(f"/v1/studies/{study_id}")

    def events(self, study_id: str, *, after: int = 0) -> Iterator[Json]:
        """Yield a study's events up to the terminal one, through restarts of the service."""
        last, patience = after, self._transport.patience()
        while True:
            before, why = last, "the stream of events was cut"
            try:
                for event in self._stream(study_id, last, patience):
                    last = int(event["seq"])
                    yield event
            except httpx.TransportError as error:
                why = str(error) or type(error).__name__
            study = self.study(study_id)  # waits until the service is there
            if study["status"] in ENDED and study["last_seq"] <= last:
                return
            if last > before:
                patience.renew()
            elif not patience.wait():
                raise Unreachable(self.url, why)

    def trials(self, study_id: str, *, sort: str = "value") -> list[Json]:
        """Return the whole leaderboard."""
        return list(self.items(f"/v1/studies/{study_id}/trials", sort=sort))

    def items(self, path: str, **params: str) -> Iterator[Json]:
        """Yield the items of a list, page after page."""
        cursor: str | None = None
        while True:
            more = {"limit": "500"} | ({"cursor": cursor} if cursor else {})
            page = self.get(path, **params, **more)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def download(self, study_or_model_id: str, file: Path | str, *, format: str = "onnx") -> Path:  # noqa: A002 -- the service's word
        """Write a study's model, a model, or a dataset as uploaded to a file and return its path.

        Raises:
            ServiceError: there is no such model, format or dataset.
            DownloadCorrupt: what came is not what was announced.
        """
        kinds = {"mdl": f"models/{study_or_model_id}", "ds": f"datasets/{study_or_model_id}"}
        kind = study_or_model_id.partition("_")[0]
        base = kinds.get(kind, f"studies/{study_or_model_id}/model")
        return download(self._transport, f"/v1/{base}/download", Path(file), {"format": format})

    def predict(self, model_id: str, rows: Sequence[Mapping[str, Any]]) -> Json:
        """Return predictions for rows of raw cells."""
        return self.post(f"/v1/models/{model_id}/predict", {"rows": list(rows)})

    def predict_file(self, model_id: str, data: Any) -> Json:
        """Return predictions for the rows of a file, of a data frame, or of arrays."""
        with as_file(data) as path:
            headers = {"Content-Type": media_type(path), "Accept": "application/json"}
            answer = self._transport.send(
                "POST", f"/v1/models/{model_id}/predict", content=_opener(path), headers=headers
            )
        return _json(answer)

    def get(self, path: str, **params: str) -> Json:
        """Return the answer to a GET. Raises `ServiceError`, `Unreachable`."""
        return _json(self._transport.send("GET", path, params=params))

    def post(self, path: str, body: Mapping[str, Any]) -> Json:
        """Return the answer to a POST that may be retried. Raises `ServiceError`, `Unreachable`."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        return _json(self._transport.send("POST", path, json=body, headers=headers))

    def delete(self, path: str) -> None:
        """Delete what is at ``path``. Raises `ServiceError`, `Unreachable`."""
        self._transport.send("DELETE", path)

    def _upload(self, path: Path, name: str, modality: str | None) -> Dataset:
        headers = {
            "Content-Type": "application/octet-stream",
            "Idempotency-Key": str(uuid.uuid4()),
        }
        params = {"name": name} | ({"modality": modality} if modality else {})
        answer = self._transport.upload(
            "/v1/datasets", _opener(path), path.stat().st_size, params=params, headers=headers
        )
        return Dataset(_json(answer))

    def _stream(self, study_id: str, last: int, patience: Patience) -> Iterator[Json]:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(last)}
        path = f"/v1/studies/{study_id}/events"
        with self._transport.stream(path, params={}, headers=headers) as response:
            if response is not None:
                with patience.there():  # a study that waits for a worker has no events
                    yield from server_sent(response.iter_lines())


def _opener(path: Path) -> Content:
    return lambda: path.open("rb")


def _json(response: httpx.Response) -> Json:
    body: Json = response.json()
    return body
