"""Datasets: taken in, shown, removed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl.core.catalog import Modality
from automl.core.errors import Detail, InvalidInput
from automl.core.ids import new_id
from automl.core.ports import Store, Unit
from automl.core.schema import Dataset
from automl.service.cache import Cache
from automl.service.disk import room

PARQUET = "application/vnd.apache.parquet"
PREVIEW_ROWS = 500
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A received file, not yet trusted: where it lies and what its sender says of it."""

    path: Path
    bytes: int
    sha256: str
    name: str
    media_type: str
    modality: Modality | None = None
    """What it holds; None: what it seems to hold."""


def check_modality(modality: str | None) -> None:
    """Refuse what is none. Raises `InvalidInput`."""
    if modality is None or modality in tuple(Modality):
        return
    known = ", ".join(Modality)
    raise InvalidInput(
        f"There is no modality {modality[:40]!r}; known are {known}.",
        errors=(Detail(f"must be one of {known}", field="modality"),),
    )


def create(
    store: Store,
    upload: Upload,
    *,
    tenant: str,
    unpacked_limit: int,
    keep: Callable[[Unit, Dataset], None] = lambda _unit, _dataset: None,
) -> Dataset:
    """Parse, profile and store an upload; what cannot be parsed leaves nothing behind.

    Args:
        store: where it goes.
        upload: the received file; its folder takes the canonical form beside it for a while.
        tenant: whose it is.
        unpacked_limit: bytes that it may unpack to.
        keep: called in the transaction that creates the dataset.

    Raises:
        DatasetUnreadable: with the first bad places.
        TooLarge: it unpacks to more than the service takes.
        QuotaExceeded: the tenant may have no more.
        DiskFull: there is no room.
    """
    from automl.data import ingest  # loads pyarrow, which most requests never need

    admit(store, tenant, upload.bytes)  # a body of unknown length: before the work of reading it
    table = upload.path.with_name(f"{upload.path.name}.parquet")
    try:
        with room():
            profile = ingest.run(
                upload.path,
                name=upload.name,
                media_type=upload.media_type,
                out=table,
                unpacked_limit=unpacked_limit,
                modality=upload.modality,
            )
            admit(store, tenant, upload.bytes + table.stat().st_size)
        source = store.artifacts.put(tenant, upload.media_type, _chunks(upload.path))
        canonical = store.artifacts.put(tenant, PARQUET, _chunks(table))
    finally:
        table.unlink(missing_ok=True)
    with store.unit() as unit:
        now = unit.now()
        dataset = Dataset(
            id=new_id("ds", now),
            tenant=tenant,
            name=upload.name,
            modality=profile.modality,
            format=profile.format,
            bytes=upload.bytes,
            sha256=upload.sha256,
            rows=profile.rows,
            columns=profile.columns,
            warnings=profile.warnings,
            created_at=now,
            source=source.id,
            table=canonical.id,
        )
        unit.datasets.add(dataset)
        keep(unit, dataset)
    return dataset


def admit(store: Store, tenant: str, size: int) -> None:
    """Return if the tenant may store a dataset of ``size`` bytes. Raises `QuotaExceeded`."""
    with store.unit() as unit:
        unit.datasets.admit(tenant, size)


def get(store: Store, tenant: str, dataset_id: str) -> Dataset:
    """Return one dataset. Raises `NotFound`."""
    with store.unit() as unit:
        return unit.datasets.get(tenant, dataset_id)


def page(store: Store, tenant: str, *, before: str | None, limit: int) -> Sequence[Dataset]:
    """Return the newest first, those created before the id ``before``."""
    with store.unit() as unit:
        return unit.datasets.list(tenant, before=before, limit=limit)


def preview(
    store: Store, cache: Cache, tenant: str, dataset_id: str, *, rows: int
) -> Sequence[Mapping[str, Any]]:
    """Return the first rows, cells as in the file. Raises `NotFound`."""
    from automl.data import table  # loads pyarrow

    dataset = get(store, tenant, dataset_id)
    return table.preview(cache.path(dataset.table), min(rows, PREVIEW_ROWS))


def is_packed(store: Store, dataset: Dataset) -> bool:
    """Return whether the dataset's file is packed with gzip. Raises `ArtifactCorrupt`."""
    from automl.data.source import GZIP

    return b"".join(store.artifacts.read(dataset.source, 0, len(GZIP))) == GZIP


def remove(store: Store, tenant: str, dataset_id: str) -> None:
    """Remove a dataset and its bytes. Raises `NotFound`, `DatasetInUse`."""
    with store.unit() as unit:
        unit.datasets.remove(tenant, dataset_id)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
