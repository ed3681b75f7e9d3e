"""A zip file, be it a workbook, arrays or images: looked at before anything of it is unpacked.

Standard library only, so that a bomb is refused before the libraries are loaded that read the rest.
"""

import errno
import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path

from automl.core.errors import DatasetUnreadable
from automl.data.source import ACCEPTED, FREE_BYTES, MOST_RATIO

ZIP = b"PK\x03\x04"
_ENTRY = b"PK\x01\x02"
MOST_FILES = 100_000
_MOST_LISTED = 16 << 20
"""Bytes of the list of so many files; zipfile would hold any at ten times its size."""
_LONGEST_NAME = 1_000
_ENCRYPTED = 1
_PROLOGUE = 4096
_ENTITIES = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


class Content(Enum):
    """What a zip file is."""

    WORKBOOK = auto()
    ARRAYS = auto()
    """NumPy's .npz."""
    FILES = auto()
    """Anything else: perhaps images."""


class Damaged(Exception):
    """What a part holds is not what belongs there."""


_DAMAGED = (
    zipfile.BadZipFile, zipfile.LargeZipFile, KeyError, ValueError, TypeError, IndexError,
    AttributeError, SyntaxError, NotImplementedError, EOFError, RuntimeError, OverflowError,
    AssertionError, zlib.error, struct.error, Damaged,
)  # fmt: skip
"""What openpyxl and zipfile raise of files that are no good; an XML error is a SyntaxError."""


def check_package(path: Path, *, unpacked_limit: int) -> Content:
    """Return what a zip file is; refuse bombs and traps before anything is unpacked.

    Raises:
        DatasetUnreadable: damaged, no sort of zip that is read, or a bomb.
    """
    with _Wary(io.FileIO(path)) as file, _package(file) as package:
        parts = package.infolist()
        _check_sizes(parts, unpacked_limit)
        content = _content([part.filename for part in parts if not part.is_dir()])
        for part in parts:
            if content is Content.WORKBOOK and part.filename.endswith((".xml", ".rels")):
                _check_entities(package, part)
            elif content is not Content.WORKBOOK:
                _check_part(part)
        return content


def is_npz(path: Path) -> bool:
    """Return whether a file that passed `check_package`, if it is a zip, holds NumPy's arrays."""
    with path.open("rb") as file:
        if file.read(len(ZIP)) != ZIP:
            return False
    with open_package(path) as package:
        return _content(package.namelist()) is Content.ARRAYS


def check_name(name: str) -> None:
    """Refuse a name in an archive that leads out of it.

    Raises:
        DatasetUnreadable: it is absolute, climbs, or has characters that no name has.
    """
    steps = name.replace("\\", "/").split("/")
    climbs = ".." in steps or steps[0] == "" or re.match(r"[A-Za-z]:", name)
    if climbs or "\0" in name or len(name) > _LONGEST_NAME:
        raise DatasetUnreadable(
            "The archive holds a name that leads out of it, or is none; pack it again with plain "
            "relative names."
        )


def refuse_link(name: str) -> DatasetUnreadable:
    """Return the refusal of what is neither a file nor a folder."""
    return DatasetUnreadable(
        f"The archive holds a link or a device, {name[:80]!r}; pack the file itself."
    )


@contextmanager
def open_package(path: Path) -> Iterator[zipfile.ZipFile]:
    """Give a workbook's parts to read.

    Raises:
        DatasetUnreadable: what is read turns out to be damaged.
    """
    with path.open("rb") as file, _package(file) as package:
        yield package


class _Wary(io.BufferedReader):
    """A file of which no long list of parts is taken: zipfile reads it in one piece."""

    def read(self, size: int | None = -1, /) -> bytes:  # type: ignore[explicit-override]
        if size is not None and size > _MOST_LISTED:
            raise too_many()
        data = super().read(size)
        if data.count(_ENTRY) > MOST_FILES:
            raise too_many()
        return data


@contextmanager
def _package(file: io.BufferedReader) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as package:
            yield package
    except _DAMAGED as error:
        raise _damaged() from error
    except OSError as error:
        if error.errno == errno.EINVAL:  # a place before the file's begin: its end tells of more
            raise _damaged() from error
        raise


def _check_sizes(parts: Sequence[zipfile.ZipInfo], limit: int) -> None:
    packed = sum(part.compress_size for part in parts)
    unpacked = sum(part.file_size for part in parts)
    if unpacked > limit:
        raise DatasetUnreadable(f"The zip file unpacks to more than {limit:,} bytes, the limit.")
    if unpacked > FREE_BYTES and unpacked > MOST_RATIO * packed:
        raise DatasetUnreadable(
            f"The zip file unpacks more than {MOST_RATIO}:1, which no real data does; upload it "
            "otherwise, a table as CSV."
        )


def _check_part(part: zipfile.ZipInfo) -> None:
    check_name(part.orig_filename)
    kind = stat.S_IFMT(part.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise refuse_link(part.filename)
    if part.flag_bits & _ENCRYPTED:
        raise DatasetUnreadable("The zip file has a password; pack it without one.")


def _content(names: Sequence[str]) -> Content:
    if "xl/workbook.xml" in names:
        return Content.WORKBOOK
    if names and all(name.endswith(".npy") for name in names):
        return Content.ARRAYS
    what = ""
    if "xl/workbook.bin" in names:
        what = "a binary Excel file (.xlsb)"
    elif "content.xml" in names and "mimetype" in names:
        what = "an OpenDocument file"
    elif not names:
        what = "an empty zip file"
    if what:
        raise DatasetUnreadable(f"This is {what}; upload {ACCEPTED}.")
    return Content.FILES


def _check_entities(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    with package.open(part) as file:
        if _ENTITIES.search(file.read(_PROLOGUE).replace(b"\0", b"")):
            raise DatasetUnreadable(
                "The workbook declares XML entities, which no spreadsheet program does; save it "
                "again."
            )


def too_many() -> DatasetUnreadable:
    """Return the refusal of an archive of too many files."""
    return DatasetUnreadable(
        f"The archive lists more than {MOST_FILES:,} files; upload so many images as .npz, and "
        "tables as CSV."
    )


def _damaged() -> DatasetUnreadable:
    return DatasetUnreadable("The zip or Excel file is damaged or not finished; save it again.")
