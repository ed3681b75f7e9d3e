"""From an uploaded file to the canonical columnar form and its profile.

The canonical form is Parquet: every cell as text exactly as in the file, columns named 0, 1, 2 …
(any real name could clash with Parquet's dotted paths), and the real columns as JSON in its
metadata under `COLUMNS`. Arrays are bytes beside such columns: see `automl.data.arrays`.
"""

import json
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from automl.core.catalog import Modality
from automl.core.errors import DatasetUnreadable, Detail
from automl.core.schema import Profile
from automl.data.arrayfile import ArrayFile, take
from automl.data.arrays import COLUMNS
from automl.data.modality import mismatch
from automl.data.package import ZIP, Content, check_package
from automl.data.profile import Profiler
from automl.data.tabular import TableFile, open_table


def ingest(
    source: Path,
    *,
    name: str,
    media_type: str | None,
    out: Path,
    unpacked_limit: int,
    modality: Modality | None = None,
) -> Profile:
    """Write the canonical form of ``source`` to ``out`` and return its profile.

    Memory does not grow with the file: it is read, written and counted in blocks of 8 MiB.

    Args:
        source: CSV, TSV or JSON Lines, plain or gzipped, in any common encoding; Parquet; Excel;
            arrays in .npz.
        name: what its user calls it, for messages.
        media_type: as sent with it, if any; its charset is obeyed.
        out: the Parquet file to write; not left behind on failure.
        unpacked_limit: bytes that it may unpack to.
        modality: what it holds; None: what it seems to hold.

    Raises:
        DatasetUnreadable: with the first bad lines.
    """
    try:
        if arrays := _arrays(source, modality, unpacked_limit):
            return take(arrays, out)
        file = open_table(source, media_type=media_type, unpacked_limit=unpacked_limit)
        return _table(file, out, name, modality)
    except BaseException:
        out.unlink(missing_ok=True)
        raise


def _arrays(source: Path, modality: Modality | None, limit: int) -> ArrayFile | None:
    """Return the file of arrays that it is, if it is one."""
    with source.open("rb") as file:
        magic = file.read(4)
    if magic != ZIP:
        return None
    match check_package(source, unpacked_limit=limit):
        case Content.ARRAYS:
            from automl.data.npzfile import open_npz

            return open_npz(source, modality=modality)
        case _:
            return None


def _table(file: TableFile, out: Path, name: str, modality: Modality | None) -> Profile:
    if modality is not None and modality.arrays:
        raise mismatch(modality, f"a table ({file.format})", "table or text")
    profiler = Profiler(file.names)
    schema = pa.schema([(str(index), pa.string()) for index in range(len(file.names))])
    with pq.ParquetWriter(out, schema, compression="zstd", use_dictionary=True) as writer:
        for batch in file.batches():
            # A table goes out column by column; a batch would keep a buffer for each of them.
            writer.write_table(pa.Table.from_batches([batch]))
            profiler.add(batch)
        if not profiler.rows:
            raise _no_rows(name, file.line)
        profile = profiler.finish(file)
        columns = [asdict(column) for column in profile.columns]
        writer.add_key_value_metadata({COLUMNS: json.dumps(columns)})
    return profile


def _no_rows(name: str, line: int) -> DatasetUnreadable:
    return DatasetUnreadable(
        f"{name} has column names, but no rows under them.",
        errors=(Detail("Here the first row should stand.", line=line),),
    )
