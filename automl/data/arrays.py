"""The canonical form of images, series and volumes: a table with a column of arrays in it.

A cell of that column is the array's bytes, all of one length; shape and dtype stand with the
column. Targets, and which rows are an official test part, are columns of text like any table's, so
all that reads targets, groups or previews reads these too.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from automl.core.frame import Arrays, Ints
from automl.core.schema import Column, column_from_json

COLUMNS = "automl.columns"
"""Where the table's metadata keep the columns, as JSON."""

INPUT = "X"
"""The column of arrays, and the model's one input."""

TARGET = "y"
"""The target where the file has no name for it."""

PART = "part"
"""The column that says which rows are for training and which are the official test part."""
TRAIN, TEST = "train", "test"


class Writer:
    """A canonical table being written, block by block."""

    def __init__(self, path: Path, shape: Sequence[int], dtype: str, names: Sequence[str]) -> None:
        """Begin the table.

        Args:
            path: where to.
            shape: of an array.
            dtype: of an array, as NumPy calls it.
            names: of the columns of text beside the arrays.
        """
        self._names, self._dtype = names, np.dtype(dtype)
        self._size = math.prod(shape) * self._dtype.itemsize
        texts = [str(place) for place in range(1, len(names) + 1)]
        self._schema = pa.schema(
            [("0", pa.binary(self._size)), *((name, pa.string()) for name in texts)]
        )
        self._file = pq.ParquetWriter(path, self._schema, compression="zstd", use_dictionary=texts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, block: npt.NDArray[np.generic], texts: Mapping[str, Sequence[str]]) -> None:
        """Write rows: arrays ``(rows, *shape)`` and the cells beside them, by name."""
        whole = np.ascontiguousarray(block, dtype=self._dtype.newbyteorder("<"))
        buffers = [None, pa.py_buffer(whole.data.cast("B"))]
        cells = pa.Array.from_buffers(pa.binary(self._size), len(block), buffers)
        rest = [pa.array(texts[name], pa.string()) for name in self._names]
        self._file.write_table(pa.Table.from_arrays([cells, *rest], schema=self._schema))

    def describe(self, columns: Sequence[Column]) -> None:
        """Add what is known of the columns, that of the arrays first."""
        described = json.dumps([asdict(column) for column in columns])
        self._file.add_key_value_metadata({COLUMNS: described})


def write(
    path: Path,
    column: Column,
    arrays: Iterable[npt.NDArray[np.generic]],
    texts: Mapping[str, Sequence[str]],
    others: Sequence[Column],
) -> None:
    """Write a whole canonical table.

    Args:
        path: where to.
        column: that of the arrays, with its shape and dtype.
        arrays: blocks of rows of it, ``(rows, *shape)``, in order.
        texts: the other columns' cells as text, by name.
        others: these columns, as described.
    """
    with Writer(path, column.shape, column.dtype, tuple(texts)) as writer:
        done = 0
        for block in arrays:
            end = done + len(block)
            writer.add(block, {name: cells[done:end] for name, cells in texts.items()})
            done = end
        writer.describe((column, *others))


def read(path: Path, column: Column, rows: npt.NDArray[np.intp] | Ints | None = None) -> Arrays:
    """Return the arrays of a canonical table, all or those of the ``rows``, as ``column`` has them.

    The table may be another than the column's own: a test set. Series of other lengths are cut, or
    end in missing steps. One row group after the other: what is in memory is the result and a group
    more.
    """
    with pq.ParquetFile(path) as file:
        described = json.loads(file.metadata.metadata[COLUMNS.encode()])
        own = next(column_from_json(item) for item in described if item["name"] == column.name)
        total = int(file.metadata.num_rows)
        wanted = None if rows is None else np.asarray(rows)
        shape = (total if wanted is None else len(wanted), *column.shape)
        out = np.empty(shape, np.dtype(column.dtype))
        start = 0
        for index in range(file.num_row_groups):
            group = file.read_row_group(index, columns=["0"], use_threads=False).column(0)
            for chunk in group.chunks:
                block = _conformed(values(chunk, own), column)
                end = start + len(block)
                if wanted is None:
                    out[start:end] = block
                else:
                    inside = np.flatnonzero((wanted >= start) & (wanted < end))
                    out[inside] = block[wanted[inside] - start]
                start = end
    return Arrays(out)


def _conformed(block: npt.NDArray[Any], column: Column) -> npt.NDArray[Any]:
    """Return series of another length as long as the column's."""
    if block.shape[1:] == column.shape:
        return block
    out = np.full((len(block), *column.shape), np.nan)
    steps = min(block.shape[-1], column.shape[-1])
    out[..., :steps] = block[..., :steps]
    return out


def values(chunk: pa.FixedSizeBinaryArray, column: Column) -> npt.NDArray[np.generic]:
    """Return stored cells as arrays: ``(len(chunk), *shape)``."""
    size = chunk.type.byte_width
    buffer = chunk.buffers()[1]
    flat = np.frombuffer(buffer, np.uint8, len(chunk) * size, chunk.offset * size)
    return flat.view(np.dtype(column.dtype).newbyteorder("<")).reshape(len(chunk), *column.shape)
