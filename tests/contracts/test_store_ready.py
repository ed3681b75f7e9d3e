"""From when a study's clock runs: a worker that makes ready takes of its seconds, no queue does."""

import pytest

from automl.core.trial import Turn
from automl.store import SqlStore
from automl.store.begin import MAKING_READY
from tests.store import values

SECONDS = 60


def waited(store: SqlStore, queued: float, free: float, seconds: float | None = SECONDS) -> float:
    """Return how long before its first trial the clock of a study started, in seconds."""
    study = values.add_study(store, seconds=seconds, trials=None if seconds else 20)
    values.age(store, queued)
    turn = store.leases.claim("w0")
    assert isinstance(turn, Turn)
    assert store.leases.begin("w0", turn, values.CANDIDATE, free=free) is not None
    with store.unit() as unit:
        first = unit.trials.get(study.id, 0)
    begun = values.check(store, study)
    assert first.started_at is not None
    assert begun.started_at is not None
    return first.started_at - begun.started_at


def test_what_a_worker_takes_to_make_ready_is_budget(store: SqlStore) -> None:
    assert waited(store, queued=100.0, free=4.0) == pytest.approx(4.0)


def test_a_study_that_waited_for_a_busy_worker_has_all_its_seconds(store: SqlStore) -> None:
    assert waited(store, queued=100.0, free=0.0) == 0.0


def test_nothing_counts_from_before_the_study_was_there(store: SqlStore) -> None:
    assert 2.0 <= waited(store, queued=2.0, free=3600.0) < MAKING_READY * SECONDS


def test_a_slow_start_takes_so_much_at_most(store: SqlStore) -> None:
    assert waited(store, queued=100.0, free=50.0) == pytest.approx(MAKING_READY * SECONDS)


def test_a_budget_of_trials_has_no_clock_to_start_early(store: SqlStore) -> None:
    assert waited(store, queued=100.0, free=4.0, seconds=None) == 0.0


def test_the_search_ends_that_much_earlier(store: SqlStore) -> None:
    ends = {}
    for free in (0.0, 4.0):
        study = values.add_study(store, seconds=SECONDS, trials=None)
        values.age(store, 10.0)
        turn = store.leases.claim("w0")
        assert isinstance(turn, Turn)
        attempt = store.leases.begin("w0", turn, values.CANDIDATE, free=free)
        assert attempt is not None
        ends[free] = attempt.seconds_left
        values.check(store, study)
    assert ends[0.0] is not None
    assert ends[4.0] == pytest.approx(ends[0.0] - 4.0)
