"""Thousands of ended studies: a look for work goes by those that have not ended."""

import pytest
import sqlalchemy as sa

from automl.core.catalog import StudyStatus
from automl.store import SqlStore, claim, quota
from automl.store.tables import studies
from tests.store import values
from tests.store.plans import explained

ENDED = 2_000


@pytest.fixture
def old(store: SqlStore) -> SqlStore:
    """A store whose tenant has one study to do and thousands behind it."""
    study = values.add_study(store)
    with store.database.write() as tx:
        query = sa.select(studies).where(studies.c.id == study.id)
        row = dict(tx.writer.execute(query).mappings().one())
        ended = {"status": StudyStatus.SUCCEEDED.value, "served_at": 1.0, "finished_at": 2.0}
        copies = [{**row, **ended, "id": f"st_{number:08}"} for number in range(ENDED)]
        tx.writer.execute(sa.insert(studies), copies)
        if not tx.sqlite:  # which does so by itself after a minute
            tx.writer.execute(sa.text("ANALYZE studies"))
    return store


def test_a_claim_reads_no_ended_study(old: SqlStore) -> None:
    plan = explained(old, claim.ranking(0).params(wanted=claim.CANDIDATES))
    _reads_what_goes_on(old, plan)


def test_a_quota_adds_up_no_ended_study(old: SqlStore) -> None:
    _reads_what_goes_on(old, explained(old, quota.running(values.TENANT)))


def _reads_what_goes_on(store: SqlStore, plan: str) -> None:
    if store.database.local:
        assert "ix_studies_tenant_status_id" in plan, plan
        others = [step for step in plan.splitlines() if "(tenant=?)" in step]
        assert all("every" in step for step in others), plan  # the last turn, from an index's end
    else:
        assert "Seq Scan" not in plan, plan
