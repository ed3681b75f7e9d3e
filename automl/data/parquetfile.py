"""A Parquet file as batches of text cells, its metadata checked before anything is unpacked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from automl.core.errors import DatasetUnreadable, Detail
from automl.core.schema import DataWarning
from automl.data import cells
from automl.data.header import MOST_COLUMNS, column_names, name_warnings
from automl.data.source import FREE_BYTES, MOST_RATIO

_CELLS = 1 << 20
"""Cells unpacked at once."""
_BATCH_BYTES = 64 << 20
"""Text made at once: a dictionary may unpack a few bytes to as much as it likes."""
_LONG = 256
"""Bytes a cell on average: shorter text may well repeat as often as it likes."""
_WIDTHS = {"INT32": 4, "FLOAT": 4, "INT64": 8, "DOUBLE": 8, "INT96": 12}
"""Bytes of an unpacked cell; text has a byte at least, between it and the next."""
_BROKEN = (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, UnicodeDecodeError)
"""What Arrow says of damaged files: names of columns, too, may be bytes of anything."""
_REMEDY = "; store one value a cell, such as text or a number, or leave the column out"


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A file that was found to be Parquet; ``unnamed`` are columns whose names were made up."""

    path: Path
    names: tuple[str, ...]
    unnamed: tuple[int, ...]
    unpacked_limit: int
    format: str = "parquet"
    line: int = 1

    def batches(self, columns: Sequence[int] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of those columns (None: all), named by position, at constant memory.

        Raises:
            DatasetUnreadable: damaged, or it unpacks to too much.
        """
        wanted = range(len(self.names)) if columns is None else columns
        row, made, count = 1, 0, 0
        packed = self.path.stat().st_size
        try:
            for batch in _stored(self.path, wanted):
                made, count = made + _text_bytes(batch), count + batch.num_rows * len(wanted)
                if made > self.unpacked_limit:
                    raise _too_large(self.unpacked_limit)
                if made > max(FREE_BYTES, MOST_RATIO * packed, _LONG * count):
                    raise DatasetUnreadable(
                        f"The Parquet file repeats long text more than {MOST_RATIO}:1, which no "
                        "real data does; upload it as CSV."
                    )
                for part in _parts(batch):
                    yield pa.RecordBatch.from_arrays(
                        [self._texts(part.column(place), index, row)
                         for place, index in enumerate(wanted)],
                        names=[str(index) for index in wanted],
                    )  # fmt: skip
                    row += part.num_rows
        except _BROKEN as error:
            raise _damaged(error) from None

    def warnings(self) -> tuple[DataWarning, ...]:
        """Return what a user should hear of the names."""
        return name_warnings(self.names, self.unnamed)

    def _texts(self, column: pa.Array, index: int, row: int) -> pa.StringArray:
        if isinstance(column, pa.DictionaryArray):
            values = pa.DictionaryArray.from_arrays(column.indices, cells.texts(column.dictionary))
            made = cells.texts(values)
        else:
            made = cells.texts(column)
        cells.check_text(made, self.names[index], row)
        return made


def open_parquet(path: Path, *, unpacked_limit: int) -> ParquetFile:
    """Return how to read the file, from its metadata alone.

    Raises:
        DatasetUnreadable: damaged, too large unpacked, or with columns that are no single values.
    """
    try:
        with pq.ParquetFile(path) as file:
            _check_size(file.metadata, unpacked_limit)
            schema = file.schema_arrow
            stored = schema.names
    except _BROKEN as error:
        raise _damaged(error) from None
    _check_types(schema)
    names, unnamed = column_names(stored, None)
    return ParquetFile(path, names, unnamed, unpacked_limit)


def _check_size(metadata: pq.FileMetaData, limit: int) -> None:
    if metadata.num_columns > 4 * MOST_COLUMNS:  # the leaves of nested ones are counted too
        raise DatasetUnreadable(
            f"The file has {metadata.num_columns:,} columns; at most {MOST_COLUMNS:,} are taken."
        )
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    unpacked = sum(max(0, group.total_byte_size) for group in groups)
    # What dictionaries and run lengths hide from the sizes shows in the count of cells.
    leaves = [metadata.schema.column(index) for index in range(metadata.num_columns)]
    row = sum(_WIDTHS.get(leaf.physical_type, 1) for leaf in leaves)
    if max(unpacked, metadata.num_rows * row) > limit:
        raise _too_large(limit)


def _check_types(schema: pa.Schema) -> None:
    errors = [
        Detail(f"Column {field.name!r} holds {_described(field.type)}{_REMEDY}.",
               field=field.name, column=index + 1)
        for index, field in enumerate(schema)
        if not cells.is_plain(_storage(field.type))
    ]  # fmt: skip
    if errors:
        raise DatasetUnreadable(errors[0].message, errors=tuple(errors[:10]))


def _storage(kind: pa.DataType) -> pa.DataType:
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _described(kind: pa.DataType) -> str:
    kind = _storage(kind)
    if pa.types.is_nested(kind):
        return f"nested values ({str(kind)[:60]})"
    if pa.types.is_duration(kind) or pa.types.is_interval(kind):
        return "durations, which should be numbers, such as seconds"
    return f"bytes ({kind})" if "binary" in str(kind) else f"values of the type {kind}"


def _stored(path: Path, columns: Sequence[int]) -> Iterator[pa.RecordBatch]:
    """Yield the file's rows as stored, text still as codes into a dictionary."""
    with pq.ParquetFile(path, buffer_size=1 << 20) as file:
        names = file.schema_arrow.names
        rows = max(1, min(1 << 16, _CELLS // max(1, len(names))))
    with pq.ParquetFile(path, buffer_size=1 << 20, read_dictionary=names) as file:
        for batch in file.iter_batches(batch_size=rows, use_threads=False):
            arrays = [batch.column(index) for index in columns]
            for array in arrays:
                array.validate(full=True)  # bytes that are no UTF-8, codes beyond a dictionary
            plain = [a.storage if isinstance(a, pa.ExtensionArray) else a for a in arrays]
            yield pa.RecordBatch.from_arrays(plain, names=[str(index) for index in columns])


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield the batch in pieces that stay small as text."""
    if batch.num_rows > 1 and _text_bytes(batch) > _BATCH_BYTES:
        half = batch.num_rows // 2
        yield from _parts(batch.slice(0, half))
        yield from _parts(batch.slice(half))
    else:
        yield batch


def _text_bytes(batch: pa.RecordBatch) -> int:
    """Return about how many bytes the cells are as text, without making it."""
    total = 0
    for column in batch.columns:
        total += 8 * len(column)
        if isinstance(column, pa.DictionaryArray) and _is_text(column.type.value_type):
            lengths = pc.binary_length(pc.cast(column.dictionary, pa.large_string()))
            total += pc.sum(pc.take(lengths, column.indices)).as_py() or 0
        elif _is_text(column.type):
            total += pc.sum(pc.binary_length(pc.cast(column, pa.large_string()))).as_py() or 0
    return total


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _too_large(limit: int) -> DatasetUnreadable:
    return DatasetUnreadable(f"The Parquet file unpacks to more than {limit:,} bytes, the limit.")


def _damaged(error: Exception) -> DatasetUnreadable:
    if isinstance(error, OSError) and error.errno is not None:
        raise error
    return DatasetUnreadable(
        "The Parquet file is damaged, encrypted or ends too early; write it again."
    )
