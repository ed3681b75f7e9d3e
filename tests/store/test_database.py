"""Transactions: who waits for whom, what a fork inherits, what an outage looks like."""

import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from automl.core import fault
from automl.core.catalog import StudyStatus, TrialFailure
from automl.core.errors import DiskFull, InjectedFault, NotFound, StoreUnavailable
from automl.core.trial import CurvePoint
from automl.settings import Settings
from automl.store import SqlStore, sweep
from tests import servers
from tests.stopwatch import Stopwatch
from tests.store import values


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[SqlStore]:
    with values.opened(Settings(data_dir=tmp_path)) as store:
        yield store


def test_sqlite_is_set_up_as_promised(lite: SqlStore) -> None:
    with lite.database.transaction() as tx:
        found = {
            name: tx.reader.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "auto_vacuum", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "auto_vacuum": 2, "foreign_keys": 1}


def test_only_what_may_be_lost_is_not_synced(lite: SqlStore) -> None:
    for lasting, expected in ((True, 2), (False, 1), (True, 2)):
        with lite.database.write(lasting=lasting) as tx:
            assert tx.writer.exec_driver_sql("PRAGMA synchronous").scalar() == expected


def test_only_where_a_power_cut_ends_the_holder_too_a_beginning_is_not_synced(
    store: SqlStore,
) -> None:
    study = values.add_study(store)
    said: list[str] = []

    def note(*call: object) -> None:
        said.append(str(call[2]))

    sa.event.listen(store.database.engine, "before_cursor_execute", note)
    held = values.attempt(store)
    store.leases.record(held, [CurvePoint(1, 0.5)])
    begun = [one for one in said if "synchronous" in one]
    said.clear()
    store.leases.complete(held, values.outcome(store, 0.5))
    ended = [one for one in said if "synchronous" in one]
    sa.event.remove(store.database.engine, "before_cursor_execute", note)
    assert begun == (["PRAGMA synchronous=NORMAL"] if store.database.local else [])  # it stays so
    assert store.database.local == (ended[-1] == "PRAGMA synchronous=FULL")
    assert values.check(store, study).best_trial == 0


def test_a_reader_waits_for_no_writer(lite: SqlStore) -> None:
    study = values.add_study(lite)
    with lite.database.write(), Stopwatch() as watch:
        assert values.read(lite, study).status is StudyStatus.QUEUED
    assert watch.seconds < 1


def test_a_unit_that_reads_first_may_write_after_others_did(lite: SqlStore) -> None:
    study = values.add_study(lite)
    with lite.unit() as unit:
        assert unit.studies.get("default", study.id).status is StudyStatus.QUEUED
        values.complete(lite, 0.5)
        assert unit.studies.pause("default", study.id)
    assert values.check(lite, study).status is StudyStatus.PAUSED


def test_a_locked_database_is_unavailable_within_five_seconds(
    lite: SqlStore, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "automl.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Stopwatch() as watch, pytest.raises(StoreUnavailable):
        lite.leases.leave("w")
    assert 1 < watch.seconds < 5
    other.execute("ROLLBACK")
    other.close()
    lite.leases.leave("w")


def test_a_full_disk_says_so_and_leaves_nothing_half(lite: SqlStore) -> None:
    dataset = values.add_dataset(lite)
    with lite.database.transaction() as tx:
        pages = tx.reader.exec_driver_sql("PRAGMA page_count").scalar_one()

    # The one connection of the pool is taken and given back by every transaction of this thread.
    with lite.database.transaction() as tx:
        tx.reader.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2000}").scalar()
    content = [os.urandom(1024 * 1024) for _ in range(20)]
    with pytest.raises(DiskFull):
        lite.artifacts.put("default", "application/x-a", content)
    with lite.unit() as unit:
        assert unit.datasets.get("default", dataset.id) == dataset
        assert unit.gauges()["artifacts"]["stored"] == 2
    lite.leases.reap()
    assert values.put(lite, content[0]).bytes == 1024 * 1024


def fill_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs("/")
    full = os.statvfs_result([*real[:4], 0, *real[5:]])  # f_bavail
    monkeypatch.setattr(os, "statvfs", lambda _: full)


