"""What a tenant may have, on both databases: exact, however many ask at once."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from automl.core.errors import QuotaExceeded
from automl.core.schema import Dataset
from automl.core.trial import Attempt, Finish, Turn
from automl.settings import Settings
from automl.store import SqlStore, open_store
from tests.contracts.test_store_races import at_once
from tests.store import values
from tests.store.still import stand

MOST = 10
MANY = 50

Bounded = Callable[..., SqlStore]


@pytest.fixture
def bounded(store: SqlStore, store_settings: Settings) -> Iterator[Bounded]:
    """Open the store again, with quotas."""
    opened: list[SqlStore] = []

    def reopen(**quotas: int) -> SqlStore:
        opened.append(stand(open_store(replace(store_settings, **quotas))))  # type: ignore[arg-type]
        return opened[-1]

    yield reopen
    for one in opened:
        one.close()


def passes(create: Callable[[], object]) -> bool:
    try:
        create()
    except QuotaExceeded:
        return False
    return True


def keep(store: SqlStore, content: bytes, tenant: str = values.TENANT) -> Dataset:
    """Store a dataset whose file and table hold these same bytes."""
    artifact = values.put(store, content, tenant)
    return values.keep_dataset(
        store, name="d", source=artifact, table=artifact, rows=1, columns=(), tenant=tenant
    )


def remove(store: SqlStore, dataset: Dataset) -> None:
    with store.unit() as unit:
        unit.datasets.remove(dataset.tenant, dataset.id)


def test_many_datasets_at_once_never_pass_together(bounded: Bounded) -> None:
    store = bounded(tenant_max_datasets=MOST)
    values.put(store, b"x")
    done = at_once(MANY, lambda _: passes(lambda: keep(store, b"x")))
    assert done.count(True) == MOST
    with store.unit() as unit:
        kept = unit.datasets.list(values.TENANT, before=None, limit=100)
    assert len(kept) == MOST
    assert passes(lambda: keep(store, b"x", "other"))
    remove(store, kept[0])
    assert passes(lambda: keep(store, b"x"))
    with pytest.raises(QuotaExceeded, match=r"may have 10 datasets, not 11; delete one"):
        keep(store, b"x")


def test_many_studies_at_once_never_pass_together(bounded: Bounded) -> None:
    store = bounded(tenant_max_studies=MOST)
    dataset = values.add_dataset(store)
    done = at_once(MANY, lambda _: passes(lambda: values.add_study(store, dataset=dataset)))
    assert done.count(True) == MOST
    with store.unit() as unit:
        kept = unit.studies.list(values.TENANT, status=None, before=None, limit=100)
        assert len(kept) == MOST
        unit.studies.cancel(values.TENANT, kept[0].id)
    assert not passes(lambda: values.add_study(store, dataset=dataset))  # ended ones count
    with store.unit() as unit:
        unit.studies.remove(values.TENANT, kept[0].id)
    assert passes(lambda: values.add_study(store, dataset=dataset))


def test_stored_bytes_are_those_that_something_refers_to(bounded: Bounded) -> None:
    store = bounded(tenant_max_bytes=100)
    values.put(store, b"nobody's" * 100)
    first = keep(store, b"a" * 60)
    assert passes(lambda: keep(store, b"a" * 60))  # the same bytes are stored once
    assert not passes(lambda: keep(store, b"b" * 60))
    with store.unit() as unit:
        unit.datasets.admit(values.TENANT, 40)
        with pytest.raises(QuotaExceeded, match=r"may have 100 stored bytes, not 101 or more;"):
            unit.datasets.admit(values.TENANT, 41)
    keep(store, b"c" * 40)
    with pytest.raises(QuotaExceeded, match="stored bytes"):
        values.add_study(store, dataset=first)
    assert passes(lambda: keep(store, b"b" * 60, "other"))


def test_many_bytes_at_once_never_pass_together(bounded: Bounded) -> None:
    store = bounded(tenant_max_bytes=MOST * 10)
    done = at_once(MANY, lambda n: passes(lambda: keep(store, f"{n:010}".encode())))
    assert done.count(True) == MOST


def test_what_is_running_goes_on_over_the_quota(bounded: Bounded) -> None:
    store = bounded(tenant_max_bytes=30)
    study = values.add_study(store, trials=1)  # its dataset takes 13 bytes
    values.complete(store, 0.5)
    store.leases.publish(values.finish(store), values.model(store, study, b"m" * 1000))
    assert values.check(store, study).model_id is not None
    assert not passes(lambda: values.add_study(store))


def test_running_trials_wait_for_their_turn(bounded: Bounded) -> None:
    store = bounded(tenant_max_running_trials=2)
    values.add_study(store, priority=9)
    values.add_study(store)
    first, second = values.attempt(store), values.attempt(store)
    assert store.leases.claim("w") is None
    values.add_study(store, tenant="other", trials=1)
    assert values.attempt(store).tenant == "other"
    store.leases.release(first)
    again = values.attempt(store)
    assert (again.study_id, again.token) == (first.study_id, 2)
    assert store.leases.claim("w") is None
    store.leases.complete(second, values.outcome(store, 0.5))
    assert isinstance(store.leases.claim("w"), Turn)


def test_many_turns_at_once_never_pass_together(bounded: Bounded) -> None:
    store = bounded(tenant_max_running_trials=2)
    studies = [values.add_study(store) for _ in range(8)]
    turns = [Turn(study.id, study.tenant, study.version, 0, None) for study in studies]
    begun = at_once(8, lambda n: store.leases.begin(f"w{n}", turns[n], values.CANDIDATE))
    assert sum(isinstance(one, Attempt) for one in begun) == 2


def test_many_waiting_trials_at_once_never_pass_together(bounded: Bounded) -> None:
    free, store = bounded(), bounded(tenant_max_running_trials=2)
    for _ in range(8):
        values.add_study(free, trials=1)
    for held in [values.attempt(free) for _ in range(8)]:
        free.leases.release(held)
    claimed = at_once(8, lambda n: store.leases.claim(f"w{n}"))
    assert sum(isinstance(one, Attempt) for one in claimed) == 2
    assert sum(one is None for one in claimed) == 6


def test_a_finish_needs_no_free_place(bounded: Bounded) -> None:
    store = bounded(tenant_max_running_trials=1)
    short = values.add_study(store, trials=1, priority=9)
    long = values.add_study(store)
    held = values.attempt(store)
    assert held.study_id == short.id
    store.leases.release(held)
    with store.unit() as unit:
        unit.studies.pause(short.tenant, short.id)
    assert values.attempt(store).study_id == long.id
    with store.unit() as unit:
        unit.studies.resume(short.tenant, short.id, None)
    assert store.leases.claim("w") is None
    free = bounded()
    free.leases.complete(values.attempt(free), values.outcome(free, 0.5))
    assert isinstance(store.leases.claim("w"), Finish)
