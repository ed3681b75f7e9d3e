"""Datasets in SQL."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, or_, select

from automl.core.catalog import StudyStatus
from automl.core.errors import DatasetInUse, NotFound
from automl.core.fault import fault
from automl.core.quota import UNBOUNDED, Quotas
from automl.core.schema import Dataset
from automl.store import codec, links, quota, rows
from automl.store.database import Transaction
from automl.store.tables import datasets, studies

_ENDED = [status.value for status in StudyStatus if status.ended]


class SqlDatasets:
    """Uploaded datasets."""

    def __init__(self, tx: Transaction, quotas: Quotas = UNBOUNDED) -> None:
        self._tx = tx
        self._quotas = quotas

    def admit(self, tenant: str, size: int) -> None:
        """Return if there would be room for a dataset of ``size`` stored bytes; `add` decides.

        Raises:
            QuotaExceeded: there would not.
        """
        quota.check_datasets(self._tx, self._quotas, tenant, more=1, size=size)

    def add(self, dataset: Dataset) -> None:
        """Store a dataset whose artifacts are stored already.

        Raises:
            QuotaExceeded: the tenant may have no more.
        """
        fault("upload.synced")
        quota.queue(self._tx, dataset.tenant)
        values = {
            "id": dataset.id,
            "tenant": dataset.tenant,
            "name": dataset.name,
            "modality": dataset.modality.value,
            "format": dataset.format,
            "bytes": dataset.bytes,
            "sha256": dataset.sha256,
            "rows": dataset.rows,
            "columns": codec.columns_to_json(dataset.columns),
            "warnings": codec.warnings_to_json(dataset.warnings),
            "created_at": dataset.created_at,
            "source": dataset.source,
            "canonical": dataset.table,
        }
        links.hold(self._tx, dataset.source, dataset.table, eager=True)
        self._tx.writer.execute(insert(datasets).values(values))
        quota.check_datasets(self._tx, self._quotas, dataset.tenant)
        self._tx.points.append("dataset.committed")

    def get(self, tenant: str, dataset_id: str) -> Dataset:
        """Return one dataset.

        Raises:
            NotFound: there is none of that id, or it is another tenant's.
        """
        query = select(datasets).where(datasets.c.tenant == tenant, datasets.c.id == dataset_id)
        row = self._tx.reader.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"there is no dataset {dataset_id!r}")
        return rows.dataset(row)

    def list(self, tenant: str, *, before: str | None, limit: int) -> Sequence[Dataset]:
        """Return the newest first, those with an id below ``before``."""
        query = select(datasets).where(datasets.c.tenant == tenant)
        if before is not None:
            query = query.where(datasets.c.id < before)
        query = query.order_by(datasets.c.id.desc()).limit(limit)
        return [rows.dataset(row) for row in self._tx.reader.execute(query).mappings()]

    def remove(self, tenant: str, dataset_id: str) -> None:
        """Remove it and release its artifacts.

        Raises:
            NotFound: there is none of that id, or it is another tenant's.
            DatasetInUse: a study on it has not ended.
        """
        writer = self._tx.writer
        mine = (datasets.c.tenant == tenant, datasets.c.id == dataset_id)
        row = writer.execute(select(datasets).where(*mine).with_for_update()).mappings().first()
        if row is None:
            raise NotFound(f"there is no dataset {dataset_id!r}")
        user = writer.execute(
            select(studies.c.id)
            .where(
                or_(studies.c.dataset_id == dataset_id, studies.c.test_dataset_id == dataset_id),
                studies.c.status.not_in(_ENDED),
            )
            .limit(1)
        ).scalar()
        if user is not None:
            raise DatasetInUse(f"study {user} has not ended; cancel it or wait for its end")
        writer.execute(delete(datasets).where(*mine))
        links.let_go(self._tx, row["source"], row["canonical"])


def lock_datasets(tx: Transaction, *ids: str | None) -> bool:
    """Keep the datasets from being removed until the transaction ends; False if one is gone."""
    wanted = {dataset_id for dataset_id in ids if dataset_id is not None}
    query = select(datasets.c.id).where(datasets.c.id.in_(wanted)).order_by(datasets.c.id)
    return set(tx.writer.execute(query.with_for_update()).scalars()) == wanted