def test_the_last_room_is_kept_for_rows(lite: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, other = values.add_dataset(lite), values.put(lite, os.urandom(4 << 20))
    fill_disk(monkeypatch)
    with pytest.raises(DiskFull):
        values.put(lite, b"x")
    study = values.add_study(lite, dataset=dataset, trials=1)
    lite.leases.fail(values.attempt(lite), TrialFailure.DISK_FULL, "full", 0.1)
    assert values.check(lite, study).status is StudyStatus.FAILED
    values.age(lite, 3601)
    lite.leases.reap()
    with pytest.raises(NotFound):
        lite.artifacts.get(other.id)
    monkeypatch.undo()
    assert values.put(lite, b"x").bytes == 1


def test_deleted_bytes_are_room(lite: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    values.put(lite, os.urandom(40 << 20))
    monkeypatch.setattr(sweep, "_vacuum", lambda _: None)  # as where there is no room to move pages
    values.age(lite, 3601)
    lite.leases.reap()
    fill_disk(monkeypatch)
    assert values.put(lite, b"x" * (4 << 20)).bytes == 4 << 20


def test_a_forked_child_uses_its_own_connections(store: SqlStore) -> None:
    study = values.add_study(store)
    values.read(store, study)
    child = os.fork()
    if not child:
        try:
            values.complete(store, 0.5)
            store.close()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    values.complete(store, 0.6)
    assert values.check(store, study).best_trial == 1


def test_a_failing_unit_changes_nothing(store: SqlStore) -> None:
    study = values.add_study(store)

    def half_way() -> None:
        with store.unit() as unit:
            unit.studies.cancel("default", study.id)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        half_way()
    assert values.check(store, study).status is StudyStatus.QUEUED


@pytest.fixture
def armed() -> Iterator[None]:
    yield
    fault.configure("")


@pytest.mark.usefixtures("armed")
def test_faults_strike_before_and_after_the_commit(store: SqlStore) -> None:
    study = values.add_study(store)
    held = values.attempt(store)
    result = values.outcome(store, 0.5)
    fault.configure("result.before_commit:raise")
    with pytest.raises(InjectedFault):
        store.leases.complete(held, result)
    assert values.check(store, study).best_trial is None
    fault.configure("result.after_commit:raise")
    with pytest.raises(InjectedFault):
        store.leases.complete(held, result)
    assert values.check(store, study).best_trial == 0
    for point, before in (("dataset.committed", 1), ("study.committed", 1)):
        fault.configure(f"{point}:raise")
        with pytest.raises(InjectedFault):
            values.add_study(store)
        with store.unit() as unit:
            assert unit.gauges()["datasets"]["stored"] == before + 1
        fault.configure("")
        with store.unit() as unit:
            for dataset in unit.datasets.list("default", before=None, limit=1):
                if point == "dataset.committed":
                    unit.datasets.remove("default", dataset.id)


@pytest.fixture
def server() -> Iterator[servers.Postgres]:
    with servers.postgres() as started:
        yield started


@pytest.fixture
def remote(server: servers.Postgres, tmp_path: Path) -> Iterator[SqlStore]:
    with values.opened(Settings(data_dir=tmp_path, database_url=server.database())) as store:
        yield store


def unavailable(store: SqlStore) -> float:
    with Stopwatch() as watch, pytest.raises(StoreUnavailable):
        store.ping()
    return watch.seconds


def test_a_stopped_server_is_unavailable_and_comes_back(
    server: servers.Postgres, remote: SqlStore
) -> None:
    study = values.add_study(remote)
    server.stop()
    assert unavailable(remote) < 5
    server.start()
    assert values.check(remote, study).status is StudyStatus.QUEUED


def test_a_server_that_died_under_a_transaction(server: servers.Postgres, remote: SqlStore) -> None:
    study = values.add_study(remote)

    def cut() -> None:
        with remote.unit() as unit:
            unit.studies.pause("default", study.id)
            server.stop()

    with pytest.raises(StoreUnavailable):
        cut()
    server.start()
    assert values.check(remote, study).status is StudyStatus.QUEUED


def test_who_vanished_in_a_transaction_keeps_its_locks_no_longer_than_a_lease(
    remote: SqlStore,
) -> None:
    name = "idle_in_transaction_session_timeout"
    query = f"SELECT setting::int FROM pg_settings WHERE name = '{name}'"
    with remote.database.transaction() as tx:
        patience = tx.reader.exec_driver_sql(query).scalar_one()
    assert 0 < patience < 1000 * Settings().lease_seconds


def test_a_frozen_server_is_unavailable_within_five_seconds(
    server: servers.Postgres, remote: SqlStore
) -> None:
    study = values.add_study(remote)
    server.signal_all(signal.SIGSTOP)
    try:
        waits: list[float] = []
        threads = [
            threading.Thread(target=lambda: waits.append(unavailable(remote))) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    finally:
        server.signal_all(signal.SIGCONT)
    assert len(waits) == 3
    assert max(waits) < 5
    assert values.check(remote, study).status is StudyStatus.QUEUED


def test_a_server_that_freezes_under_a_transaction(
    server: servers.Postgres, remote: SqlStore
) -> None:
    study = values.add_study(remote)

    def freeze() -> None:
        with remote.unit() as unit:
            unit.studies.get("default", study.id)
            server.signal_all(signal.SIGSTOP)
            unit.studies.get("default", study.id)

    try:
        with Stopwatch() as watch, pytest.raises(StoreUnavailable):
            freeze()
    finally:
        server.signal_all(signal.SIGCONT)
    assert watch.seconds < 6
    assert values.read(remote, study).status is StudyStatus.QUEUED
