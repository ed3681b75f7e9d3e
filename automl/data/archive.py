"""The files in a zip or a tar, read in order and never unpacked to disk.

Standard library only: an archive is judged before the libraries are loaded that read the rest.
"""

import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from automl.core.errors import DatasetUnreadable
from automl.data.package import MOST_FILES, ZIP, check_name, open_package, refuse_link, too_many
from automl.data.source import CHUNK, GZIP, unpacked

MOST_FILE_BYTES = 64 << 20
"""Of one file in an archive."""
_TAR = b"ustar"
_TAR_AT = 257
_NESTED = (ZIP, GZIP, b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd")
_JUNK = ("__MACOSX", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip, or a tar perhaps packed with gzip; ``limit`` bounds what it unpacks to."""

    path: Path
    format: Literal["zip", "tar"]
    limit: int

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield names and contents in the archive's order; what systems leave there is no file.

        Raises:
            DatasetUnreadable: damaged, a bomb, a link, an archive in the archive, or a name that
                leads out of it.
        """
        for name, content in _zipped(self.path) if self.format == "zip" else self._tarred():
            steps = name.split("/")
            if any(step.startswith(".") or step in _JUNK for step in steps):
                continue
            if content.startswith(_NESTED):
                raise DatasetUnreadable(
                    f"The archive holds another one, {name[:80]!r}; pack the files themselves."
                )
            yield name, content

    def _tarred(self) -> Iterator[tuple[str, bytes]]:
        with _Forward(unpacked(self.path, limit=self.limit)) as stream:
            try:
                yield from _members(stream)
                while stream.read(CHUNK):  # what is cut off behind its end is found
                    pass
            except (tarfile.TarError, zlib.error, EOFError, ValueError) as error:
                raise DatasetUnreadable(
                    "The tar file is damaged or ends too early; pack it again."
                ) from error


def archive(path: Path, *, limit: int) -> Archive | None:
    """Return the file as an archive, if it is one.

    Raises:
        DatasetUnreadable: it is packed, and damaged or a bomb from its first bytes on.
    """
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == ZIP:
        return Archive(path, "zip", limit)
    head = next(unpacked(path, limit=limit), b"")
    is_tar = head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR
    return Archive(path, "tar", limit) if is_tar else None


def _zipped(path: Path) -> Iterator[tuple[str, bytes]]:
    with open_package(path) as package:
        for info in package.infolist():
            if info.is_dir():
                continue
            if info.file_size > MOST_FILE_BYTES:
                raise _too_large(info.filename)
            yield info.filename, _content(package, info)


def _content(package: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return a file's bytes, none where they are damaged: the others may be good."""
    try:
        return package.read(info)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
        return b""


def _members(stream: "_Forward") -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=stream, mode="r:") as tar:
        for count, info in enumerate(tar):
            tar.members = []  # type: ignore[attr-defined]  # it would remember every one
            check_name(info.name)
            if count >= MOST_FILES:
                raise too_many()
            if info.isdir():
                continue
            if not info.isreg() or info.issparse():
                raise refuse_link(info.name)
            if info.size > MOST_FILE_BYTES:
                raise _too_large(info.name)
            file = tar.extractfile(info)
            yield info.name.removeprefix("./"), b"" if file is None else file.read()


class _Forward(io.RawIOBase):
    """Chunks as a file that is read once, from its begin to its end."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks, self._held, self._at = chunks, bytearray(), 0

    def read(self, size: int | None = -1, /) -> bytes:  # type: ignore[explicit-override]
        if size is None or size < 0 or size > MOST_FILE_BYTES + CHUNK:
            raise _too_large("a header")
        while len(self._held) < size and (chunk := next(self._chunks, b"")):
            self._held += chunk
        data = bytes(self._held[:size])
        del self._held[:size]
        self._at += len(data)
        return data

    def seekable(self) -> bool:  # type: ignore[explicit-override]
        return True

    def tell(self) -> int:  # type: ignore[explicit-override]
        return self._at

    def seek(self, offset: int, whence: int = 0, /) -> int:  # type: ignore[explicit-override]
        if whence != 0 or offset < self._at:
            raise ValueError("only forward")
        while self._at < offset and self.read(min(CHUNK, offset - self._at)):
            pass
        return self._at


def _too_large(name: str) -> DatasetUnreadable:
    return DatasetUnreadable(
        f"The archive holds a file of more than {MOST_FILE_BYTES >> 20} MiB, {name[:80]!r}; an "
        "image has less."
    )
