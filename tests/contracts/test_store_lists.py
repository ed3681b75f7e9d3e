"""Lists, cursors, tenants and idempotency keys, on both databases."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial

import pytest

from automl.core import neighbours
from automl.core.catalog import StudyStatus, TrialState
from automl.core.errors import IdempotencyInFlight, IdempotencyKeyReused, NotFound
from automl.core.ports import Reply, Store, Unit
from automl.store import SqlStore
from tests.store import values


def pages(fetch: Callable[[str | None], list[str]]) -> list[str]:
    seen: list[str] = []
    while page := fetch(seen[-1] if seen else None):
        seen += page
    return seen


def test_lists_page_from_the_newest_and_keep_to_their_tenant(store: Store) -> None:
    mine = [values.add_study(store, tenant="a") for _ in range(5)]
    theirs = values.add_study(store, tenant="b")
    newest = [study.id for study in reversed(mine)]
    with store.unit() as unit:
        studies = unit.studies.list
        assert newest == pages(
            lambda last: [s.id for s in studies("a", status=None, before=last, limit=2)]
        )
        assert [s.id for s in studies("b", status=None, before=None, limit=9)] == [theirs.id]
        datasets = pages(lambda last: [d.id for d in unit.datasets.list("a", before=last, limit=2)])
        assert datasets == [study.spec.dataset_id for study in reversed(mine)]
        assert studies("a", status=StudyStatus.RUNNING, before=None, limit=9) == []
        assert len(studies("a", status=StudyStatus.QUEUED, before=None, limit=9)) == 5


def test_a_dataset_and_a_study_come_back_as_they_were(store: Store) -> None:
    dataset = values.add_dataset(store)
    study = values.add_study(store, seconds=5.5, trials=None, dataset=dataset)
    with store.unit() as unit:
        assert unit.datasets.get("default", dataset.id) == dataset
        got = unit.studies.get("default", study.id)
    assert (got.spec, got.plan, got.status) == (study.spec, study.plan, StudyStatus.QUEUED)
    assert (got.created_at, got.last_seq) == (study.created_at, 2)
    assert [event.type.value for event in values.log(store, study)] == [
        "study.queued",
        "study.plan",
    ]


def test_tenants_are_sealed(store: Store) -> None:
    study = values.add_study(store, tenant="a", trials=1)
    values.complete(store, 0.5)
    model = values.model(store, study)
    store.leases.publish(values.finish(store), model)

    def doors(unit: Unit, tenant: str) -> list[Callable[[], object]]:
        return [
            partial(unit.datasets.get, tenant, study.spec.dataset_id),
            partial(unit.datasets.remove, tenant, study.spec.dataset_id),
            partial(unit.studies.get, tenant, study.id),
            partial(unit.studies.cancel, tenant, study.id),
            partial(unit.studies.pause, tenant, study.id),
            partial(unit.studies.resume, tenant, study.id, None),
            partial(unit.studies.remove, tenant, study.id),
            partial(unit.models.get, tenant, model.id),
            partial(unit.models.remove, tenant, model.id),
        ]

    with store.unit() as unit:
        for door in doors(unit, "b"):
            with pytest.raises(NotFound):
                door()
        assert unit.studies.list("b", status=None, before=None, limit=9) == []
        assert unit.datasets.list("b", before=None, limit=9) == []
        assert unit.models.list("b", before=None, limit=9) == []
        assert unit.models.list("a", before=None, limit=9) == [model]
    assert values.check(store, study).status is StudyStatus.SUCCEEDED


def test_the_leaderboard_sorts_with_nothing_last(store: Store) -> None:
    study = values.add_study(store)
    for value in (0.5, None, 0.9, 0.5, None):
        if value is None:
            store.leases.prune(values.attempt(store), 0.1)
        else:
            values.complete(store, value)
    values.attempt(store)
    with store.unit() as unit:

        def order(sort: str, state: TrialState | None = None, **given: object) -> list[int]:
            query = {"maximize": True, "after": None, "limit": 99, "state": state, **given}
            return [t.number for t in unit.trials.list(study.id, sort=sort, **query)]  # type: ignore[arg-type]

        assert order("number") == [0, 1, 2, 3, 4, 5]
        assert order("value") == [2, 0, 3, 1, 4, 5]
        assert order("value", maximize=False) == [0, 3, 2, 1, 4, 5]
        assert order("value", after=(0.9, 2), limit=2) == [0, 3]
        assert order("value", after=(0.5, 0)) == [3, 1, 4, 5]
        assert order("value", after=(0.7, 9)) == [0, 3, 1, 4, 5]  # of a place that is left by now
        assert order("value", after=(0.7, 9), maximize=False) == [2, 1, 4, 5]
        assert order("value", after=(None, 1)) == [4, 5]
        assert order("number", after=(None, 3)) == [4, 5]
        assert order("value", state=TrialState.PRUNED) == [1, 4]
        assert order("seconds")[-1] == 5
        assert order("started_at") == [0, 1, 2, 3, 4, 5]
        assert unit.trials.history(study.id)[2].value == 0.9
        with pytest.raises(NotFound):
            unit.trials.get(study.id, 6)


def test_events_page_and_last_seqs(store: Store) -> None:
    first, second = values.add_study(store), values.add_study(store)
    values.complete(store, 0.5)
    with store.unit() as unit:
        assert [event.seq for event in unit.events.after(first.id, 2, 2)] == [3, 4]
        seqs = unit.events.last_seqs([first.id, second.id, "st_none"])
    assert seqs == {first.id: values.read(store, first).last_seq, second.id: 2}


def reserve(store: Store, key: str = "k", operation: str = "op", tenant: str = "a") -> Reply | None:
    with store.unit() as unit:
        return unit.requests.reserve(tenant, key, operation)


def test_a_key_is_answered_once(store: SqlStore) -> None:
    reply = Reply(201, "/v1/datasets/ds_1", '{"id": "ds_1", "name": "\\u0000é"}')
    assert reserve(store) is None
    with pytest.raises(IdempotencyInFlight):
        reserve(store)
    with store.unit() as unit:
        unit.requests.keep("a", "k", "print", reply)
    assert reserve(store) == reply
    assert reserve(store, tenant="b") is None
    with pytest.raises(IdempotencyKeyReused):
        reserve(store, operation="other")
    with store.unit() as unit:
        assert unit.requests.check("a", "k", "print") == reply
        assert unit.requests.check("a", "unknown", "print") is None
        with pytest.raises(IdempotencyKeyReused):
            unit.requests.check("a", "k", "another")
        unit.requests.free("a", "k")
    values.age(store, 24 * 3600)
    store.leases.reap()
    assert reserve(store) == reply
    values.age(store, 2 * 3600)
    store.leases.reap()
    assert reserve(store) is None


def test_a_key_of_a_failed_request_is_free_again(store: Store) -> None:
    assert reserve(store) is None
    with store.unit() as unit:
        unit.requests.free("a", "k")
    assert reserve(store) is None


def test_a_key_is_held_while_it_is_touched(store: SqlStore) -> None:
    assert reserve(store) is None
    for _ in range(3):
        values.age(store, 25)
        with store.unit() as unit:
            unit.requests.touch("a", "k")
    with pytest.raises(IdempotencyInFlight):
        reserve(store)
    values.age(store, 31)
    assert reserve(store) is None


def test_a_key_whose_holder_is_dead_is_free_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    host, _, last = neighbours.name().rsplit("-", 2)
    elsewhere = "0" * len(last)
    monkeypatch.setattr(neighbours, "name", lambda: f"{host}-{gone.pid}-{elsewhere}")
    assert reserve(store) is None
    with pytest.raises(IdempotencyInFlight):  # that number says nothing here
        reserve(store)
    monkeypatch.setattr(neighbours, "name", lambda: f"{host}-{gone.pid}-{last}")
    assert reserve(store, "other") is None
    monkeypatch.undo()
    assert reserve(store, "other") is None
    with pytest.raises(IdempotencyInFlight):
        reserve(store, "other")


def test_a_key_and_its_resource_commit_together(store: Store) -> None:
    dataset = values.add_dataset(store)
    reserve(store)

    def half_way() -> None:
        with store.unit() as unit:
            unit.requests.keep("a", "k", "print", Reply(204, None, ""))
            unit.datasets.remove("default", dataset.id)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        half_way()
    with store.unit() as unit:
        assert unit.requests.check("a", "k", "print") is None
        assert unit.datasets.get("default", dataset.id) == dataset
