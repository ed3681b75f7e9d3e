"""Thousands of ended studies and trials: a look for work goes by those that have not ended."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from automl.core.catalog import StudyStatus
from automl.settings import Settings
from automl.store import SqlStore, claim, quota, reap
from automl.store.tables import studies
from tests.store import values
from tests.store.plans import explained
from tests.store.test_leaderboard import fill

ENDED = 2_000


@pytest.fixture
def ticking(store_settings: Settings) -> Iterator[SqlStore]:
    """A store whose clock goes: a still one is a number, which any index finds."""
    with values.opened(store_settings) as store:
        yield store


@pytest.fixture
def old(ticking: SqlStore) -> SqlStore:
    """A store whose tenant has one study to do and thousands behind it."""
    study = values.add_study(ticking)
    with ticking.database.write() as tx:
        query = sa.select(studies).where(studies.c.id == study.id)
        row = dict(tx.writer.execute(query).mappings().one())
        ended = {"status": StudyStatus.SUCCEEDED.value, "served_at": 1.0, "finished_at": 2.0}
        copies = [{**row, **ended, "id": f"st_{number:08}"} for number in range(ENDED)]
        tx.writer.execute(sa.insert(studies), copies)
        if not tx.sqlite:  # which does so by itself after a minute
            tx.writer.execute(sa.text("ANALYZE studies"))
    return ticking


def test_a_claim_reads_no_ended_study(old: SqlStore) -> None:
    plan = explained(old, claim.ranking(0).params(wanted=claim.CANDIDATES))
    _reads_what_goes_on(old, plan)


def test_a_quota_adds_up_no_ended_study(old: SqlStore) -> None:
    _reads_what_goes_on(old, explained(old, quota.running(values.TENANT)))


@pytest.mark.parametrize(
    "look", [reap.LOOK.params(lease_seconds=6.0), sa.select(reap.lapsing(6.0))]
)
def test_nobody_looks_through_ended_trials(ticking: SqlStore, look: sa.Select[Any]) -> None:
    fill(ticking, values.add_study(ticking), ENDED)
    with ticking.database.write() as tx:
        tx.writer.execute(sa.text("ANALYZE trials"))
    plan = explained(ticking, look)
    assert "SCAN trials" not in plan, plan
    assert "Seq Scan on trials" not in plan, plan


def _reads_what_goes_on(store: SqlStore, plan: str) -> None:
    if store.database.local:
        assert "ix_studies_tenant_status_id" in plan, plan
        others = [step for step in plan.splitlines() if "(tenant=?)" in step]
        assert all("every" in step for step in others), plan  # the last turn, from an index's end
    else:
        assert "Seq Scan" not in plan, plan
