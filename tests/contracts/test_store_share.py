"""How many trials one worker may hold to train them together, on both databases."""

from dataclasses import replace

import pytest

from automl.core.leases import Worker
from automl.core.trial import Attempt
from automl.settings import Settings
from automl.store import SqlStore, open_store
from tests.store import values
from tests.store.acts import beat, cancel, pause
from tests.store.still import stand

LANES = 8


def held_by(store: SqlStore, worker: str = "w0", first: Attempt | None = None) -> list[Attempt]:
    """Return what a worker holds that takes as much of a study as it may."""
    held = [first or values.attempt(store, worker)]
    while (turn := store.leases.another(held[0], len(held), LANES)) is not None:
        begun = store.leases.begin(worker, turn, values.CANDIDATE)
        assert begun is not None
        held.append(begun)
    return held


def test_nobody_joins_while_a_trial_of_the_study_waits(store: SqlStore) -> None:
    values.add_study(store, seconds=600.0, trials=None)
    fleet(store, 1)
    first, other, *_ = held_by(store)
    assert store.leases.another(first, 1, LANES) is not None
    store.leases.release(other)
    assert store.leases.another(first, 1, LANES) is None
    assert values.attempt(store).number == other.number
    assert store.leases.another(first, 1, LANES) is not None


def fleet(store: SqlStore, count: int) -> None:
    for number in range(count):
        beat(store, None, f"w{number}")


def test_a_lone_study_fills_the_lanes_of_every_worker(store: SqlStore) -> None:
    study = values.add_study(store, seconds=100)
    fleet(store, 2)
    assert [len(held_by(store, f"w{n}")) for n in range(2)] == [LANES, LANES]
    values.check(store, study)


@pytest.mark.parametrize(
    ("studies", "workers", "most"), [(2, 1, 4), (2, 2, 8), (3, 2, 6), (8, 1, 1)]
)
def test_studies_that_want_trials_share_the_lanes(
    store: SqlStore, studies: int, workers: int, most: int
) -> None:
    dataset = values.add_dataset(store)
    for _ in range(studies):
        values.add_study(store, seconds=100, dataset=dataset)
    fleet(store, workers)
    assert len(held_by(store)) == most


def test_what_is_left_of_a_budget_is_shared_between_workers(store: SqlStore) -> None:
    study = values.add_study(store, seconds=100, trials=10)
    fleet(store, 4)
    counts = [len(held_by(store, f"w{n}")) for n in range(4)]
    assert counts == [3, 2, 2, 1]
    values.check(store, study)


def test_the_running_trials_of_a_tenant_are_shared_between_workers(
    store: SqlStore, store_settings: Settings
) -> None:
    bounded = stand(open_store(replace(store_settings, tenant_max_running_trials=4)))
    values.add_study(bounded, seconds=100)
    fleet(bounded, 2)
    assert [len(held_by(bounded, f"w{n}")) for n in range(2)] == [2, 1]
    assert len(held_by(bounded)) == 1
    assert bounded.leases.claim("w2") is None
    bounded.close()


def test_a_study_that_asks_no_more_gives_no_more(store: SqlStore) -> None:
    for end in (cancel, pause):
        study = values.add_study(store, seconds=100)
        first = values.attempt(store)
        assert store.leases.another(first, 1, LANES) is not None
        end(store, study)
        assert store.leases.another(first, 1, LANES) is None
    late = values.add_study(store, seconds=100)
    first = values.attempt(store)
    assert first.study_id == late.id
    values.age(store, 99)
    assert store.leases.another(first, 1, LANES) is None


def test_one_beat_renews_every_lease_and_tells_each_its_order(store: SqlStore) -> None:
    study = values.add_study(store, seconds=100)
    held = held_by(store)
    lost = held[2]
    store.leases.crashed(lost)
    values.age(store, 5)
    worker = Worker("w0", "cpu", "busy", 0.0, study.tenant, study.id, 0)
    orders = store.leases.beat(worker, held)
    assert [order.value for order in orders] == ["go_on", "go_on", "stop", *["go_on"] * 5]
    values.age(store, 5)
    assert store.leases.reap() == 0
    pause(store, study)
    orders = store.leases.beat(worker, [each for each in held if each is not lost])
    assert {order.value for order in orders} == {"release"}


def test_the_end_of_the_search_stops_a_whole_group(store: SqlStore) -> None:
    study = values.add_study(store, seconds=100)
    held = held_by(store)
    values.age(store, 98)
    store.leases.beat(Worker("w0", "cpu", "busy", 0.0), ())
    orders = store.leases.beat(Worker("w0", "cpu", "busy", 0.0), held)
    assert {order.value for order in orders} == {"stop"}
    values.check(store, study)
