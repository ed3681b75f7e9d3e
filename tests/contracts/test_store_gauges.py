"""The totals of the metrics page, on both databases."""

import pytest

from automl.core.catalog import StudyFailure
from automl.store import SqlStore
from tests.store import values


def _gauges(store: SqlStore) -> dict[str, dict[str, float]]:
    with store.unit() as unit:
        return {kind: dict(totals) for kind, totals in unit.gauges().items()}


def test_an_empty_store_has_nothing(store: SqlStore) -> None:
    gauges = _gauges(store)
    for kind in ("trials", "queue", "attempts", "phases"):
        assert set(gauges[kind].values()) == {0}, kind


def test_what_waits_is_counted(store: SqlStore) -> None:
    values.add_study(store)
    assert _gauges(store)["queue"] == {"studies": 1, "trials": 0, "finishes": 0}
    store.leases.release(values.attempt(store))
    assert _gauges(store)["queue"] == {"studies": 0, "trials": 1, "finishes": 0}


def test_attempts_say_how_they_went(store: SqlStore) -> None:
    values.add_study(store, trials=1)
    values.attempt(store)
    values.age(store, 7)
    store.leases.reap()
    store.leases.crashed(values.attempt(store))
    assert _gauges(store)["attempts"] == {"begun": 2, "leases_lost": 1, "crashed": 1}
    values.complete(store, 0.5)
    assert _gauges(store)["queue"]["finishes"] == 1
    finish = values.finish(store)
    assert _gauges(store)["queue"]["finishes"] == 0
    store.leases.crashed(finish)
    assert _gauges(store)["attempts"] == {"begun": 3, "leases_lost": 1, "crashed": 2}


def test_phases_take_their_seconds_and_ended_ones_no_more(store: SqlStore) -> None:
    values.add_study(store, trials=1)
    values.age(store, 10)
    assert _gauges(store)["phases"]["queued"] == pytest.approx(10, abs=0.1)
    values.complete(store, 0.5)
    values.age(store, 20)
    store.leases.give_up(values.finish(store), StudyFailure.EXPORT_FAILED, "no")
    ended = _gauges(store)["phases"]
    assert ended["trial"] > 0
    assert ended["finish"] == pytest.approx(20, abs=0.1)
    assert ended["search"] == pytest.approx(0, abs=0.1)
    values.age(store, 30)
    assert _gauges(store)["phases"] == pytest.approx(ended)
