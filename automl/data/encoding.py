"""Which encoding a file is written in, found by reading all of it once.

A guess from the first kilobytes would fail in the middle of a large file, after half of it was
taken; one pass over the bytes costs less than parsing them.
"""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

from automl.core.errors import DatasetUnreadable, Detail
from automl.core.schema import DataWarning
from automl.data import scripts

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins alike
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 1 << 16


@dataclass(frozen=True, slots=True)
class Encoding:
    """A Python codec name, and whether it is a guess that the user should hear of."""

    name: str
    guessed: bool = False


def detect(chunks: Iterable[bytes], charset: str | None) -> Encoding:
    """Return the encoding in which all of the chunks can be read.

    Args:
        chunks: the whole file's bytes, unpacked.
        charset: what the upload's media type says; obeyed if there is no byte order mark.

    Raises:
        DatasetUnreadable: the bytes are damaged, or no text.
    """
    reader = iter(chunks)
    first = next(reader, b"")
    encoding = _by_mark(first) or _by_zeros(first) or _by_charset(charset)
    scan = _Scan(encoding or "utf-8")
    for chunk in _chained(first, reader):
        scan.feed(chunk)
    scan.feed(b"", final=True)
    if scan.fault is None:
        return Encoding(encoding or "utf-8")
    if encoding is not None or scan.mostly_utf8:
        raise scan.fault
    return Encoding(scan.guess.name(), guessed=True)


def guess_warnings(encoding: Encoding) -> tuple[DataWarning, ...]:
    """Return what a user should hear of a guess."""
    if not encoding.guessed:
        return ()
    message = (
        f"The file is not UTF-8 and was read as {encoding.name}; check names and categories, or "
        "upload it as UTF-8."
    )
    return (DataWarning("ENCODING_GUESSED", message),)


def _chained(first: bytes, rest: Iterable[bytes]) -> Iterable[bytes]:
    yield first
    yield from rest


def _by_mark(first: bytes) -> str | None:
    return next((name for mark, name in _MARKS if first.startswith(mark)), None)


def _by_zeros(first: bytes) -> str | None:
    """Return UTF-16 without a mark: every other byte of mostly Latin text is zero."""
    sample = first[:_SAMPLE]
    half = len(sample) // 2
    if half < 2 or b"\0" not in sample:
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _by_charset(charset: str | None) -> str | None:
    if charset is None:
        return None
    try:
        codec = codecs.lookup(charset.strip("\"' "))
    except LookupError:
        raise DatasetUnreadable(
            f"The media type names an unknown charset {charset!r}; leave it out or name one such "
            "as utf-8 or windows-1252."
        ) from None
    if not getattr(codec, "_is_text_encoding", True):
        raise DatasetUnreadable(f"The charset {charset!r} is no text encoding.")
    # A declared ASCII or UTF-8 says nothing that detection would not find out better.
    return None if codec.name in {"ascii", "utf-8"} else codec.name


class _Scan:
    """One pass over the bytes: the first fault, and what the others look like."""

    def __init__(self, encoding: str) -> None:
        self.fault: DatasetUnreadable | None = None
        self._encoding = encoding
        self._strict = codecs.getincrementaldecoder(encoding)("strict")
        self._lenient = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.guess = scripts.Guess()
        self._lines = 1
        self._good = self._bad = 0

    def feed(self, chunk: bytes, *, final: bool = False) -> None:
        if self.fault is None:
            if b"\0" in chunk and self._encoding.startswith("utf-8"):
                self._lines += chunk[: chunk.index(0)].count(b"\n")
                raise self._unreadable("a NUL byte; text has none, so this is no CSV file")
            before = self._strict.getstate()
            try:
                text = self._strict.decode(chunk, final)
            except UnicodeDecodeError as error:
                good = error.object[: error.start].decode(self._encoding, "replace")
                self._lines += good.count("\n")
                shown = " ".join(f"{byte:02x}" for byte in error.object[error.start : error.end])
                self.fault = self._unreadable(f"the bytes {shown}, which are no {self._encoding}")
                held = before if self._encoding == "utf-8" else (b"", 0)
                self._lenient.setstate(held)
                # What was good UTF-8 until here need not be good in another encoding.
                self.guess.start(held[0], plain=not self._good)
            else:
                if "\0" in text:
                    self._lines += text[: text.index("\0")].count("\n")
                    raise self._unreadable("a NUL character; text has none")
                self._lines += text.count("\n")
                self._good += 0 if text.isascii() else sum(map(len, _WIDE.findall(text)))
                return
        self.guess.feed(chunk, final=final)
        text = self._lenient.decode(chunk, final)
        if not text.isascii():
            bad = sum(map(len, _ESCAPED.findall(text)))
            self._bad += bad
            self._good += sum(map(len, _WIDE.findall(text))) - bad

    @property
    def mostly_utf8(self) -> bool:
        """Whether the file is UTF-8 with damage rather than another encoding."""
        return self._good > self._bad

    def _unreadable(self, what: str) -> DatasetUnreadable:
        return DatasetUnreadable(
            f"Line {self._lines} holds {what}; save the file as UTF-8.",
            errors=(Detail(f"Here stands {what}.", line=self._lines),),
        )


_WIDE = re.compile(r"[^\x00-\x7f]+")
_ESCAPED = re.compile(r"[\udc80-\udcff]+")
