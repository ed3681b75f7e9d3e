"""When a trial gives its place to a study that has no worker, on both databases."""

from dataclasses import replace

import pytest

from automl.core.catalog import TrialFailure, TrialState
from automl.core.errors import LeaseLost
from automl.core.leases import Worker
from automl.core.study import Study
from automl.core.trial import Attempt
from automl.settings import Settings
from automl.store import SqlStore, open_store
from tests.store import values
from tests.store.acts import beat, cancel, pause
from tests.store.still import stand

AWAY = 11.0
"""Seconds after which a trial that gave way comes first again, and one."""


def busy(store: SqlStore, held: Attempt, name: str = "w0") -> None:
    """Let a worker say that it is with a trial's study."""
    worker = Worker(name, "cpu", "busy", 0.0, held.tenant, held.study_id, held.number)
    store.leases.beat(worker, [held])


def checkpoint(store: SqlStore, held: Attempt, content: bytes = b"state") -> str:
    made = values.put(store, content, held.tenant)
    store.leases.checkpoint(held, made.id)
    return made.id


def give_way(store: SqlStore, held: Attempt) -> str:
    made = checkpoint(store, held)
    store.leases.give_way(held)
    return made


def begin(store: SqlStore, name: str = "w0") -> Attempt:
    """Return the trial that is next, of a worker that says so."""
    values.age(store, 0.05)  # so no two moments are equal
    held = values.attempt(store, name)
    busy(store, held, name)
    return held


def test_a_lone_study_is_in_nobodys_way(store: SqlStore) -> None:
    study = values.add_study(store)
    held = begin(store)
    assert not store.leases.in_the_way(held)
    ended = values.add_study(store)
    cancel(store, ended)
    paused = values.add_study(store)
    pause(store, paused)
    assert not store.leases.in_the_way(held)
    values.check(store, study)


@pytest.mark.parametrize(("tenant", "priority"), [("default", 5), ("default", 9), ("other", 0)])
def test_a_study_without_a_worker_is_waited_for(
    store: SqlStore, tenant: str, priority: int
) -> None:
    long = values.add_study(store)
    held = begin(store)
    values.age(store, AWAY)  # it has trained for a while
    short = values.add_study(store, tenant=tenant, priority=priority)
    before = values.read(store, long)
    assert store.leases.in_the_way(held)
    after = values.read(store, long)
    assert (after.counts, after.last_seq) == (before.counts, before.last_seq)  # only a question
    given = give_way(store, held)
    other = begin(store)
    assert other.study_id == short.id
    values.check(store, long)
    store.leases.fail(other, TrialFailure.INTERNAL, "so", 0.1)
    values.age(store, AWAY)
    again = begin(store)
    assert (again.study_id, again.number, again.token) == (long.id, held.number, held.token + 1)
    assert again.checkpoint == given


def test_a_study_of_less_priority_is_not_waited_for(store: SqlStore) -> None:
    values.add_study(store, priority=6)
    held = begin(store)
    values.add_study(store, priority=5)
    assert not store.leases.in_the_way(held)


def test_a_study_with_a_worker_is_not_waited_for(store: SqlStore) -> None:
    dataset = values.add_dataset(store)
    values.add_study(store, dataset=dataset)
    values.add_study(store, dataset=dataset)
    held, other = begin(store), begin(store, "w1")
    assert held.study_id != other.study_id
    assert not store.leases.in_the_way(held)
    store.leases.complete(other, values.outcome(store, 0.5))  # its worker asks for the next
    assert not store.leases.in_the_way(held)
    values.age(store, 5)
    busy(store, held)
    values.age(store, 2)
    assert store.leases.in_the_way(held)  # nobody has heard of that worker since


def test_nobody_gives_way_while_a_worker_is_idle(store: SqlStore) -> None:
    values.add_study(store)
    held = begin(store)
    values.add_study(store)
    beat(store, None, "w1")
    idle = Worker("w1", "cpu", "idle", 0.0)
    store.leases.beat(idle, [])
    assert not store.leases.in_the_way(held)
    store.leases.leave("w1")
    assert store.leases.in_the_way(held)


def test_a_finish_is_waited_for(store: SqlStore) -> None:
    short = values.add_study(store, trials=1)
    first = begin(store)
    long = values.add_study(store)
    held = begin(store, "w1")
    store.leases.complete(first, values.outcome(store, 0.5))
    store.leases.leave("w0")
    assert store.leases.in_the_way(held)
    give_way(store, held)
    assert values.finish(store).study_id == short.id
    again = begin(store, "w1")
    assert again.study_id == long.id
    assert not store.leases.in_the_way(again)  # its finish has a worker


def test_a_quota_of_one_running_trial_is_shared(store: SqlStore, store_settings: Settings) -> None:
    bounded = stand(open_store(replace(store_settings, tenant_max_running_trials=1)))
    values.add_study(bounded)
    held = begin(bounded)
    other = values.add_study(bounded)
    assert bounded.leases.in_the_way(held)
    give_way(bounded, held)
    assert begin(bounded).study_id == other.id
    bounded.close()


