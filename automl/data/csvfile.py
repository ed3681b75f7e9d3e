"""A CSV file as batches of text cells: encoding, delimiter and header found, nothing altered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from automl.core.errors import DatasetUnreadable, Detail
from automl.core.schema import DataWarning
from automl.data.blocks import LONGEST_ROW, blocks, parse
from automl.data.dialect import find_delimiter, said_delimiter
from automl.data.encoding import Encoding, guess_warnings
from automl.data.header import column_names, name_warnings
from automl.data.records import Malformed, Record, count_lines, records
from automl.data.source import Source

_SAMPLE = 1 << 18


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A file that was found to be CSV.

    ``unnamed`` are the indices of columns whose names were made up; ``line`` is the header's,
    ``header_bytes`` where the first row begins, in UTF-8.
    """

    source: Source
    delimiter: bytes
    names: tuple[str, ...]
    unnamed: tuple[int, ...]
    line: int
    header_bytes: int

    @property
    def encoding(self) -> Encoding:
        """How the file is written."""
        return self.source.encoding

    @property
    def format(self) -> str:
        """The name of the format: ``tsv`` where tabs delimit, else ``csv``."""
        return "tsv" if self.delimiter == b"\t" else "csv"

    def batches(self, columns: Sequence[int] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of those columns (None: all), named by position, at constant memory.

        Raises:
            DatasetUnreadable: with the first bad lines.
        """
        chunks = _without(self.source.chunks(), self.header_bytes)
        for block in blocks(chunks, self.delimiter, line=self.line):
            batch = parse(block, self.delimiter, len(self.names))
            if batch.num_rows:
                yield batch if columns is None else batch.select(list(columns))

    def warnings(self) -> tuple[DataWarning, ...]:
        """Return what was guessed or made up."""
        return (*guess_warnings(self.encoding), *name_warnings(self.names, self.unnamed))


def read_csv(source: Source, *, media_type: str | None) -> CsvFile:
    """Return how to read the text.

    Raises:
        DatasetUnreadable: it has no usable header.
    """
    sample, final = _sample(source, _SAMPLE)
    delimiter, header = _begin(sample, final=final, media_type=media_type)
    if header is None and not final:  # a very long header
        sample, final = _sample(source, LONGEST_ROW)
        delimiter, header = _begin(sample, final=final, media_type=media_type)
    if header is None:
        raise DatasetUnreadable(
            "The file has no header line that can be read; the first line must name the columns.",
            errors=(Detail("Here column names should stand.", line=1),),
        )
    line = 1 + count_lines(sample[: header.start])
    names, unnamed = column_names([cell.decode() for cell in header.cells], line)
    lines = count_lines(sample[: header.end])
    return CsvFile(source, delimiter, names, unnamed, 1 + lines, header.end)


def _begin(sample: bytes, *, final: bool, media_type: str | None) -> tuple[bytes, Record | None]:
    """Return the delimiter, said or found, and the header."""
    said, start = said_delimiter(sample)
    rest = sample[start:]
    delimiter = said or find_delimiter(rest, final=final, media_type=media_type)
    return delimiter, _header(sample, start, delimiter, final=final)


def _sample(source: Source, size: int) -> tuple[bytes, bool]:
    """Return about the first ``size`` bytes, and whether that is all."""
    sample = b""
    for chunk in source.chunks():
        sample += chunk
        if len(sample) > size:
            return sample[:size], False
    return sample, True


def _header(sample: bytes, start: int, delimiter: bytes, *, final: bool) -> Record | None:
    """Return the first row from ``start`` on that is not empty, if there is one."""
    try:
        rows = records(sample, delimiter, final=final, begin=start)
        return next((row for row in rows if not row.blank), None)
    except Malformed as error:
        line = 1 + count_lines(sample[: error.position])
        raise DatasetUnreadable(
            f"Line {line}, the header, holds {error.problem}.",
            errors=(Detail(f"Here stands {error.problem}.", line=line),),
        ) from None


def _without(chunks: Iterator[bytes], count: int) -> Iterator[bytes]:
    for chunk in chunks:
        if count >= len(chunk):
            count -= len(chunk)
            continue
        yield chunk[count:] if count else chunk
        count = 0
