"""PostgreSQL connections: who is asked whether it is there, and what happens when it is not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import errors

from automl.core.errors import StoreUnavailable
from automl.core.leases import Worker
from automl.core.trial import Turn
from automl.settings import Settings
from automl.store import SqlStore, postgres, reap
from automl.store.beat import renew_worker
from automl.store.trouble import translated
from tests import servers
from tests.store import values
from tests.store.acts import beat


@pytest.fixture
def great(postgres: servers.Postgres, tmp_path: Path) -> Iterator[SqlStore]:
    with values.opened(Settings(data_dir=tmp_path, database_url=postgres.emptied())) as store:
        yield store


@pytest.fixture
def asked(great: SqlStore, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was asked whether it is there."""
    dialect, found = type(great.database.engine.dialect), list[object]()
    ping = dialect.do_ping

    def spy(self: Any, connection: Any) -> bool:
        found.append(connection)
        return ping(self, connection)

    monkeypatch.setattr(dialect, "do_ping", spy)
    return found


def _end_its_sessions(store: SqlStore) -> None:
    """Have the server close what waits in the store's pool, as one that was started anew did."""
    other = sa.create_engine(store.database.engine.url)
    with other.connect() as connection:
        ended = connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE"
                " datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            )
        ).all()
    other.dispose()
    assert ended


def _look(store: SqlStore) -> None:
    with store.database.transaction() as tx:
        tx.now()


def test_only_a_connection_long_unused_is_asked_whether_it_is_there(
    great: SqlStore, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "FRESH_SECONDS", 60.0)
    for _ in range(3):
        _look(great)
    assert not asked
    monkeypatch.setattr(postgres, "FRESH_SECONDS", 0.0)
    _look(great)
    assert len(asked) == 1


def test_one_long_unused_whose_server_left_is_replaced_unnoticed(
    great: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "FRESH_SECONDS", 0.0)
    _look(great)
    _end_its_sessions(great)
    _look(great)


def test_one_of_use_a_moment_ago_is_missed_once(
    great: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "FRESH_SECONDS", 60.0)
    _look(great)
    _end_its_sessions(great)
    with pytest.raises(StoreUnavailable):
        _look(great)
    _look(great)


def test_a_look_for_work_opens_no_transaction(
    great: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "FRESH_SECONDS", 60.0)
    values.add_study(great)
    with great.database.look() as reader:
        driver = reader.connection.driver_connection
        assert driver is not None
        reader.execute(sa.text("SELECT 1"))
        assert driver.info.transaction_status.name == "IDLE"
    assert isinstance(great.leases.claim("w"), Turn)
    with great.database.transaction() as tx:  # the same connection, which must not stay as it was
        tx.now()
        again = tx.reader.connection.driver_connection
        assert again is driver
        assert again.info.transaction_status.name == "INTRANS"


def test_of_many_who_sweep_at_once_one_does(great: SqlStore) -> None:
    beat(great, None)
    values.age(great, 60)
    with great.database.transaction() as other:
        assert reap.alone(other)
        assert great.leases.reap() == 0
    assert great.leases.reap() == 1


def test_a_worker_that_writes_its_row_is_alive_and_not_waited_for(great: SqlStore) -> None:
    for name in ("late", "dead"):
        beat(great, None, name)
    values.age(great, 60)
    with great.database.transaction() as tx:
        renew_worker(tx, Worker("late", "cpu", "idle", 0.0))
        assert great.leases.reap() == 1
    assert great.leases.present("") == ["late"]


@pytest.mark.parametrize(
    "why", [errors.IdleInTransactionSessionTimeout, errors.ReadOnlySqlTransaction]
)
def test_who_is_cut_off_was_not_mistaken(why: type[psycopg.Error]) -> None:
    """Else a worker that stood still in a transaction would call it its trial's failure."""
    with pytest.raises(StoreUnavailable), translated():
        raise sa.exc.InternalError("SELECT 1", {}, why())
