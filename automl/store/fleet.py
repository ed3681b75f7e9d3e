"""The workers alive, and the totals of the metrics page."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, func, select

from automl.core.catalog import StudyStatus, TrialState
from automl.core.ports import Worker
from automl.store import rows
from automl.store.clock import now
from automl.store.database import Transaction
from automl.store.tables import artifacts, datasets, models, studies, workers


def live(tx: Transaction, lease_seconds: float) -> Sequence[Worker]:
    """Return the workers heard of within a lease, by id."""
    query = select(workers).where(workers.c.last_heartbeat_at >= now() - lease_seconds)
    found = tx.reader.execute(query.order_by(workers.c.id)).mappings()
    return [rows.worker(row) for row in found]


def gauges(tx: Transaction, lease_seconds: float) -> Mapping[str, Mapping[str, int]]:
    """Return totals by kind and state, over all tenants."""
    statuses = dict.fromkeys((status.value for status in StudyStatus), 0)
    query = select(studies.c.status, func.count()).group_by(studies.c.status)
    statuses |= {status: int(count) for status, count in tx.reader.execute(query).all()}
    sums = [func.coalesce(func.sum(studies.c[state.value]), 0) for state in TrialState]
    counts = tx.reader.execute(select(*sums)).one()
    busy = {"idle": 0, "busy": 0}
    for worker in live(tx, lease_seconds):
        busy[worker.state] += 1
    ready = artifacts.c.state == "ready"
    return {
        "studies": statuses,
        "trials": {state.value: int(n) for state, n in zip(TrialState, counts, strict=True)},
        "workers": busy,
        "datasets": {"stored": _one(tx, select_count(datasets.c.id))},
        "models": {"stored": _one(tx, select_count(models.c.id))},
        "artifacts": {
            "stored": _one(tx, func.count(artifacts.c.id).filter(ready)),
            "bytes": _one(tx, func.coalesce(func.sum(artifacts.c.bytes), 0)),
        },
    }


def select_count(column: ColumnElement[str]) -> ColumnElement[int]:
    """Return the number of rows."""
    return func.count(column)


def _one(tx: Transaction, value: ColumnElement[int]) -> int:
    return int(tx.reader.execute(select(value)).scalar_one())
