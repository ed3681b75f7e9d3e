"""The workers alive, and the totals of the metrics page."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select

from automl.core.catalog import StudyStatus, TrialState
from automl.core.leases import Worker
from automl.store import rows
from automl.store.claim import FINISH_DUE
from automl.store.clock import now
from automl.store.database import Transaction
from automl.store.tables import KEPT, artifacts, datasets, models, studies, workers


def live(tx: Transaction, lease_seconds: float) -> Sequence[Worker]:
    """Return the workers heard of within a lease, by id."""
    query = select(workers).where(workers.c.last_heartbeat_at >= now() - lease_seconds)
    found = tx.reader.execute(query.order_by(workers.c.id)).mappings()
    return [rows.worker(row) for row in found]


_c = studies.c

_SEARCHED = func.coalesce(_c.finalizing_at, _c.finished_at, _c.paused_at, now())
_SUMS: Mapping[str, Mapping[str, ColumnElement[Any]]] = {
    "trials": {state.value: func.sum(_c[state.value]) for state in TrialState},
    "queue": {
        "studies": func.count().filter(_c.status == StudyStatus.QUEUED.value),
        "trials": func.sum(_c.waiting),
        "finishes": func.count().filter(FINISH_DUE),
    },
    "attempts": {
        "begun": func.sum(_c.attempts),
        "leases_lost": func.sum(_c.leases_lost),
        "crashed": func.sum(_c.crashes),
    },
    "phases": {
        "queued": func.sum(func.coalesce(_c.started_at, _c.finished_at, now()) - _c.created_at),
        "search": func.sum(_SEARCHED - _c.started_at - _c.paused_seconds),
        "trial": func.sum(_c.trial_seconds),
        "finish": func.sum(func.coalesce(_c.finished_at, now()) - _c.finalizing_at),
    },
}
"""What is added up over the studies that are there."""


def gauges(tx: Transaction, lease_seconds: float) -> Mapping[str, Mapping[str, float]]:
    """Return totals by kind and state, over all tenants."""
    statuses = dict.fromkeys((status.value for status in StudyStatus), 0)
    query = select(_c.status, func.count()).where(KEPT).group_by(_c.status)
    statuses |= {status: int(count) for status, count in tx.reader.execute(query).all()}
    busy = {"idle": 0, "busy": 0}
    for worker in live(tx, lease_seconds):
        busy[worker.state] += 1
    ready = artifacts.c.state == "ready"
    return {
        "studies": statuses,
        **_sums(tx),
        "workers": busy,
        "datasets": {"stored": _one(tx, select_count(datasets.c.id))},
        "models": {"stored": _one(tx, select_count(models.c.id))},
        "artifacts": {
            "stored": _one(tx, func.count(artifacts.c.id).filter(ready)),
            "bytes": _one(tx, func.coalesce(func.sum(artifacts.c.bytes), 0)),
        },
    }


def _sums(tx: Transaction) -> Mapping[str, Mapping[str, float]]:
    columns = [
        func.coalesce(total, 0).label(f"{kind} {state}")
        for kind, totals in _SUMS.items()
        for state, total in totals.items()
    ]
    row = tx.reader.execute(select(*columns).where(KEPT)).mappings().one()
    return {
        kind: {state: row[f"{kind} {state}"] for state in totals} for kind, totals in _SUMS.items()
    }


def select_count(column: ColumnElement[str]) -> ColumnElement[int]:
    """Return the number of rows."""
    return func.count(column)


def _one(tx: Transaction, value: ColumnElement[int]) -> int:
    return int(tx.reader.execute(select(value)).scalar_one())
