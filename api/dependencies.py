"""What routes are given: the context, the tenant, ids, pages, idempotency keys, bounded bodies."""

import hashlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Annotated, Any, cast

from fastapi import Depends, Header, Path, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import AfterValidator
from starlette.exceptions import HTTPException
from typing_extensions import override

from api.access import Caller
from api.context import Context
from automl.core.catalog import ExportFormat
from automl.core.errors import NotFound
from automl.core.ids import looks_like_id

MAX_JSON_BYTES = 1024 * 1024
"""A study's spec with a correction for each of some thousand columns is far below this."""


class _BoundedRequest(Request):
    @override
    async def stream(self) -> AsyncGenerator[bytes, None]:
        size = 0
        async for chunk in super().stream():
            size += len(chunk)
            if size > MAX_JSON_BYTES:
                raise HTTPException(413, f"The body is larger than {MAX_JSON_BYTES} bytes.")
            yield chunk


class BoundedRoute(APIRoute):
    """A route whose body is never held in memory beyond `MAX_JSON_BYTES`."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            return await handle(_BoundedRequest(request.scope, request.receive))

        return bounded


async def _context(request: Request) -> Context:
    return cast("Context", request.app.state.context)


async def _caller(request: Request) -> Caller:
    return cast("Caller", request.state.caller)  # the guard let nobody in without


async def _tenant(request: Request) -> str:
    return (await _caller(request)).tenant


async def _fingerprint(request: Request) -> str:
    return hashlib.sha256(await request.body()).hexdigest()


def _known(text: str) -> str:
    if not looks_like_id(text):
        raise NotFound
    return text


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must consist of printable characters")
    return text


ContextDep = Annotated[Context, Depends(_context)]
CallerDep = Annotated[Caller, Depends(_caller)]
TenantDep = Annotated[str, Depends(_tenant)]
FingerprintDep = Annotated[str, Depends(_fingerprint)]
"""The digest of the body as sent."""


def _id_dependency(name: str) -> Any:
    async def known(value: Annotated[str, Path(alias=name)]) -> str:
        return _known(value)

    return Depends(known)


DatasetId = Annotated[str, _id_dependency("dataset_id")]
StudyId = Annotated[str, _id_dependency("study_id")]
ModelId = Annotated[str, _id_dependency("model_id")]

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="The same key and body give the first answer again, for at least a day.",
    ),
    AfterValidator(lambda key: key if key is None else _printable(key)),
]

ModelFormat = Annotated[
    str,
    Query(
        alias="format",
        max_length=40,
        description="Of those that the model is offered in.",
        json_schema_extra={"enum": [item.value for item in ExportFormat]},
    ),
]
"""Which of a model's files."""

Label = Annotated[
    str | None,
    Query(min_length=1, max_length=200),
    AfterValidator(lambda text: text if text is None else _printable(text)),
]
"""A short text of a query."""