def test_what_gave_way_waits_its_turn_and_then_comes_first(store: SqlStore) -> None:
    """For a while others go on in their order; then it comes before all that is new."""
    dataset = values.add_dataset(store)
    long = values.add_study(store, dataset=dataset)
    held = begin(store)
    others = [values.add_study(store, dataset=dataset) for _ in range(3)]
    give_way(store, held)
    served = [_round(store) for _ in range(4)]
    assert served == [study.id for study in (*others, *others[:1])]
    values.add_study(store, dataset=dataset, priority=9)
    values.age(store, AWAY)
    assert begin(store).study_id == long.id


def test_another_tenant_has_the_place_for_as_long(store: SqlStore) -> None:
    long = values.add_study(store, tenant="a")
    held = begin(store)
    other = values.add_study(store, tenant="b")
    give_way(store, held)
    assert [_round(store) for _ in range(2)] == [other.id] * 2
    values.age(store, AWAY)
    assert _round(store) == long.id


def _round(store: SqlStore) -> str:
    held = begin(store)
    store.leases.fail(held, TrialFailure.INTERNAL, "so", 0.1)
    return held.study_id


def test_those_of_a_group_are_judged_as_given_back_together(store: SqlStore) -> None:
    """Without all three the tenant would have the fewest running trials: they came next again."""
    values.add_study(store, tenant="a")
    held = [begin(store) for _ in range(3)]
    values.add_study(store, tenant="b")
    begin(store, "w1")
    values.add_study(store, tenant="b")
    assert store.leases.in_the_way(held[0])
    assert not store.leases.in_the_way(held[0], len(held))


def test_those_that_gave_way_together_are_leased_together(store: SqlStore) -> None:
    study = values.add_study(store)
    kept = [give_way(store, held) for held in [begin(store) for _ in range(5)]]
    first = begin(store)
    assert (first.number, first.lost) == (0, 0)
    again = store.leases.rejoin("w0", first, (0, 2, 3, 4, 7), 2)
    assert [(one.number, one.token, one.lost) for one in again] == [(2, 2, 0), (3, 2, 0)]
    assert [one.checkpoint for one in again] == kept[2:4]
    (last,) = store.leases.rejoin("w0", first, (0, 2, 3, 4, 7), 2)
    assert last.number == 4
    assert values.check(store, study).counts[TrialState.WAITING] == 1


@pytest.mark.parametrize("loss", ["crashed", "release"])
def test_what_lost_an_attempt_is_leased_alone(store: SqlStore, loss: str) -> None:
    values.add_study(store)
    held = [begin(store) for _ in range(2)]
    getattr(store.leases, loss)(held[1])
    give_way(store, held[0])
    first = begin(store)
    assert first.lost == 0
    assert not store.leases.rejoin("w0", first, (1,), 7)
    give_way(store, first)
    assert begin(store).number == 0
    again = begin(store)
    assert again.lost == 1
    checkpoint(store, again)
    store.leases.give_way(again)
    assert begin(store).lost == 1  # for ever


def test_nothing_rejoins_a_paused_study_or_beyond_a_quota(
    store: SqlStore, store_settings: Settings
) -> None:
    study = values.add_study(store)
    for held in [begin(store) for _ in range(4)]:
        give_way(store, held)
    first = begin(store)
    bounded = stand(open_store(replace(store_settings, tenant_max_running_trials=3)))
    assert len(bounded.leases.rejoin("w0", first, (1, 2, 3), 3)) == 2
    bounded.close()
    pause(store, study)
    assert not store.leases.rejoin("w0", first, (3,), 1)


def test_giving_way_is_never_held_against_a_trial(store: SqlStore) -> None:
    study = values.add_study(store, trials=1)
    for count in range(60):
        held = begin(store)
        assert held.token == count + 1
        checkpoint(store, held, f"{count}".encode())
        store.leases.give_way(held)
    for _ in range(2):
        store.leases.crashed(begin(store))
    with store.unit() as unit:
        assert unit.trials.get(study.id, 0).state is TrialState.WAITING
    store.leases.crashed(begin(store))
    with store.unit() as unit:
        assert unit.trials.get(study.id, 0).state is TrialState.FAILED
    values.check(store, study)


def test_what_gave_way_and_then_lost_its_worker_comes_first(store: SqlStore) -> None:
    long = values.add_study(store)
    held = begin(store)
    give_way(store, held)
    again = begin(store)
    checkpoint(store, again, b"later")
    waiting = values.add_study(store, priority=9)
    store.leases.crashed(again)
    assert begin(store).study_id == long.id
    assert begin(store).study_id == waiting.id


def test_only_the_holder_can_give_way(store: SqlStore) -> None:
    study = values.add_study(store)
    held = begin(store)
    store.leases.crashed(held)
    again = begin(store)
    with pytest.raises(LeaseLost):
        store.leases.give_way(held)
    assert beat(store, again).value == "go_on"
    values.check(store, study)


def test_what_gave_way_is_cancelled_with_its_study(store: SqlStore) -> None:
    study: Study = values.add_study(store)
    give_way(store, begin(store))
    cancel(store, study)
    assert values.check(store, study).counts[TrialState.CANCELLED] == 1
