"""A workbook as the zip file that it is: looked at before anything of it is unpacked.

Standard library only, so that a bomb is refused before the libraries are loaded that read the rest.
"""

import errno
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from automl.core.errors import DatasetUnreadable
from automl.data.source import FREE_BYTES, MOST_RATIO

ZIP = b"PK\x03\x04"
_MOST_PARTS = 10_000
_MOST_LISTED = 4 << 20
"""Bytes of the list of so many parts; zipfile would hold any at ten times its size."""
_PROLOGUE = 4096
_ENTITIES = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


class Damaged(Exception):
    """What a part holds is not what a workbook has there."""


_DAMAGED = (
    zipfile.BadZipFile, zipfile.LargeZipFile, KeyError, ValueError, TypeError, IndexError,
    AttributeError, SyntaxError, NotImplementedError, EOFError, RuntimeError, OverflowError,
    AssertionError, zlib.error, struct.error, Damaged,
)  # fmt: skip
"""What openpyxl and zipfile raise of files that are no good; an XML error is a SyntaxError."""


def check_package(path: Path, *, unpacked_limit: int) -> None:
    """Refuse zips that are no workbooks, and bombs, before anything is unpacked.

    Raises:
        DatasetUnreadable: no workbook, damaged, or a bomb.
    """
    with _Wary(io.FileIO(path)) as file, _package(file) as package:
        parts = package.infolist()
        _check_parts(parts, unpacked_limit)
        _check_kind({part.filename for part in parts})
        for part in parts:
            if part.filename.endswith((".xml", ".rels")):
                _check_entities(package, part)


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
            raise _too_many()
        return super().read(size)


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


def _check_parts(parts: Sequence[zipfile.ZipInfo], limit: int) -> None:
    packed = sum(part.compress_size for part in parts)
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > _MOST_PARTS:
        raise _too_many()
    if unpacked > limit:
        raise DatasetUnreadable(f"The workbook unpacks to more than {limit:,} bytes, the limit.")
    if unpacked > FREE_BYTES and unpacked > MOST_RATIO * packed:
        raise DatasetUnreadable(
            f"The workbook unpacks more than {MOST_RATIO}:1, which no real data does; upload it as "
            "CSV."
        )


def _check_kind(names: set[str]) -> None:
    if "xl/workbook.xml" in names:
        return
    what = "a zip file"
    if "xl/workbook.bin" in names:
        what = "a binary Excel file (.xlsb)"
    elif "content.xml" in names and "mimetype" in names:
        what = "an OpenDocument file"
    raise DatasetUnreadable(
        f"This is {what}; upload CSV, TSV, JSON Lines, Parquet or Excel (.xlsx)."
    )


def _check_entities(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    with package.open(part) as file:
        if _ENTITIES.search(file.read(_PROLOGUE).replace(b"\0", b"")):
            raise DatasetUnreadable(
                "The workbook declares XML entities, which no spreadsheet program does; save it "
                "again."
            )


def _too_many() -> DatasetUnreadable:
    return DatasetUnreadable(
        f"The zip file lists more than {_MOST_PARTS:,} parts, which no workbook does; upload CSV, "
        "TSV, JSON Lines, Parquet or Excel (.xlsx)."
    )


def _damaged() -> DatasetUnreadable:
    return DatasetUnreadable("The Excel file is damaged or not finished; save it again as .xlsx.")
