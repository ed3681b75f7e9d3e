"""The gapless logs in SQL; ``ledger.py`` writes them."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from automl.core.ports import Event
from automl.store import rows
from automl.store.database import Transaction
from automl.store.tables import KEPT, events, studies


class SqlEvents:
    """The event logs of studies."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def after(self, study_id: str, seq: int, limit: int) -> Sequence[Event]:
        """Return the events after ``seq``, oldest first."""
        query = (
            select(events)
            .where(events.c.study_id == study_id, events.c.seq > seq)
            .order_by(events.c.seq)
            .limit(limit)
        )
        return [rows.event(row) for row in self._tx.reader.execute(query).mappings()]

    def last_seqs(self, study_ids: Sequence[str]) -> Mapping[str, int]:
        """Return the last seq of each study that there is."""
        query = select(studies.c.id, studies.c.last_seq).where(studies.c.id.in_(study_ids), KEPT)
        return {row.id: row.last_seq for row in self._tx.reader.execute(query)}
