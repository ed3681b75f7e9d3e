"""Published models in SQL."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update

from automl.core.catalog import ExportFormat
from automl.core.errors import NotFound
from automl.core.model import Artifact, Model
from automl.store import codec, links, rows
from automl.store.database import Transaction
from automl.store.tables import artifacts, model_files, models, studies


class SqlModels:
    """Published models."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def get(self, tenant: str, model_id: str) -> Model:
        """Return one model.

        Raises:
            NotFound: there is none of that id, or it is another tenant's.
        """
        query = select(models).where(models.c.tenant == tenant, models.c.id == model_id)
        row = self._tx.reader.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"there is no model {model_id!r}")
        return rows.model(row, self._files([model_id]).get(model_id, {}))

    def list(self, tenant: str, *, before: str | None, limit: int) -> Sequence[Model]:
        """Return the newest first, those with an id below ``before``."""
        query = select(models).where(models.c.tenant == tenant)
        if before is not None:
            query = query.where(models.c.id < before)
        query = query.order_by(models.c.id.desc()).limit(limit)
        found = self._tx.reader.execute(query).mappings().all()
        files = self._files([row["id"] for row in found])
        return [rows.model(row, files.get(row["id"], {})) for row in found]

    def remove(self, tenant: str, model_id: str) -> None:
        """Remove a model and release its files; its study has none from then on.

        Raises:
            NotFound: there is none of that id, or it is another tenant's.
        """
        model = self.get(tenant, model_id)
        writer = self._tx.writer
        writer.execute(
            update(studies)
            .where(studies.c.id == model.study_id, studies.c.model_id == model_id)
            .values(model_id=None)
        )
        removed = writer.execute(delete(models).where(models.c.id == model_id)).rowcount
        if not removed:
            raise NotFound(f"there is no model {model_id!r}")
        links.let_go(self._tx, *(file.id for file in model.formats.values()))

    def _files(self, ids: Sequence[str]) -> dict[str, dict[ExportFormat, Artifact]]:
        query = (
            select(model_files.c.model_id, model_files.c.format, artifacts)
            .join(artifacts, artifacts.c.id == model_files.c.artifact_id)
            .where(model_files.c.model_id.in_(ids))
            .order_by(model_files.c.format)
        )
        files: dict[str, dict[ExportFormat, Artifact]] = {}
        for row in self._tx.reader.execute(query).mappings():
            file = rows.artifact(row)
            files.setdefault(row["model_id"], {})[ExportFormat(row["format"])] = file
        return files


def insert_model(tx: Transaction, model: Model) -> None:
    """Store a model and what it is handed out as."""
    links.hold(tx, *(file.id for file in model.formats.values()))
    tx.writer.execute(
        insert(models).values(
            id=model.id,
            tenant=model.tenant,
            study_id=model.study_id,
            dataset_id=model.dataset_id,
            card=codec.card_to_json(model.card),
            created_at=model.created_at,
        )
    )
    files = [
        {"model_id": model.id, "format": name.value, "artifact_id": file.id}
        for name, file in model.formats.items()
    ]
    if files:
        tx.writer.execute(insert(model_files), files)
