"""A store that stalled: leases that nobody could renew meanwhile are their holders' still."""

import math
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from automl.core.catalog import StudyStatus
from automl.core.leases import Order
from automl.core.study import Study
from automl.core.trial import Attempt, Finish
from automl.settings import Settings
from automl.store import SqlStore, open_store, sight
from automl.store.sight import Sight
from tests import servers
from tests.store import values
from tests.store.acts import beat

LEASE = 0.5
"""So much must pass in earnest: it is the database's clock that counts."""

AWAY = 1.5 * LEASE


def test_who_has_just_come_may_judge() -> None:
    seen = Sight(6.0)
    seen.note(1000.0)
    assert seen.may_judge()


@pytest.mark.parametrize("leap", [3.5, 3600.0, -3600.0])
def test_after_a_gap_leases_get_their_time_again(leap: float) -> None:
    """Whether the store stalled, its machine slept or its clock was set."""
    seen, moment = Sight(6.0), 1000.0
    seen.note(moment)
    seen.note(moment := moment + 2.9)
    assert seen.may_judge()
    seen.note(moment := moment + leap)
    assert not seen.may_judge()
    seen.note(moment + 2.9)
    seen.note(moment + 5.8)
    assert not seen.may_judge()
    seen.note(moment + 6.1)
    assert seen.may_judge()


@pytest.fixture
def brief(store_settings: Settings) -> SqlStore:
    """A store with brief leases, on each database in turn."""
    return opened(replace(store_settings, lease_seconds=LEASE))


def opened(settings: Settings) -> SqlStore:
    store = open_store(settings)
    store.migrate()
    return store


def finishing(store: SqlStore) -> Finish:
    values.complete(store, 0.5)
    return values.finish(store)


@pytest.mark.parametrize("held", [values.attempt, finishing])
def test_who_slept_takes_nothing_from_others_that_slept_too(
    brief: SqlStore,
    held: Callable[[SqlStore], Attempt | Finish],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = values.add_study(brief, trials=1)
    work = held(brief)
    beat(brief, work)
    time.sleep(AWAY)  # no process of the machine runs
    brief.leases.reap()
    assert brief.leases.claim("w1") is None
    assert beat(brief, work) is Order.GO_ON
    monkeypatch.setattr(sight, "GAP_SHARE", math.inf)  # a slow machine looks too rarely
    until_lost(brief, study)
    again = values.finish(brief, "w1") if isinstance(work, Finish) else values.attempt(brief, "w1")
    assert again.token > work.token
    values.check(brief, study)
    brief.close()


def test_the_dead_are_buried_all_the_same(brief: SqlStore) -> None:
    values.add_study(brief)
    work = values.attempt(brief, "host-1-aa")
    beat(brief, work, "host-1-aa")
    time.sleep(AWAY)
    assert brief.leases.reap() <= 1  # at most the worker's row
    brief.leases.bury(["host-1-aa"])
    assert brief.leases.reap() == 1
    assert beat(brief, work, "host-1-aa") is Order.STOP
    brief.close()


def test_a_server_that_stood_still_costs_nobody_a_trial(tmp_path: Path) -> None:
    with servers.postgres() as server:
        settings = Settings(data_dir=tmp_path, database_url=server.url, lease_seconds=LEASE)
        holder, judge = opened(settings), opened(settings)
        study = values.add_study(holder)
        work = values.attempt(holder)
        beat(holder, work)
        judge.leases.reap()
        server.signal_all(signal.SIGSTOP)
        time.sleep(AWAY)
        server.signal_all(signal.SIGCONT)
        judge.leases.reap()
        assert beat(holder, work) is Order.GO_ON
        holder.leases.complete(work, values.outcome(holder, 0.5))
        seen = values.check(holder, study)
        assert seen.status is StudyStatus.RUNNING
        with holder.unit() as unit:
            assert unit.gauges()["attempts"] == {"begun": 1, "leases_lost": 0, "crashed": 0}
        holder.close()
        judge.close()


def until_lost(store: SqlStore, study: Study) -> None:
    """Look on until the lease of who is silent is ended."""
    deadline = time.monotonic() + 20.0
    while not any(event.type.value == "worker.lost" for event in values.log(store, study)):
        assert time.monotonic() < deadline
        store.leases.reap()
        time.sleep(0.05)
