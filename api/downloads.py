"""Stored bytes as responses: content ETags, ranges, names that no header can break.

Damaged bytes never follow a 200: all that is asked for is checked before the answer begins.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.datastructures import Headers

from api.errors import problem
from automl.core.model import Artifact, Model
from automl.core.ports import Artifacts
from automl.service import models

_HELD = 4 * 1024 * 1024
"""Bytes that are kept while they are checked; of more, each chunk is read a second time."""

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes ``start`` up to (not with) ``end``."""

    start: int
    end: int


def download(
    request: Request,
    artifacts: Artifacts,
    artifact: Artifact,
    *,
    filename: str,
    media_type: str = "application/octet-stream",
) -> Response:
    """Return the artifact's bytes, or the part of them that the request asks for.

    Blocks until they are checked, so that a store that is away is still a 503.

    Raises:
        ArtifactCorrupt: they are not the bytes that were stored.
    """
    etag = f'"{artifact.sha256}"'
    if not _wanted(request.headers.get("if-match"), etag):
        return _changed(etag)
    headers = {"ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache"}
    if _matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = disposition(filename)
    span, status = Span(0, artifact.bytes), 200
    if (wish := _wish(request.headers, etag)) is not None:
        part = _span(wish, artifact.bytes)
        if part is None:
            return _unsatisfiable(artifact.bytes)
        span, status = part, 206
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{artifact.bytes}"
    headers["Content-Length"] = str(span.end - span.start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    content = _checked(artifacts, artifact, span)
    return StreamingResponse(content, status, headers=headers, media_type=media_type)


def download_model(
    request: Request, artifacts: Artifacts, model: Model, file_format: str
) -> Response:
    """Return the model's file of that format, or the part of it that the request asks for."""
    file = models.file(model, file_format)
    name = models.filename(model, file_format)
    return download(request, artifacts, file, filename=name, media_type=file.media_type)


def disposition(filename: str) -> str:
    """Return a ``Content-Disposition`` that saves under ``filename``, whatever that holds.

    Reference: RFC 6266, section 4.3 and appendix D.
    """
    clean = "".join("_" if c in '/\\:*?"<>|' or not c.isprintable() else c for c in filename)
    clean = clean.strip(". ")[:150] or "download"
    plain = clean.encode("ascii", "replace").decode().replace("?", "_")
    plain = plain.replace("%", "_").replace(";", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(clean, safe='')}"


def _checked(artifacts: Artifacts, artifact: Artifact, span: Span) -> Iterator[bytes]:
    content = artifacts.read(artifact.id, span.start, span.end)
    if span.end - span.start <= _HELD:
        return iter([b"".join(content)])
    deque(content, maxlen=0)
    return artifacts.read(artifact.id, span.start, span.end)


def _wanted(header: str | None, etag: str) -> bool:
    """Return whether ``If-Match`` lets these bytes go out: compared strongly, judged before all."""
    tags = "*" if header is None else header
    return any(tag.strip() in ("*", etag) for tag in tags.split(","))


def _matches(header: str | None, etag: str) -> bool:
    if header is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return etag in tags or "*" in tags


def _wish(headers: Headers, etag: str) -> tuple[str, str] | None:
    """Return the two numbers of a single range that applies; others may be ignored (RFC 9110)."""
    match = _RANGE.fullmatch(headers.get("range", ""))
    if match is None or not any(match.groups()):
        return None
    if headers.get("if-range", etag).strip() != etag:  # strong comparison: a date never matches
        return None
    if match[1] and match[2] and int(match[1]) > int(match[2]):
        return None
    return match[1], match[2]


def _span(wish: tuple[str, str], size: int) -> Span | None:
    """Return the bytes wished for, None when there are none, as of RFC 9110, 14.1.2."""
    first, last = wish
    if not first:
        length = min(int(last), size)
        return Span(size - length, size) if length else None
    start = int(first)
    end = min(int(last) + 1, size) if last else size
    return Span(start, end) if start < end else None


def _unsatisfiable(size: int) -> Response:
    return problem(
        416,
        "RANGE_NOT_SATISFIABLE",
        f"The range lies outside of the file's {size} bytes.",
        headers={"Content-Range": f"bytes */{size}"},
    )


def _changed(etag: str) -> Response:
    return problem(
        412,
        "PRECONDITION_FAILED",
        f"The file is another than If-Match names; it is {etag} now.",
        headers={"ETag": etag},
    )
