"""The way of an upload: reserve its key, receive it, parse it in a child process, answer once."""

import hashlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import anyio
from anyio import to_thread
from fastapi import Request, Response

from api.answers import replay
from api.context import Context
from api.inbox import Received, Sink, receive, too_large
from api.multipart import OVERHEAD, FormReader
from api.views.datasets import DatasetView
from automl.core.catalog import Modality
from automl.core.errors import Detail, InvalidInput
from automl.core.ports import Reply, Unit
from automl.core.schema import Dataset
from automl.service import datasets
from automl.service.once import TOUCH_SECONDS, Once

MAX_NAME = 200
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:+-]{1,40})""", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Given:
    """What the sender says of an upload, beside its bytes."""

    name: str | None
    modality: str | None


@dataclass(frozen=True, slots=True)
class _Arrived:
    file: Received
    given: Given
    media_type: str

    @property
    def fingerprint(self) -> str:
        parts = (self.file.sha256, self.given.name, self.given.modality, self.media_type)
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


async def create_dataset(
    request: Request, context: Context, *, tenant: str, key: str | None, given: Given
) -> Response:
    """Return the answer to an upload; nothing of it stays behind when it is refused."""
    datasets.check_modality(given.modality)
    limit = context.settings.max_upload_bytes
    once = Once(context.store, tenant=tenant, key=key, operation="POST /v1/datasets")
    async with _reserved(once):
        if not once.answered:  # an answer is given again whatever the tenant has by now
            size = max(0, _declared(request) - OVERHEAD)  # a first look: the store has the last
            await to_thread.run_sync(datasets.admit, context.store, tenant, size)
            await to_thread.run_sync(context.doorbell.ring)  # workers warm up while it arrives
        with context.inbox.sink(limit) as sink:
            arrived = await _receive(request, sink, given, limit=limit)
            work = partial(_answer, context, once, arrived, tenant=tenant)
            reply = await to_thread.run_sync(work, limiter=context.ingests)
    return replay(reply)


@asynccontextmanager
async def _reserved(once: Once) -> AsyncIterator[None]:
    """Hold the key of a request for as long as it takes; free it when the request fails."""
    await to_thread.run_sync(once.reserve)
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_keep_touching, once)
            yield
            group.cancel_scope.cancel()
    except BaseException as error:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(once.free)
        if isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            raise error.exceptions[0] from None
        raise


async def _keep_touching(once: Once) -> None:
    while True:
        await anyio.sleep(TOUCH_SECONDS)
        await to_thread.run_sync(once.touch)


async def _receive(request: Request, sink: Sink, given: Given, *, limit: int) -> _Arrived:
    content_type = request.headers.get("content-type", "application/octet-stream")
    is_form = content_type.lower().startswith("multipart/")
    if _declared(request) > limit + (OVERHEAD if is_form else 0):
        raise too_large(limit)
    if not is_form:
        file = await receive(request.stream(), sink)
        name = given.name or "dataset"
        return _Arrived(file, Given(name, given.modality), _clean_type(content_type))
    reader = FormReader(content_type, sink, known=("name", "modality"))
    form = await reader.read(request.stream(), limit=limit)
    modality = form.fields.get("modality") or given.modality
    datasets.check_modality(modality)
    name = given.name or _checked_name(form.fields.get("name")) or _stem(form.filename)
    return _Arrived(form.file, Given(name, modality), _clean_type(form.media_type))


def _declared(request: Request) -> int:
    """Return the bytes that the body is said to have, 0 where nothing is said."""
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isdecimal() else 0


def _answer(context: Context, once: Once, arrived: _Arrived, *, tenant: str) -> Reply:
    if (kept := once.replay(arrived.fingerprint)) is not None:
        return kept
    replies: list[Reply] = []

    def keep(unit: Unit, dataset: Dataset) -> None:
        body = DatasetView.of(dataset).model_dump_json()
        replies.append(Reply(201, f"/v1/datasets/{dataset.id}", body))
        once.keep(unit, arrived.fingerprint, replies[0])

    upload = datasets.Upload(
        path=arrived.file.path,
        bytes=arrived.file.bytes,
        sha256=arrived.file.sha256,
        name=arrived.given.name or "dataset",
        media_type=arrived.media_type,
        modality=Modality(arrived.given.modality) if arrived.given.modality else None,
    )
    datasets.create(
        context.store,
        upload,
        tenant=tenant,
        unpacked_limit=context.settings.unpacked_limit,
        keep=keep,
    )
    context.doorbell.ring()  # and stay warm while the user writes the study
    return replies[0]


def _checked_name(name: str | None) -> str | None:
    if name and (len(name) > MAX_NAME or not name.isprintable()):
        message = f"must be at most {MAX_NAME} printable characters"
        raise InvalidInput(f"name: {message}", errors=(Detail(message, field="name"),))
    return name


def _stem(filename: str | None) -> str:
    """Return what to call a dataset after its file: without folders and unprintable characters."""
    last = re.split(r"[/\\]", filename or "")[-1]
    return "".join(c for c in last if c.isprintable())[:MAX_NAME].strip() or "dataset"


def _clean_type(content_type: str) -> str:
    """Return the media type with its charset alone, so that equal files are equal requests."""
    match = _MEDIA_TYPE.match(content_type.strip())
    if match is None:
        return "application/octet-stream"
    charset = _CHARSET.search(content_type)
    media_type = match[0].lower()[:100]
    return media_type if charset is None else f"{media_type}; charset={charset[1].lower()}"
