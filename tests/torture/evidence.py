"""What a study shows of itself over REST after its end: all that the invariants look at."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from automl.client import Client
from tests.torture.tenants import Tenant

Json = Mapping[str, Any]

PROBE: tuple[Json, ...] = (
    {"size": 41.5, "price": 3000.25, "colour": "red", "flag": 1},
    {"size": None, "price": 120.0, "colour": "très noir", "flag": 0},
    {"size": 77.0, "price": None, "colour": "never seen", "flag": 1},
)
"""Rows of ``tests.tables.mixed``, with a gap and an unseen category."""


@dataclass(frozen=True, slots=True)
class File:
    """A downloaded model with what was announced: the ``ETag`` without its quotes."""

    content: bytes
    etag: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One study: its resource, its trials by number, its log, and what readers saw of that live.

    ``predictions`` is the service's answer for the `PROBE` rows.
    """

    study: Json
    trials: Sequence[Json]
    events: Sequence[Json]
    views: Sequence[Sequence[Json]] = ()
    model: Json | None = None
    files: Mapping[str, File] = field(default_factory=dict)
    predictions: Json | None = None


def gather(
    url: str, tenant: Tenant, study_id: str, views: Sequence[Sequence[Json]] = ()
) -> Evidence:
    """Return what an ended study shows to its tenant."""
    with tenant.client(url) as client:
        study = client.study(study_id)
        trials = client.trials(study_id, sort="number")
        events = _log(client, study_id)
        if study["model_id"] is None:
            return Evidence(study, trials, events, views)
        model = client.get(f"/v1/models/{study['model_id']}")
        predictions = client.predict(model["id"], PROBE)
    files = {
        offered["format"]: _download(url, tenant, model["id"], offered["format"])
        for offered in model["formats"]
    }
    return Evidence(study, trials, events, views, model, files, predictions)


def _log(client: Client, study_id: str) -> list[Json]:
    """Return the whole log, page by page: not by the stream, which the readers have watched."""
    events: list[Json] = []
    while True:
        page = client.get(f"/v1/studies/{study_id}/events", after=str(len(events)), limit="500")
        events += page["items"]
        if not page["items"] or len(events) >= page["last_seq"]:
            return events


def _download(url: str, tenant: Tenant, model_id: str, form: str) -> File:
    """Return a file as it came; a service that is being restarted is asked again."""
    address = f"{url}/v1/models/{model_id}/download"
    deadline = time.monotonic() + 30.0
    while True:
        try:
            answer = httpx.get(
                address, params={"format": form}, headers=tenant.headers, timeout=30.0
            )
            answer.raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return File(answer.content, answer.headers["ETag"].strip('"'))
