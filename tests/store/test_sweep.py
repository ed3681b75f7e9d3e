"""Bytes that are let go of while a sweep looks at them are not forgotten."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from automl.settings import Settings
from automl.store import SqlStore, links, open_store
from automl.store.sweep import sweep
from automl.store.tables import artifacts, trials
from tests import servers
from tests.store import values

_WAITING = sa.text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture
def great(postgres: servers.Postgres, tmp_path: Path) -> Iterator[SqlStore]:
    store = open_store(Settings(data_dir=tmp_path, database_url=postgres.emptied()))
    store.migrate()
    yield store
    store.close()


def test_what_is_let_go_of_while_a_sweep_looks_is_removed(great: SqlStore) -> None:
    values.add_study(great)
    held = values.attempt(great)
    state = values.put(great, b"state")
    great.leases.checkpoint(held, state.id)
    with great.database.write() as tx:  # its hour has passed: a twin of it was stored meanwhile
        tx.writer.execute(
            sa.update(artifacts).where(artifacts.c.id == state.id).values(kept_until=1.0)
        )
    with ThreadPoolExecutor(1) as pool:
        with great.database.write() as tx:
            tx.writer.execute(sa.update(trials).values(checkpoint=None))
            links.let_go(tx, state.id)
            swept = pool.submit(sweep, great.database)
            _until_it_waits(great)
        swept.result()
    sweep(great.database)
    with great.database.look() as reader:
        found = reader.execute(sa.select(artifacts.c.id).where(artifacts.c.id == state.id))
        assert found.first() is None


def _until_it_waits(store: SqlStore) -> None:
    deadline = time.monotonic() + 4.0
    with store.database.look() as reader:
        while not reader.execute(_WAITING).scalar_one():
            assert time.monotonic() < deadline
            time.sleep(0.01)
