"""A multipart upload, parsed as it streams: one file, and small fields beside it."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from api.inbox import Received, Sink, too_large
from automl.core.errors import Detail, InvalidInput

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FILE = "file"
MAX_FIELD_BYTES = 1000
OVERHEAD = 64 * 1024
"""Boundaries, headers and fields that may come on top of the file's limit."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form that has arrived whole."""

    file: Received
    filename: str | None
    media_type: str
    fields: dict[str, str]


@dataclass(slots=True)
class _Part:
    """The part being parsed."""

    headers: dict[str, str] = field(default_factory=dict)
    header_name: bytearray = field(default_factory=bytearray)
    header_value: bytearray = field(default_factory=bytearray)
    name: str = ""


class FormReader:
    """Turns chunks of a multipart body into a file and fields."""

    def __init__(self, content_type: str, sink: Sink, *, known: Collection[str]) -> None:
        """Prepare to read.

        Args:
            content_type: the request's ``Content-Type``, with the boundary.
            sink: where the file goes.
            known: names of the fields that are taken beside the file.

        Raises:
            InvalidInput: there is no usable boundary.
        """
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if not boundary:
            raise InvalidInput("The multipart Content-Type names no boundary.")
        self._sink = sink
        self._known = known
        self._part = _Part()
        self._pending: list[bytes] = []
        self._fields: dict[str, bytearray] = {}
        self._filename: str | None = None
        self._media_type = "application/octet-stream"
        self._files = 0
        self._complete = False
        try:
            self._parser = MultipartParser(boundary, self._callbacks())
        except FormParserError as error:
            raise _unreadable(error) from None

    async def read(self, body: AsyncIterator[bytes], *, limit: int) -> Form:
        """Return the form.

        Raises:
            TooLarge: it has more bytes than ``limit`` and some overhead.
            InvalidInput: it is cut, malformed, or has other parts than expected.
            DiskFull: there is no room for the file.
        """
        size = 0
        async for chunk in body:
            size += len(chunk)
            if size > limit + OVERHEAD:
                raise too_large(limit)
            await self._feed(chunk)
        try:
            self._parser.finalize()
        except FormParserError as error:
            raise _unreadable(error) from None
        if not self._complete:
            raise InvalidInput("The multipart body ends before its last boundary.")
        if not self._files:
            raise InvalidInput(
                "The multipart body has no field 'file'.",
                errors=(Detail("missing", field=FILE),),
            )
        fields = {name: _text(name, bytes(value)) for name, value in self._fields.items()}
        return Form(await self._sink.close(), self._filename, self._media_type, fields)

    async def _feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _unreadable(error) from None
        pending, self._pending = self._pending, []
        for data in pending:
            await self._sink.write(data)

    def _callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._on_part_begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_end": self._on_end,
        }

    def _on_part_begin(self) -> None:
        self._part = _Part()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._part.header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.header_value += data[start:end]

    def _on_header_end(self) -> None:
        part = self._part
        name = part.header_name.decode("latin-1").lower()
        part.headers[name] = part.header_value.decode("latin-1")  # bytes come back as they were
        part.header_name, part.header_value = bytearray(), bytearray()

    def _on_headers_finished(self) -> None:
        part = self._part
        _, options = parse_options_header(part.headers.get("content-disposition", ""))
        part.name = options.get(b"name", b"").decode("utf-8", "replace")
        if part.name == FILE:
            self._files += 1
            filename = options.get(b"filename")
            self._filename = filename.decode("utf-8", "replace") if filename else None
            self._media_type = part.headers.get("content-type", self._media_type)
            if self._files > 1:
                raise InvalidInput("Upload one file at a time.", errors=_at(FILE, "given twice"))
        elif part.name in self._known and part.name not in self._fields:
            self._fields[part.name] = bytearray()
        else:
            known = ", ".join((FILE, *self._known))
            raise InvalidInput(
                f"The form has an unknown or repeated field {part.name[:40]!r}; known are {known}.",
                errors=_at(part.name, "unknown or given twice"),
            )

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        name = self._part.name
        if name == FILE:
            self._pending.append(data[start:end])
            return
        self._fields[name] += data[start:end]
        if len(self._fields[name]) > MAX_FIELD_BYTES:
            raise InvalidInput(
                f"The field {name!r} is longer than {MAX_FIELD_BYTES} bytes.",
                errors=_at(name, "too long"),
            )

    def _on_end(self) -> None:
        self._complete = True


def _text(name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise InvalidInput(
            f"The field {name!r} is not UTF-8.", errors=_at(name, "must be UTF-8")
        ) from None


def _at(name: str, message: str) -> tuple[Detail, ...]:
    return (Detail(message, field=name[:40]),)


def _unreadable(error: Exception) -> InvalidInput:
    return InvalidInput(f"The multipart body cannot be read: {error}")
