"""An uploaded file as a stream of UTF-8 bytes, unpacked and transcoded at constant memory."""

import codecs
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from automl.core.errors import DatasetUnreadable, Detail
from automl.data.encoding import Encoding, detect

CHUNK = 1 << 20
GZIP = b"\x1f\x8b"
FREE_BYTES = 10 << 20
"""Unpacked bytes before the ratio is looked at."""
MOST_RATIO = 200

ACCEPTED = (
    "CSV, TSV, JSON Lines, Parquet or Excel (.xlsx), NumPy's .npz, a zip or tar of images, or "
    "sktime's .ts"
)
"""What may be uploaded, for messages."""

_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"']+)""", re.IGNORECASE)
_FOREIGN = (
    (GZIP, "a gzip file"),
    (b"PK\x03\x04", "a zip or Excel file"),
    (b"PK\x05\x06", "an empty zip file"),
    (b"PAR1", "a Parquet file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file"),
    (b"%PDF", "a PDF file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x93NUMPY", "a NumPy file"),
    (b"SQLite format 3", "a SQLite file"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was found readable: what it takes to read it again."""

    path: Path
    gzip: bool
    encoding: Encoding
    unpacked_limit: int

    def chunks(self) -> Iterator[bytes]:
        """Yield the file's text as UTF-8 bytes, cut anywhere."""
        raw = _unpacked(self.path, packed=self.gzip, limit=self.unpacked_limit)
        if self.encoding.name == "utf-8":
            yield from raw
            return
        decoder = codecs.getincrementaldecoder(self.encoding.name)("strict")
        for chunk in raw:
            yield decoder.decode(chunk).encode()
        yield decoder.decode(b"", final=True).encode()


def open_source(path: Path, *, media_type: str | None, unpacked_limit: int) -> Source:
    """Return how to read the file, after one pass over all of its bytes.

    Raises:
        DatasetUnreadable: empty, another format, damaged, no text, or a bomb.
    """
    with path.open("rb") as file:
        head = file.read(16)
    packed = head.startswith(GZIP)
    raw = _unpacked(path, packed=packed, limit=unpacked_limit)
    first = next(raw, b"")
    if not first.strip():
        raise DatasetUnreadable(
            "The file is empty; a header line and rows of data are needed.",
            errors=(Detail("Here a header line should stand.", line=1),),
        )
    foreign = next((what for magic, what in _FOREIGN if first.startswith(magic)), None)
    if foreign is not None:
        within = " inside a gzip file" if packed else ""
        raise DatasetUnreadable(f"This is {foreign}{within}; upload {ACCEPTED}.")
    encoding = detect(_again(first, raw), _charset(media_type))
    return Source(path, packed, encoding, unpacked_limit)


def check_gzip(path: Path, *, unpacked_limit: int) -> None:
    """Return after as much of a gzip file as tells a bomb. Raises `DatasetUnreadable`."""
    seen = 0
    for chunk in _unpacked(path, packed=True, limit=unpacked_limit):
        seen += len(chunk)
        if seen > FREE_BYTES:
            return


def unpacked(path: Path, *, limit: int) -> Iterator[bytes]:
    """Yield a file's bytes, cut anywhere, those of gzip unpacked.

    Raises:
        DatasetUnreadable: it is damaged, or a bomb.
    """
    with path.open("rb") as file:
        packed = file.read(len(GZIP)) == GZIP
    yield from _unpacked(path, packed=packed, limit=limit)


def _again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _charset(media_type: str | None) -> str | None:
    found = _CHARSET.search(media_type or "")
    return found[1] if found else None


def _unpacked(path: Path, *, packed: bool, limit: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        plain = iter(lambda: file.read(CHUNK), b"")
        yield from _gunzip(plain, limit) if packed else plain


def _gunzip(packed: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Yield what gzip members unpack to, at most a chunk at a time however well they pack."""
    consumed = produced = 0
    unzip = zlib.decompressobj(wbits=31)
    waiting = plain = b""
    for chunk in packed:
        waiting += chunk
        # A full piece means that more of it may wait inside, even when all input was taken.
        while waiting or (len(plain) == CHUNK and not unzip.eof):
            if unzip.eof:
                waiting = waiting.lstrip(b"\0")  # padding between and after members is legal
                unzip = zlib.decompressobj(wbits=31) if waiting else unzip
                plain = b""
                continue
            size = len(waiting)
            try:
                plain = unzip.decompress(waiting, CHUNK)
            except zlib.error:
                raise DatasetUnreadable("The gzip file is damaged; pack it again.") from None
            waiting = unzip.unconsumed_tail or unzip.unused_data
            consumed += size - len(waiting)
            produced += len(plain)
            _refuse_bomb(consumed, produced, limit)
            if plain:
                yield plain
    if not unzip.eof:
        raise DatasetUnreadable("The gzip file ends too early; upload all of it.")


def _refuse_bomb(consumed: int, produced: int, limit: int) -> None:
    if produced > limit:
        raise DatasetUnreadable(f"The gzip file unpacks to more than {limit:,} bytes, the limit.")
    if produced > FREE_BYTES and produced > MOST_RATIO * consumed:
        raise DatasetUnreadable(
            f"The gzip file unpacks more than {MOST_RATIO}:1, which no real data does; upload it "
            "unpacked."
        )
