"""The canonical form of images, series and volumes: a table with a column of arrays in it.

A cell of that column is the array's bytes, all of one length; shape and dtype stand with the
column. Targets, and which rows are an official test part, are columns of text like any table's, so
all that reads targets, groups or previews reads these too.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from automl.core.frame import Arrays, Ints
from automl.core.schema import Column

COLUMNS = "automl.columns"
"""Where the table's metadata keep the columns, as JSON."""

INPUT = "X"
"""The column of arrays, and the model's one input."""

TARGET = "y"
"""The target where the file has no name for it."""

PART = "part"
"""The column that says which rows are for training and which are the official test part."""
TRAIN, TEST = "train", "test"

BLOCK_BYTES = 8 << 20
"""About so much is written at a time."""


def write(
    path: Path,
    column: Column,
    arrays: Iterable[npt.NDArray[np.generic]],
    texts: Mapping[str, Sequence[str]],
    others: Sequence[Column],
) -> None:
    """Write the canonical table.

    Args:
        path: where to.
        column: that of the arrays, with its shape and dtype.
        arrays: blocks of rows of it, ``(rows, *shape)``, in order.
        texts: the other columns' cells as text, by name.
        others: these columns, as described.
    """
    size = int(np.prod(column.shape)) * np.dtype(column.dtype).itemsize
    names = {INPUT: "0", **{name: str(place) for place, name in enumerate(texts, 1)}}
    kinds = [("0", pa.binary(size)), *((names[name], pa.string()) for name in texts)]
    schema = pa.schema(kinds)
    with pq.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=[names[name] for name in texts]
    ) as writer:
        done = 0
        for block in arrays:
            rows = len(block)
            whole = np.ascontiguousarray(block, dtype=np.dtype(column.dtype).newbyteorder("<"))
            cells = pa.Array.from_buffers(
                pa.binary(size), rows, [None, pa.py_buffer(whole.tobytes())]
            )
            rest = [pa.array(given[done : done + rows], pa.string()) for given in texts.values()]
            writer.write_table(pa.Table.from_arrays([cells, *rest], schema=schema))
            done += rows
        described = json.dumps([asdict(item) for item in (column, *others)])
        writer.add_key_value_metadata({COLUMNS: described})


def read(path: Path, column: Column, rows: npt.NDArray[np.intp] | Ints | None = None) -> Arrays:
    """Return the arrays of a canonical table, all or those of the ``rows``.

    One row group after the other: what is in memory is the result and a group more.
    """
    dtype = np.dtype(column.dtype)
    with pq.ParquetFile(path) as file:
        total = int(file.metadata.num_rows)
        wanted = None if rows is None else np.asarray(rows)
        out = np.empty((total if wanted is None else len(wanted), *column.shape), dtype)
        start = 0
        for index in range(file.num_row_groups):
            group = file.read_row_group(index, columns=["0"], use_threads=False).column(0)
            for chunk in group.chunks:
                block = _array(chunk, column, dtype)
                end = start + len(block)
                if wanted is None:
                    out[start:end] = block
                else:
                    inside = np.flatnonzero((wanted >= start) & (wanted < end))
                    out[inside] = block[wanted[inside] - start]
                start = end
    return Arrays(out)


def _array(
    chunk: pa.FixedSizeBinaryArray, column: Column, dtype: np.dtype[np.generic]
) -> npt.NDArray[np.generic]:
    size = chunk.type.byte_width
    buffer = chunk.buffers()[1]
    flat = np.frombuffer(buffer, np.uint8, len(chunk) * size, chunk.offset * size)
    return flat.view(dtype.newbyteorder("<")).reshape(len(chunk), *column.shape)
