"""A table in any of the accepted formats, found by content: names and media types are not trusted.

Every format ends as the same thing: named columns of text cells, as a CSV file would hold them.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from automl.core.errors import DatasetUnreadable
from automl.core.schema import DataWarning
from automl.data.csvfile import CsvFile, read_csv
from automl.data.package import ZIP
from automl.data.source import open_source

_PARQUET = b"PAR1"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_OBJECT = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*["}]')
_ARRAY = re.compile(rb'(?:\xef\xbb\xbf)?\s*\[\s*\{\s*["}]')


class TableFile(Protocol):
    """A file that was found to be a table; ``line`` is where its first row stands."""

    @property
    def format(self) -> str:
        """The name of the format."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""

    @property
    def line(self) -> int:
        """The line, or row of a sheet, that the first row of data should stand on."""

    def batches(self, columns: Sequence[int] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of those columns (None: all), every cell as text, at constant memory.

        Raises:
            DatasetUnreadable: with the first bad places.
        """

    def warnings(self) -> tuple[DataWarning, ...]:
        """Return what a user should hear of the file, once all batches were read."""


def open_table(path: Path, *, media_type: str | None, unpacked_limit: int) -> TableFile:
    """Return what the file turned out to be.

    Raises:
        DatasetUnreadable: no table, damaged, or a bomb.
    """
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == _PARQUET:
        from automl.data.parquetfile import open_parquet

        return open_parquet(path, unpacked_limit=unpacked_limit)
    if magic == ZIP:
        from automl.data.excelfile import open_excel

        return open_excel(path, unpacked_limit=unpacked_limit)
    if magic == _OLD_EXCEL:
        raise DatasetUnreadable(
            "This is an old Excel file (.xls), or one with a password; save it as .xlsx without a "
            "password, or as CSV."
        )
    source = open_source(path, media_type=media_type, unpacked_limit=unpacked_limit)
    head = next(source.chunks())
    if _ARRAY.match(head):
        raise DatasetUnreadable(
            "This is one JSON array; write JSON Lines instead: one object a line, without brackets "
            "around them and commas between them."
        )
    if _OBJECT.match(head):
        from automl.data.jsonfile import open_json

        return open_json(source)
    csv: CsvFile = read_csv(source, media_type=media_type)
    return csv
