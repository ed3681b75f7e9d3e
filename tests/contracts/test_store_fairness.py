"""Who is served next, on both databases: nobody is starved, whatever others ask for."""

from collections import Counter

from automl.core.catalog import TrialFailure
from automl.store import SqlStore
from tests.store import values

SMALL = 50


def test_one_worker_does_fifty_small_studies_beside_a_huge_one(store: SqlStore) -> None:
    dataset = values.add_dataset(store)
    huge = values.add_study(store, trials=10_000, dataset=dataset)
    small = [values.add_study(store, trials=2, dataset=dataset) for _ in range(SMALL)]
    served = Counter(_round(store) for _ in range(2 * (SMALL + 1)))
    assert served == Counter({study.id: 2 for study in (huge, *small)})


def test_a_stream_of_new_studies_does_not_starve_an_old_one(store: SqlStore) -> None:
    dataset = values.add_dataset(store)
    old = values.add_study(store, trials=10_000, dataset=dataset)
    served = []
    for _ in range(10):
        values.add_study(store, trials=1, dataset=dataset)
        values.add_study(store, trials=1, dataset=dataset)
        served += [_round(store) for _ in range(3)]
    assert served.count(old.id) == 10


def test_four_workers_are_spread_over_studies(store: SqlStore) -> None:
    dataset = values.add_dataset(store)
    studies = [values.add_study(store, dataset=dataset) for _ in range(4)]
    held = [values.attempt(store, f"w{n}") for n in range(8)]
    assert Counter(one.study_id for one in held) == {study.id: 2 for study in studies}


def test_a_tenant_of_many_small_studies_does_not_starve_another(store: SqlStore) -> None:
    patient = values.add_study(store, trials=10_000, tenant="a")
    crowd = values.add_dataset(store, "b")
    for _ in range(20):
        values.add_study(store, trials=1, tenant="b", dataset=crowd)
    served = [_round(store) for _ in range(20)]
    assert served.count(patient.id) == 10


def _round(store: SqlStore) -> str:
    """Work on what is next, as a lone worker does, and return its study."""
    values.age(store, 1.0)  # so no two moments are equal
    held = values.attempt(store)
    store.leases.fail(held, TrialFailure.INTERNAL, "so", 0.1)
    return held.study_id


def test_work_goes_round_between_tenants_and_by_priority_inside(store: SqlStore) -> None:
    low, high = (values.add_study(store, tenant="a", priority=n) for n in (3, 7))
    other = values.add_study(store, tenant="b", priority=0)
    third, fourth = (values.add_study(store, tenant="c") for _ in range(2))
    order = [values.attempt(store).study_id for _ in range(9)]
    assert order[:3] == [high.id, other.id, third.id]
    assert order[3:6] == [high.id, other.id, fourth.id]
    assert order[6:9] == [high.id, other.id, third.id]
    assert low.id not in order


def test_a_trial_that_lost_its_worker_comes_before_new_ones(store: SqlStore) -> None:
    low = values.add_study(store, tenant="a", priority=0)
    lost = values.attempt(store)
    values.add_study(store, tenant="a", priority=9)
    values.add_study(store, tenant="b")
    store.leases.crashed(lost)
    again = values.attempt(store)
    assert (again.study_id, again.number, again.token) == (low.id, lost.number, lost.token + 1)


def test_one_worker_serves_tenants_in_turn(store: SqlStore) -> None:
    first = values.add_study(store, tenant="a", priority=9)
    second = values.add_study(store, tenant="b", priority=0)
    order = [values.complete(store, 0.5).study_id for _ in range(4)]
    assert order == [first.id, second.id, first.id, second.id]
