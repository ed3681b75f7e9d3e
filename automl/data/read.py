"""From an uploaded file to the canonical columnar form and its profile.

The canonical form is Parquet: every cell as text exactly as in the file, columns named 0, 1, 2 …
(any real name could clash with Parquet's dotted paths), and the real columns as JSON in its
metadata under `COLUMNS`. Arrays are bytes beside such columns: see `automl.data.arrays`.
"""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from automl.core.catalog import Modality
from automl.core.errors import DatasetUnreadable, Detail
from automl.core.schema import DataWarning, Profile, column_to_json
from automl.data.arrayfile import ArrayFile, take
from automl.data.arrays import COLUMNS
from automl.data.bomb import refuse_bomb
from automl.data.longfile import Long, is_long, open_long, understood
from automl.data.modality import mismatch
from automl.data.package import is_npz
from automl.data.profile import Profiler
from automl.data.source import open_source, unpacked
from automl.data.tabular import TableFile, open_table
from automl.data.tsfile import is_ts, open_ts

if TYPE_CHECKING:
    from automl.data.survey import Survey


def ingest(
    source: Path,
    *,
    name: str,
    media_type: str | None,
    out: Path,
    unpacked_limit: int,
    modality: Modality | None = None,
    survey: "Survey | None" = None,
) -> Profile:
    """Write the canonical form of ``source`` to ``out`` and return its profile.

    Memory does not grow with the file: it is read, written and counted in blocks of 8 MiB.

    Args:
        source: CSV, TSV or JSON Lines, plain or gzipped, in any common encoding; Parquet; Excel;
            arrays in .npz; images in a zip or tar.
        name: what its user calls it, for messages.
        media_type: as sent with it, if any; its charset is obeyed.
        out: the Parquet file to write; not left behind on failure.
        unpacked_limit: bytes that it may unpack to.
        modality: what it holds; None: what it seems to hold.
        survey: of an archive of images, where `refuse_bomb` has made it already.

    Raises:
        DatasetUnreadable: with the first bad lines.
    """
    try:
        survey = survey or refuse_bomb(source, unpacked_limit=unpacked_limit)
        if arrays := _arrays(source, modality, survey, out):
            return take(arrays, out)
        if is_ts(next(unpacked(source, limit=unpacked_limit), b"")):
            text = open_source(source, media_type=media_type, unpacked_limit=unpacked_limit)
            return take(open_ts(text, modality=modality), out)
        file = open_table(source, media_type=media_type, unpacked_limit=unpacked_limit)
        long, doubt = _long(file, modality)
        if long:
            scratch = partial(_beside, out)
            return take(open_long(long, limit=unpacked_limit, scratch=scratch), out)
        profile = _table(file, out, name, modality)
        return replace(profile, warnings=(*doubt, *profile.warnings))
    except BaseException:
        out.unlink(missing_ok=True)
        raise


def _arrays(
    source: Path, modality: Modality | None, survey: "Survey | None", out: Path
) -> ArrayFile | None:
    """Return the file of arrays that it is, if it is one."""
    if survey is not None:
        from automl.data.imagefile import open_images

        return open_images(survey, modality=modality, scratch=partial(_beside, out))
    if is_npz(source):
        from automl.data.npzfile import open_npz

        return open_npz(source, modality=modality)
    return None


def _long(
    file: TableFile, modality: Modality | None
) -> tuple[Long | None, tuple[DataWarning, ...]]:
    """Return the long table that it is, if it is one, and what speaks against it where it is none.

    Raises:
        DatasetUnreadable: it is none, and should be.
    """
    if modality not in {None, Modality.SERIES}:
        return None, ()
    if not is_long(file.names):
        if modality is None:
            return None, ()
        raise mismatch(
            Modality.SERIES,
            "a table without the columns series_id, step, one of values and one of labels",
            "table or text",
        )
    try:
        return understood(file), ()
    except DatasetUnreadable as why:
        if modality is not None:
            raise
        message = (
            f"Taken for a table, though series_id and step are the columns of series: {why} "
            "Mend that if it holds series, else upload it with modality=table."
        )
        return None, (DataWarning("MODALITY_GUESSED", message),)


def _beside(out: Path, ending: str) -> Path:
    return out.with_name(out.name + ending)


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
        profile = profiler.finish(file, modality)
        columns = [column_to_json(column) for column in profile.columns]
        writer.add_key_value_metadata({COLUMNS: json.dumps(columns)})
    return profile


def _no_rows(name: str, line: int) -> DatasetUnreadable:
    return DatasetUnreadable(
        f"{name} has column names, but no rows under them.",
        errors=(Detail("Here the first row should stand.", line=line),),
    )
