"""Studies of many rows: gone for every reader at once, and their rows portion by portion."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from automl.core.errors import NotFound
from automl.core.study import Study
from automl.core.trial import CurvePoint
from automl.settings import Settings
from automl.store import SqlStore, removal, sweep, tables
from tests.contracts.test_store_races import at_once
from tests.store import values
from tests.store.acts import publish, resume

TRIALS = 5
ROWS = 2


@pytest.fixture
def large(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> Study:
    """An ended study with a model, of more rows than go in a transaction."""
    monkeypatch.setattr(removal, "ROWS", ROWS)
    monkeypatch.setattr(removal, "PORTIONS", 1)
    study = values.add_study(store, trials=TRIALS)
    for number in range(TRIALS):
        held = values.attempt(store)
        store.leases.record(held, [CurvePoint(epoch) for epoch in range(1, 4)])
        store.leases.complete(held, values.outcome(store, number / 10, mark=f"{number}"))
    publish(store, study)
    return values.check(store, study)


def remove(store: SqlStore, study: Study) -> None:
    with store.unit() as unit:
        unit.studies.remove(study.tenant, study.id)


def below(store: SqlStore) -> int:
    """Return how many rows hang on studies."""
    counts = (
        sa.select(sa.func.count()).select_from(table).scalar_subquery()
        for table in (tables.points, tables.trials, tables.events)
    )
    with store.database.look() as reader:
        return sum(reader.execute(sa.select(*counts)).one())


def studies(store: SqlStore) -> int:
    with store.database.look() as reader:
        return reader.execute(sa.select(sa.func.count(tables.studies.c.id))).scalar_one()


def test_a_large_study_is_gone_for_every_reader_at_once(store: SqlStore, large: Study) -> None:
    assert large.model_id is not None
    remove(store, large)
    with store.unit() as unit:
        for status in (None, large.status):
            assert not unit.studies.list(large.tenant, status=status, before=None, limit=9)
        assert not unit.models.list(large.tenant, before=None, limit=9)
        assert not unit.events.last_seqs([large.id])
        gauges = unit.gauges()
        with pytest.raises(NotFound):
            unit.studies.get(large.tenant, large.id)
        with pytest.raises(NotFound):
            unit.models.get(large.tenant, large.model_id)
    for kind in ("studies", "trials", "queue", "attempts", "phases", "models"):
        assert not any(gauges[kind].values()), kind
    for change in (resume, remove):
        with pytest.raises(NotFound):
            change(store, large)


def test_a_removed_study_takes_nothing_from_the_quota(
    store: SqlStore, store_settings: Settings, large: Study
) -> None:
    remove(store, large)
    with values.opened(replace(store_settings, tenant_max_studies=1)) as bounded:
        values.add_study(bounded)


def test_its_rows_stay_whole_while_somebody_may_read_them(store: SqlStore, large: Study) -> None:
    whole = below(store)
    remove(store, large)
    sweep.sweep(store.database)
    assert below(store) == whole


def test_each_sweep_goes_on_until_nothing_is_left(store: SqlStore, large: Study) -> None:
    """Each as if it were the first after a kill."""
    other = values.add_study(store)
    values.complete(store, 0.5)
    remove(store, large)
    values.age(store, removal.READ_SECONDS + 1)
    values.check(store, other)
    while studies(store) > 1:
        before = below(store)
        assert store.leases.reap()
        assert before - below(store) <= ROWS
    values.check(store, other)
    with store.unit() as unit:
        unit.datasets.remove(large.tenant, large.spec.dataset_id)
    values.age(store, 3601)
    store.leases.reap()
    kept = 4  # of the other study's dataset and trial
    with store.unit() as unit:
        assert unit.gauges()["artifacts"]["stored"] == kept


def test_many_sweeps_at_once_end_it_once(
    store: SqlStore, large: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "PORTIONS", 100)
    remove(store, large)
    values.age(store, removal.READ_SECONDS + 1)
    at_once(8, lambda _: removal.sweep(store.database))
    removal.sweep(store.database)
    assert (studies(store), below(store)) == (0, 0)
