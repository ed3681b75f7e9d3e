"""The one table from errors to HTTP, and how a problem looks (RFC 9457)."""

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from automl.core import errors
from automl.core.errors import AutoMLError, Detail

STATUS: Mapping[type[AutoMLError], int] = {
    errors.AutoMLError: 500,
    errors.InvalidInput: 422,
    errors.DatasetUnreadable: 422,
    errors.InvalidSpec: 422,
    errors.InvalidRows: 422,
    errors.NotSupported: 422,
    errors.InvalidCursor: 400,
    errors.TooLarge: 413,
    errors.NotFound: 404,
    errors.QuotaExceeded: 403,
    errors.Conflict: 409,
    errors.DatasetInUse: 409,
    errors.DatasetGone: 409,
    errors.StudyState: 409,
    errors.ModelNotReady: 409,
    errors.IdempotencyKeyReused: 409,
    errors.IdempotencyInFlight: 409,
    errors.Unavailable: 503,
    errors.StoreUnavailable: 503,
    errors.SchemaMissing: 503,
    errors.DiskFull: 507,
    # These speak of workers and files; none should reach a request.
    errors.LeaseLost: 500,
    errors.TrialStopped: 500,
    errors.TrialPruned: 500,
    errors.TrialGivesWay: 500,
    errors.TrialError: 500,
    errors.StudyError: 500,
    errors.NothingTrained: 500,
    errors.ExportFailed: 500,
    errors.ArtifactCorrupt: 500,
    errors.InjectedFault: 500,
}

REASONS = {
    400: "BAD_REQUEST",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
}
"""What a framework's refusal is called."""

RETRY_AFTER = {503: "2", 507: "5"}
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""What browsers heed of every answer: it is data, for its reader alone. A page says otherwise for
itself. Problems bring them along, because some are answered before or after all else of ours."""
MEDIA_TYPE = "application/problem+json"
MAX_DETAILS = 50
MAX_MESSAGE = 500
_PLACES = ("body", "query", "path", "header")
_TAG = re.compile(
    r"(literal|constrained|function|nullable|(str-)?enum|list|dict)\b.*\[|constrained-\w+$"
    r"|\[key\]|(str|int|float|bool)$"
)
"""What pydantic appends to a place where it tried several types."""
_SHOULD = "Input should be "
_WORDS: Mapping[str, str] = {
    "missing": "is required",
    "extra_forbidden": "there is no such field; /docs lists those that there are",
    "model_attributes_type": "must be an object",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "list_type": "must be a list",
}
"""What pydantic says in words of Python, said in words of JSON."""


class RefusedError(Exception):
    """A request that is wrong as HTTP, before any service is asked."""

    def __init__(
        self, status: int, reason: str, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.headers = headers


def problem(
    status: int,
    reason: str,
    detail: str,
    *,
    details: Sequence[Detail] = (),
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    """Return the response of a refusal or failure; ``members`` stand beside the standard ones."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _short(detail),
        "reason": reason,
    }
    if details:
        body["errors"] = [_place(item) for item in details[:MAX_DETAILS]]
    sent = {**SAFE, **(headers or {})}
    if status in RETRY_AFTER:
        sent.setdefault("Retry-After", RETRY_AFTER[status])
    content = json.dumps(body | members).encode()
    return Response(content, status, headers=sent, media_type=MEDIA_TYPE)


def of_error(error: AutoMLError) -> Response:
    """Return the response that the table gives to an error of the domain."""
    status = STATUS[type(error)]
    headers = {"Retry-After": "1"} if isinstance(error, errors.IdempotencyInFlight) else None
    detail = str(error)
    if status == 500:
        detail = type(error).__doc__ or ""
    return problem(status, error.reason, detail, details=error.errors, headers=headers)


def install(app: FastAPI) -> None:
    """Make every refusal and failure of the application a problem."""
    app.exception_handler(AutoMLError)(_domain)
    app.exception_handler(RefusedError)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(ClientDisconnect)(_gone)
    app.exception_handler(Exception)(_unexpected)


def of_validation(item: Mapping[str, Any]) -> Detail:
    """Return the place that one of pydantic's errors speaks of."""
    if item["type"] == "json_invalid":
        position = item["loc"][-1]
        return Detail(f"The body is not JSON: {item['ctx']['error']} at character {position}.")
    path = [str(part) for part in item["loc"]]
    if path and path[0] in _PLACES:
        path = path[1:]
    if len(path) > 1 and _TAG.match(path[-1]):
        path = path[:-1]
    field = ".".join(path)
    words = _WORDS.get(item["type"])
    if words is not None:
        return Detail(words, field=field) if field else Detail(f"The body {words}.")
    return Detail(str(item["msg"]).removeprefix("Value error, "), field=field or None)


async def _domain(_: Request, error: AutoMLError) -> Response:
    return of_error(error)


async def _refused(_: Request, error: RefusedError) -> Response:
    return problem(error.status, error.reason, str(error), headers=error.headers)


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    details = _joined([of_validation(item) for item in error.errors()[:MAX_DETAILS]])
    first = details[0]
    detail = f"{first.field}: {first.message}" if first.field else first.message
    if first.field is None and not _says_json(request):
        detail = "The body is not marked as JSON; send it with Content-Type: application/json."
        details = []
    return problem(422, errors.InvalidInput.reason, detail, details=details)


def _joined(details: Sequence[Detail]) -> list[Detail]:
    """Return one place for each field: what it may be instead stands in one message."""
    messages: dict[str | None, list[str]] = {}
    for item in details:
        messages.setdefault(item.field, []).append(item.message)
    return [
        Detail(" or ".join([first, *(other.removeprefix(_SHOULD) for other in others)]), field)
        for field, (first, *others) in messages.items()
    ]


def _says_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


async def _http(request: Request, error: HTTPException) -> Response:
    reason = REASONS.get(error.status_code, HTTPStatus(error.status_code).name)
    detail, headers = str(error.detail), dict(error.headers or {})
    match error.status_code:
        case 400:
            detail = "The body cannot be read: it must be JSON in UTF-8, not nested hundreds deep."
        case 404:
            detail = "There is nothing at this address; /docs lists what there is."
        case 405:
            allowed = _allowed(request)
            detail = f"{request.method} is not possible here; {allowed} may be."
            headers["Allow"] = allowed
    return problem(error.status_code, reason, detail, headers=headers)


def _allowed(request: Request) -> str:
    """Return every method that this address knows: the framework names those of one route only."""
    known = [
        method
        for method in ("GET", "HEAD", "POST", "DELETE")
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.router.routes
        )
    ]
    return ", ".join(known)


async def _gone(_: Request, error: Exception) -> Response:
    del error  # nobody is left to read it: a client that goes is no failure of ours to log
    return problem(400, "BAD_REQUEST", "The connection ended before the body did.")


async def _unexpected(_: Request, error: Exception) -> Response:
    del error  # the server logs it with its trace; the client learns nothing of our insides
    return problem(500, "INTERNAL", "Something went wrong on our side; the server's log has more.")


def _place(detail: Detail) -> dict[str, Any]:
    place: dict[str, Any] = {"message": _short(detail.message)}
    if detail.field is not None:
        place["field"] = _short(detail.field)
    if detail.line is not None:
        place["line"] = detail.line
    if detail.column is not None:
        place["column"] = detail.column
    return place


def _short(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE else f"{text[: MAX_MESSAGE - 1]}…"
