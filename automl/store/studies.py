"""Studies in SQL; what their owners do to them is in ``control.py``."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select

from automl.core.catalog import EventType, StudyStatus
from automl.core.errors import NotFound, StudyState
from automl.core.quota import UNBOUNDED, Quotas
from automl.core.study import Budget, Study
from automl.store import codec, control, quota, removal, rows
from automl.store.clock import now
from automl.store.database import Transaction
from automl.store.datasets import lock_datasets
from automl.store.ledger import Ledger
from automl.store.tables import KEPT, studies


class SqlStudies:
    """Studies, from the queue to their end."""

    def __init__(self, tx: Transaction, quotas: Quotas = UNBOUNDED) -> None:
        self._tx = tx
        self._quotas = quotas

    def add(self, study: Study) -> None:
        """Store a queued study with its ``study.queued`` and ``study.plan`` events.

        Raises:
            NotFound: its dataset was removed meanwhile.
            QuotaExceeded: the tenant may have no more.
        """
        spec = study.spec
        quota.queue(self._tx, study.tenant)
        if not lock_datasets(self._tx, spec.dataset_id, spec.test_dataset_id):
            raise NotFound(f"there is no dataset {spec.dataset_id!r}")
        self._tx.writer.execute(insert(studies).values(_values(study)))
        quota.check_studies(self._tx, self._quotas, study.tenant)
        ledger = self._lock(study.tenant, study.id)
        ledger.event(EventType.STUDY_QUEUED, name=spec.name, dataset_id=spec.dataset_id)
        ledger.event(EventType.STUDY_PLAN, **codec.plan_to_json(study.plan))
        ledger.save()
        self._tx.points += ["study.committed", "doorbell.before"]

    def get(self, tenant: str, study_id: str) -> Study:
        """Return one study.

        Raises:
            NotFound: there is none of that id, or it is another tenant's.
        """
        query = select(studies, now().label("now")).where(
            studies.c.tenant == tenant, studies.c.id == study_id, KEPT
        )
        row = self._tx.reader.execute(query).mappings().first()
        if row is None:
            raise _unknown(study_id)
        return rows.study(row)

    def list(
        self, tenant: str, *, status: StudyStatus | None, before: str | None, limit: int
    ) -> Sequence[Study]:
        """Return the newest first, those with an id below ``before``."""
        query = select(studies, now().label("now")).where(studies.c.tenant == tenant, KEPT)
        if status is not None:
            query = query.where(studies.c.status == status.value)
        if before is not None:
            query = query.where(studies.c.id < before)
        query = query.order_by(studies.c.id.desc()).limit(limit)
        return [rows.study(row) for row in self._tx.reader.execute(query).mappings()]

    def cancel(self, tenant: str, study_id: str) -> bool:
        """End the search now: running trials are cancelled, the finish is due. False: already so.

        Raises:
            NotFound: there is none of that id, or it is another tenant's.
            StudyState: the study has ended otherwise.
        """
        ledger = self._lock(tenant, study_id)
        changed = control.cancel(ledger)
        ledger.save()
        return changed

    def pause(self, tenant: str, study_id: str) -> bool:
        """Hold the study: its trials are given back and its clock stops. False: already so.

        Raises:
            NotFound: there is none of that id, or it is another tenant's.
            StudyState: the study's search is over.
        """
        ledger = self._lock(tenant, study_id)
        changed = control.pause(ledger)
        ledger.save()
        return changed

    def resume(self, tenant: str, study_id: str, add: Budget | None) -> bool:
        """Go on after a pause or, with budget left or added, after the end. False: it is running.

        Raises:
            NotFound: there is none of that id, or it is another tenant's.
            StudyState: it is finishing, or its budget is spent.
            DatasetGone: its dataset was removed.
        """
        ledger = self._lock(tenant, study_id)
        changed = control.resume(ledger, add)
        ledger.save()
        return changed

    def remove(self, tenant: str, study_id: str) -> None:
        """Remove an ended study with its trials, events, artifacts and models.

        Raises:
            NotFound: there is none of that id, or it is another tenant's.
            StudyState: it has not ended.
        """
        ledger = self._lock(tenant, study_id)
        if not ledger.study.status.ended:
            raise StudyState(f"the study is {ledger.study.status}; cancel it or wait for its end")
        removal.remove(self._tx, ledger.study)

    def _lock(self, tenant: str, study_id: str) -> Ledger:
        ledger = Ledger.lock(self._tx, study_id, tenant)
        if ledger is None:
            raise _unknown(study_id)
        return ledger


def _unknown(study_id: str) -> NotFound:
    return NotFound(f"there is no study {study_id!r}")


def _values(study: Study) -> dict[str, Any]:
    spec = study.spec
    return {
        "id": study.id,
        "tenant": study.tenant,
        "dataset_id": spec.dataset_id,
        "test_dataset_id": spec.test_dataset_id,
        "spec": codec.spec_to_json(spec),
        "plan": codec.plan_to_json(study.plan),
        "metric": study.plan.metric.value,
        "outputs": study.plan.outputs,
        "priority": spec.priority,
        "seconds": spec.budget.seconds,
        "trials": spec.budget.trials,
        "status": StudyStatus.QUEUED.value,
        "version": study.version,
        "last_seq": 0,
        "created_at": study.created_at,
        "queued_at": study.created_at,
    }
