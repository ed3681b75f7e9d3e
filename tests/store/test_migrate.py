"""The migrations together are the tables, and any number of processes may run them at once."""

import multiprocessing
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from automl.core.errors import SchemaMissing
from automl.settings import Settings
from automl.store import SqlStore, engine, migrate, open_store
from automl.store.tables import metadata
from tests import servers
from tests.stopwatch import Stopwatch
from tests.store import values


def fresh(url: str, folder: Path) -> SqlStore:
    return open_store(Settings(data_dir=folder, database_url=url))


def test_all_migrations_together_equal_the_tables(
    postgres: servers.Postgres, tmp_path: Path
) -> None:
    for url in (f"sqlite:///{tmp_path / 'a.sqlite'}", postgres.database()):
        store = fresh(url, tmp_path)
        store.migrate()
        with store.database.transaction() as tx:
            context = MigrationContext.configure(
                tx.reader, opts={"compare_server_default": True, "compare_type": True}
            )
            assert compare_metadata(context, metadata) == []
        store.close()


def test_the_head_is_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", "automl.store:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [migrate.HEAD]


def test_a_store_without_its_schema_is_not_there_yet(
    postgres: servers.Postgres, tmp_path: Path
) -> None:
    for url in (f"sqlite:///{tmp_path / 'a.sqlite'}", postgres.database()):
        store = fresh(url, tmp_path)
        with pytest.raises(SchemaMissing):
            store.leases.claim("early")
        store.migrate()
        assert store.leases.claim("early") is None
        store.close()


def _migrate(settings: Settings) -> None:
    store = open_store(settings)
    store.migrate()
    values.add_dataset(store)
    store.close()


def test_several_processes_may_start_at_once(postgres: servers.Postgres, tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    for url in (f"sqlite:///{tmp_path / 'new' / 'a.sqlite'}", postgres.database()):
        settings = Settings(data_dir=tmp_path, database_url=url)
        children = [spawn.Process(target=_migrate, args=(settings,)) for _ in range(3)]
        for child in children:
            child.start()
        for child in children:
            child.join(60)
            assert child.exitcode == 0
        store = open_store(settings)
        with store.unit() as unit:
            assert len(unit.datasets.list("default", before=None, limit=9)) == 3
        store.close()


def test_who_comes_while_another_migrates_waits_beyond_its_patience(
    postgres: servers.Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So has an index over many rows the time that it needs."""
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.2)
    store = fresh(postgres.database(), tmp_path)
    url = store.database.engine.url.set(drivername="postgresql")
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as other,
    ):
        other.execute("SELECT pg_advisory_lock(%s)", [migrate._LOCK])
        migrated = pool.submit(store.migrate)
        while not (migrated.done() or _waits(other, seconds=1.0)):
            time.sleep(0.01)
        other.execute("SELECT pg_advisory_unlock(%s)", [migrate._LOCK])
        migrated.result()
    assert store.leases.claim("w") is None
    store.close()


def _waits(other: psycopg.Connection[Any], *, seconds: float) -> bool:
    """Whether another session of this database has waited for a lock for so long."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > %s * interval '1 s'"
    )
    return bool(other.execute(query, [seconds]).fetchone() != (0,))


def test_a_current_schema_is_left_alone_at_once(tmp_path: Path) -> None:
    store = fresh("", tmp_path)
    store.migrate()
    with Stopwatch() as watch:
        store.migrate()
    assert watch.seconds < 0.2
    store.close()


def test_alembic_is_not_imported_without_need() -> None:
    code = "import sys, automl.store; print([m for m in ('alembic', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
