"""From an uploaded file to the canonical columnar form and its profile.

The canonical form is Parquet: every cell as text exactly as in the file, columns named 0, 1, 2 …
(any real name could clash with Parquet's dotted paths), and the real columns as JSON in its
metadata under `COLUMNS`.
"""

import json
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from automl.core.errors import DatasetUnreadable, Detail
from automl.core.schema import Profile
from automl.data.arrays import COLUMNS
from automl.data.profile import Profiler
from automl.data.tabular import open_table


def ingest(
    source: Path, *, name: str, media_type: str | None, out: Path, unpacked_limit: int
) -> Profile:
    """Write the canonical form of ``source`` to ``out`` and return its profile.

    Memory does not grow with the file: it is read, written and counted in blocks of 8 MiB.

    Args:
        source: CSV, TSV or JSON Lines, plain or gzipped, in any common encoding; Parquet; Excel.
        name: what its user calls it, for messages.
        media_type: as sent with it, if any; its charset is obeyed.
        out: the Parquet file to write; not left behind on failure.
        unpacked_limit: bytes that it may unpack to.

    Raises:
        DatasetUnreadable: with the first bad lines.
    """
    file = open_table(source, media_type=media_type, unpacked_limit=unpacked_limit)
    profiler = Profiler(file.names)
    schema = pa.schema([(str(index), pa.string()) for index in range(len(file.names))])
    try:
        with pq.ParquetWriter(out, schema, compression="zstd", use_dictionary=True) as writer:
            for batch in file.batches():
                # A table goes out column by column; a batch would keep a buffer for each of them.
                writer.write_table(pa.Table.from_batches([batch]))
                profiler.add(batch)
            if not profiler.rows:
                raise _no_rows(name, file.line)  # noqa: TRY301 -- the file goes away like any other
            profile = profiler.finish(file)
            columns = [asdict(column) for column in profile.columns]
            writer.add_key_value_metadata({COLUMNS: json.dumps(columns)})
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    return profile


def _no_rows(name: str, line: int) -> DatasetUnreadable:
    return DatasetUnreadable(
        f"{name} has column names, but no rows under them.",
        errors=(Detail("Here the first row should stand.", line=line),),
    )
